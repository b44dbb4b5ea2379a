// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The tables of iptables from before nftables, which only a program of their own can read (iptables-legacy(8)).
enum LegacyTables {
    private static let programs = ["/usr/sbin/iptables-legacy", "/sbin/iptables-legacy", "/usr/sbin/iptables"]

    /// What of them is in the way of bridges.
    static func obstacle(inNetworkOf network: Int32?, _ bridges: [String]) throws -> Obstacle? {
        try KernelSettings.run(inNetworkOf: network) {
            let path = "/proc/thread-self/net/ip_tables_names"
            let bytes = (try? Descriptor.open(path, O_RDONLY).contents(limit: 4096)) ?? []
            // Only who asks for a table has it made.
            guard String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("filter") else { return nil }
            guard let program = programs.first(where: { access($0, X_OK) == 0 }),
                let (end, text) = try? ProgramRun.answer(of: program, ["-S"]), end == .exit(0)
            else {
                return Obstacle(
                    kind: .legacy,
                    reason: "there are rules of iptables-legacy, which cannot be read here",
                    commands: ["iptables-legacy -S FORWARD"],
                    isSolvable: false
                )
            }
            return obstacle(in: text, bridges)
        }
    }

    /// The same in what `iptables -S` lists.
    static func obstacle(in text: String, _ bridges: [String]) -> Obstacle? {
        let lines = Set(text.split(separator: "\n"))
        guard lines.contains("-P FORWARD DROP") else { return nil }
        let chain = lines.contains("-N DOCKER-USER") ? "DOCKER-USER" : "FORWARD"
        func isAllowed(_ bridge: String) -> Bool {
            ["-i", "-o"].allSatisfy { option in
                ["FORWARD", "DOCKER-USER", "ufw-user-forward"].contains {
                    lines.contains("-A \($0) \(option) \(bridge) -j ACCEPT")
                }
            }
        }
        let blocked = bridges.filter { !isAllowed($0) }
        if blocked.isEmpty, !bridges.isEmpty { return nil }
        let named = blocked.isEmpty ? ["BRIDGE"] : blocked
        let isOfUFW = lines.contains("-N ufw-user-forward") && chain == "FORWARD"
        return Obstacle(
            kind: .legacy,
            reason: "chain FORWARD of iptables-legacy drops what is forwarded and no rule of it accepts",
            commands: named.flatMap { bridge in
                isOfUFW
                    ? ["ufw route allow in on \(bridge)", "ufw route allow out on \(bridge)"]
                    : ["-i", "-o"].map { "iptables-legacy -I \(chain) \($0) \(bridge) -j ACCEPT" }
            },
            isSolvable: false
        )
    }
}
