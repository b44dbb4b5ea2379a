// SPDX-License-Identifier: Apache-2.0

import Networks

/// What is between containers and the rest of the world.
enum NetworkChecks {
    /// The checks.
    static func run() -> [Check] {
        let (bridges, obstacles): ([String], [Obstacle])
        do {
            bridges = try Firewall.bridges()
            obstacles = try ForeignFirewall().inspect(bridges)
        } catch {
            return [
                .problem(
                    .networks,
                    "nftables",
                    "\(error)",
                    remedy: "run wharf as root with CAP_NET_ADMIN, on a kernel with CONFIG_NF_TABLES"
                )
            ]
        }
        let known = bridges.isEmpty ? "" : " (there are \(bridges.count))"
        return [.ok(.networks, "nftables", "the kernel takes rules for networks\(known)")] + findings(obstacles)
    }

    private static func findings(_ obstacles: [Obstacle]) -> [Check] {
        if obstacles.isEmpty {
            return [.ok(.networks, "forwarding", "no other firewall is in the way of containers")]
        }
        return obstacles.map { .warning(.networks, $0.name, $0.reason, remedy: $0.remedy) }
    }
}
