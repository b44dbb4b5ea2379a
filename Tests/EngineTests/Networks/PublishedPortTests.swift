// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

@testable import Engine

@Suite struct `Published ports` {
    @Test(arguments: EngineKind.allCases)
    func `come with the first network that leads out, and go with the last`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("inner") { $0.isInternal = true }
            try await host.makeNetwork("outer")
            try await host.makeNetwork("other")
            let id = try await host.serve("web", on: ["inner"]) {
                $0.publish("80/tcp", "8080")
                $0.publish("80/tcp", at: "::1", "8081")
                $0.publish("7/udp", "7000")
            }
            func shown() async throws -> [String] {
                let ports = try await host.settings(id).ports
                return ports.flatMap { name, bindings in (bindings ?? []).map { "\(name) \($0.hostIP):\($0.hostPort)" }
                }
                .sorted()
            }
            #expect(try await shown() == [])
            await #expect(throws: SystemFailure.self) { try await machine.network.page("127.0.0.1:8080", within: 5) }
            var request = NetworkConnectRequest()
            request.container = "web"
            try await host.engine.connectNetwork("outer", request)
            let all = [
                "7/udp 0.0.0.0:7000", "7/udp :::7000", "80/tcp 0.0.0.0:8080", "80/tcp ::1:8081", "80/tcp :::8080",
            ]
            #expect(try await shown() == all)
            let echo = try await TestServer.echo(inNetworkOf: host.state(id).pid, port: 7)
            for place in ["127.0.0.1:8080", "[::1]:8080", "[::1]:8081"] {
                #expect(try await machine.network.page(place) == "web\n")
            }
            #expect(try await machine.world.page("\(TestHost.address):8080") == "web\n")
            #expect(try await machine.network.echo("hello", "127.0.0.1", 7000) == "hello\n")
            // Another one with a way out changes nothing of that.
            try await host.engine.connectNetwork("other", request)
            var leaving = NetworkDisconnectRequest()
            leaving.container = "web"
            try await host.engine.disconnectNetwork("outer", leaving)
            #expect(try await shown() == all)
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            try await host.engine.disconnectNetwork("other", leaving)
            #expect(try await shown() == [])
            for place in ["127.0.0.1:8080", "[::1]:8080", "[::1]:8081"] {
                await #expect(throws: SystemFailure.self) { try await machine.network.page(place, within: 5) }
            }
            // They are anybody's then; and a container that cannot have them again does not come into the network.
            let late = try await host.serve("late", on: ["outer"]) { $0.publish("80/tcp", "8080") }
            #expect(try await machine.network.page("127.0.0.1:8080") == "late\n")
            let error = await #expect(throws: EngineError.self) {
                try await host.engine.connectNetwork("outer", request)
            }
            #expect(error?.message.contains("Bind for 0.0.0.0:8080 failed: port is already allocated") == true)
            #expect(try await host.settings(id).networks.keys.sorted() == ["inner"])
            try await host.engine.removeContainer(late, force: true, volumes: false)
            try await host.engine.connectNetwork("outer", request)
            #expect(try await shown() == all)
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            withExtendedLifetime(echo) {}
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `by the thousand are one for the kernel and the record`(kind: EngineKind) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            try await host.makeNetwork("front")
            let id = try await host.serve("web", on: ["front"]) {
                $0.publish("20000-20999/tcp", "20000-20999")
                $0.publish("80-89/tcp", "8080-8089")
                $0.publish("7000-7001/udp", at: "127.0.0.1", "7000-7001")
            }
            let elements = try machine.network.nft("ruleset").joined(separator: "\n")
            #expect(elements.contains("6 . 20000-20999 : "))
            #expect(elements.contains("127.0.0.1 . 17 . 7000-7001 : "))
            #expect(elements.contains("6 . 8089 : ") && !elements.contains("6 . 20001 : "))
            // One socket for each and both families.
            let sockets = try machine.network.output(of: "ss", ["-Hltn", "sport", ">=", ":20000"])
            #expect(sockets.split(separator: "\n").count == 1000)
            let snapshot = await host.engine.containers.unit(try #require(ObjectID(id)))?.snapshot
            #expect(snapshot?.details.ports?.count == 3)
            let ports = try await host.settings(id).ports
            #expect(ports.count == 1012)
            #expect(ports["20999/tcp"]??.map(\.hostPort) == ["20999", "20999"])
            let server = try await TestServer.echo(inNetworkOf: host.state(id).pid, port: 7001)
            #expect(try await machine.network.echo("hello", "127.0.0.1", 7001) == "hello\n")
            #expect(try await machine.network.page("127.0.0.1:8080") == "web\n")
            for (port, place) in [(20_000, "127.0.0.1"), (20_999, "[::1]")] {
                let mirror = try await TestServer.mirror(inNetworkOfProcess: host.state(id).pid, port: UInt16(port))
                #expect(try await machine.network.page("\(place):\(port)").contains("sees"))
                withExtendedLifetime(mirror) {}
            }
            withExtendedLifetime(server) {}
        }
    }

    @Test func `that follow each other are one run, and come apart again`() {
        func mapping(_ port: UInt16, _ hostPort: UInt16, kind: String = "tcp", at address: String = "") -> PortMapping {
            PortMapping(kind: kind, port: port, hostAddress: address, hostPort: hostPort)
        }
        let all =
            (0..<100).map { mapping(3000 + $0, 3000 + $0) } + (0..<5).map { mapping(80 + $0, 8080 + $0) }
            + [mapping(85, 8086), mapping(3100, 3100, kind: "udp"), mapping(3101, 3101, kind: "udp", at: "127.0.0.1")]
            + [mapping(65535, 65535)]
        #expect(all.runs.map { $0.count ?? 1 } == [100, 5, 1, 1, 1, 1])
        #expect(all.runs.singles == all)
        let addresses = [IPAddress.v4(0x0a01_0002)]
        #expect(all.published(to: addresses).map(\.count) == [100, 1, 1, 1, 1, 1, 1, 1, 1, 1])
        #expect(all.runs.published(to: addresses).map(\.count) == [100, 5, 1, 1, 1, 1])
        // One at an address of IPv4 leads to no address of IPv6.
        #expect(all.published(to: [.v6(1)]).count == 9)
    }
}
