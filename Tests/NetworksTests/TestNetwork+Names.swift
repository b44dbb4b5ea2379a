// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import Networks
import TestSupport

// A container's network that is asked for names.
extension TestNetwork {
    /// A network whose loopback interface is up.
    static func withLoopback() throws -> TestNetwork {
        let network = try TestNetwork()
        try network.route.send(.changeLink(1, LinkSettings(isUp: true)))
        return network
    }

    /// Opens the sockets of a name server in the network.
    func openSockets() throws -> DNSSockets { try DNSSockets.open(inNetworkOf: number) }

    /// How many sockets of the network this process has open, connections aside.
    ///
    /// A process that another test begins has copies of them until it runs its program.
    func openSocketCount() throws -> Int {
        let kinds = ["tcp", "tcp6", "udp", "udp6"]
        let tables = try run { try kinds.map { try readText("/proc/thread-self/net/\($0)") } }
        // The tenth column of proc_net_tcp.rst; the fourth is the state, 7 and 10 of which are no connections.
        let rows = tables.flatMap { $0.split(separator: "\n").dropFirst() }.map { $0.split(separator: " ") }
        let inodes = Set(rows.filter { ["07", "0A"].contains($0[3]) }.map { "socket:[\($0[9])]" })
        return names(in: "/proc/self/fd").count { number in
            var target = [UInt8](repeating: 0, count: 64)
            let count = readlink("/proc/self/fd/\(number)", &target, target.count)
            return count > 0 && inodes.contains(String(decoding: target[..<count], as: UTF8.self))
        }
    }

    /// Asks the name server of the network, as `dig` prints what it says in short.
    func dig(_ arguments: String...) throws -> [String] {
        let all = ["@127.0.0.11", "+short", "+tries=1", "+time=5"] + arguments
        return try output(of: "dig", all).split(separator: "\n").map(String.init)
    }

    /// What became of a question.
    func status(_ arguments: String...) throws -> String {
        let text = try output(of: "dig", ["@127.0.0.11", "+tries=1", "+time=5"] + arguments)
        let line = text.split(separator: "\n").first { $0.contains("status: ") } ?? ""
        let words = line.split(separator: " ").drop { $0 != "status:" }
        return words.dropFirst().first.map { String($0.dropLast()) } ?? text
    }
}
