// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A port in the short form` {
    @Test(arguments: [
        ("80", PortSpecification(target: 80)),
        (":80", PortSpecification(target: 80)),
        ("80/", PortSpecification(target: 80)),
        ("8080:80", PortSpecification(published: "8080", target: 80)),
        ("0:80", PortSpecification(published: "0", target: 80)),
        ("08:0080/UDP", PortSpecification(published: "8", target: 80, protocol: "udp")),
        ("53:53/sctp", PortSpecification(published: "53", target: 53, protocol: "sctp")),
        ("8000-8002:80", PortSpecification(published: "8000-8002", target: 80)),
        ("8000-8000:80", PortSpecification(published: "8000", target: 80)),
        ("127.0.0.1:8080:80", PortSpecification(hostIP: "127.0.0.1", published: "8080", target: 80)),
        ("127.0.0.1::80", PortSpecification(hostIP: "127.0.0.1", target: 80)),
        ("::1:8080:80", PortSpecification(hostIP: "::1", published: "8080", target: 80)),
        ("[::1]:8080:80", PortSpecification(hostIP: "::1", published: "8080", target: 80)),
        ("[1.2.3.4]::80", PortSpecification(hostIP: "1.2.3.4", target: 80)),
        ("[]:8080:80", PortSpecification(published: "8080", target: 80)),
        ("::ffff:1.2.3.4:1:2", PortSpecification(hostIP: "::ffff:1.2.3.4", published: "1", target: 2)),
    ])
    func `has an address, a host port, a container port and a protocol`(
        text: String,
        expected: PortSpecification
    ) throws {
        #expect(try PortSpecification.parse(text) == [expected])
    }

    @Test(arguments: [
        ("3000-3002", [3000, 3001, 3002], ["", "", ""]),
        ("9090-9091:8080-8081", [8080, 8081], ["9090", "9091"]),
        ("9-11:9-11", [10, 11, 9], ["10", "11", "9"]),
        ("80-81-82", [80, 81], ["", ""]),
    ])
    func `gives one port for each of a range, ordered as text`(
        text: String,
        targets: [Int],
        published: [String]
    ) throws {
        let ports = try PortSpecification.parse(text)
        #expect(ports.map(\.target) == targets)
        #expect(ports.map(\.published) == published)
    }

    @Test func `can be all ports`() throws {
        #expect(try PortSpecification.parse("1-65535").count == 65_535)
    }

    @Test(arguments: [
        ("", "no container port"),
        ("80:", "no container port"),
        ("/tcp", "no container port"),
        ("a", "the container port `a` of `a` is not a number"),
        (" 80", "is not a number"),
        ("+80", "is not a number"),
        ("80-", "is not a number"),
        ("65536", "is not a number from 0 to 65535"),
        ("99999999999999999999", "is not a number from 0 to 65535"),
        ("0", "is 0"),
        ("0-1", "is 0"),
        ("a:80", "the host port `a`"),
        ("127.0.0.1:80", "the host port `127.0.0.1`"),
        ("81-80", "ends before it begins"),
        ("8000:80-81", "differ in length"),
        ("8000-8001:80-82", "differ in length"),
        ("80/foo", "unknown protocol `foo`"),
        ("80/udp/x", "unknown protocol `udp/x`"),
        ("localhost:80:80", "`localhost` where an IP address stands"),
        ("127.0.0.01:80:80", "where an IP address stands"),
        ("[::1:80:80", "where an IP address stands"),
        ("[::1]x:80:80", "where an IP address stands"),
        ("[::1%lo]:80:80", "where an IP address stands"),
        ("1.2.3.4\u{0}:80:80", "where an IP address stands"),
    ])
    func `is refused with a reason`(text: String, reason: String) {
        #expect {
            try PortSpecification.parse(text)
        } throws: {
            ($0 as? ValueError)?.message.contains(reason) == true
        }
    }
}
