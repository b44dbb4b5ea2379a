// SPDX-License-Identifier: Apache-2.0

import CLinux
import FoundationEssentials
import Glibc
import Linux
import TestSupport

/// Where a server is reached.
struct End {
    let address: String
    let port: Int

    init(_ address: String, _ port: Int) {
        self.address = address
        self.port = port
    }

    fileprivate func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var end = sockaddr_in()
        end.sin_family = sa_family_t(AF_INET)
        end.sin_port = in_port_t(port).bigEndian
        end.sin_addr.s_addr = inet_addr(address)
        return withUnsafePointer(to: end) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// An iperf3 that listens in a container's network until the last reference goes.
final class IperfServer {
    private let pid: Int32
    private let scratch: Scratch

    init(in place: Place) throws {
        scratch = try Scratch()
        let server = ["iperf3", "--server", "--port", "\(Place.iperf)", "--daemon", "--pidfile", scratch / "pid"]
        let outcome = try Command("/usr/bin/nsenter", ["--target", "\(place.pid)", "--net"] + server).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: "iperf3: \(outcome.errors)") }
        // It writes the file when it has turned into a daemon, just before it listens.
        let file = scratch / "pid"
        var text = ""
        while text.isEmpty {
            text = (try? readText(file)) ?? ""
            poll(nil, 0, 100)
        }
        guard let pid = Int32(text.prefix { $0.isNumber }) else {
            throw SystemFailure(message: "iperf3 has no number")
        }
        self.pid = pid
    }

    deinit {
        kill(pid, SIGKILL)
    }

    private struct Report: Decodable {
        let end: Sums

        struct Sums: Decodable {
            let received: Sum

            enum CodingKeys: String, CodingKey { case received = "sum_received" }
        }

        struct Sum: Decodable {
            let rate: Double

            enum CodingKeys: String, CodingKey { case rate = "bits_per_second" }
        }
    }

    /// The bits a second that it receives.
    func rate(to end: End) throws -> Double {
        let client = ["--client", end.address, "--port", "\(end.port)", "--time", "2", "--json"]
        let outcome = try Command("/usr/bin/iperf3", client).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: "iperf3: \(outcome.output)") }
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)).end.received.rate
    }
}

/// Takes connections in a container's network, and ends each at once, until the last reference goes.
final class ConnectionServer {
    /// The connections of one series: few enough that their addresses are not used up.
    private static let count = 1000

    private let listener: Int32

    init(in place: Place) throws {
        let path = "/proc/\(place.pid)/ns/net"
        let number = try BlockingCall.runAndJoin {
            let network = try Descriptor.open(path, O_RDONLY)
            try SystemError.check(clinux_setns(network.number, Int32(CLONE_NEWNET)), "setns")
            let result = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var isOn: Int32 = 1
            setsockopt(result, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
            guard End("0.0.0.0", Place.connections).with({ bind(result, $0, $1) }) == 0, listen(result, 1024) == 0
            else {
                throw SystemFailure("listen in", path)
            }
            return result
        }
        listener = number
        try BlockingCall.start {
            while true {
                let connection = accept(number, nil, nil)
                if connection < 0, errno != EINTR, errno != ECONNABORTED { return }
                if connection >= 0 { close(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// The connections a second, one after the other, each from the call to its end.
    func rate(to end: End) throws -> Double {
        let taken = try seconds {
            for _ in 0..<Self.count {
                let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                defer { close(connection) }
                guard end.with({ connect(connection, $0, $1) }) == 0 else {
                    throw SystemFailure("connect to", "\(end.address):\(end.port)")
                }
                var byte: UInt8 = 0
                while read(connection, &byte, 1) > 0 {}
            }
        }
        return Double(Self.count) / taken
    }
}
