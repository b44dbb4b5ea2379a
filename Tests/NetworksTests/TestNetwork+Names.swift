// SPDX-License-Identifier: Apache-2.0

import Netlink
import NetlinkSupport
import Networks

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
