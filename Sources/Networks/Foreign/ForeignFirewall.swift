// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import Netlink

/// The firewalls of others on this host: what of them is in the way of containers, and how to be let through.
///
/// No policy is changed, and no rule of others: who administers the host has decided about them.
package struct ForeignFirewall: Sendable {
    private let socket: NetlinkSocket
    private let network: Int32?
    private let mark: String
    private let daemon: FirewallDaemon

    /// The number by which the kernel names who changes the chains of others for us (``NetworkWatch``).
    package var port: UInt32 { socket.port }

    /// The chain that Docker makes for the rules of others, and asks first.
    private static let userChain = "DOCKER-USER"
    /// How the names of Docker's bridges begin, besides that of the first one.
    private static let dockerBridges = "br-"
    /// The chain that ufw(8) has for the routes of its administrator.
    private static let routeChain = "ufw-user-forward"

    /// The firewalls of a network namespace.
    ///
    /// - Parameters:
    ///   - network: The number of a descriptor of it, which stays open; nil for that of the calling thread.
    ///   - mark: How the names of our own tables begin, and the comments of our rules in the chains of others.
    ///   - program: The program that talks to firewalld(1), which knows one network only.
    /// - Throws: Why the kernel cannot be asked.
    package init(
        inNetworkOf network: Int32? = nil,
        mark: String = "wharf",
        program: String = "/usr/bin/firewall-cmd"
    ) throws(NetlinkError) {
        socket = try NetlinkSocket(.netfilter, inNetworkOf: network)
        self.network = network
        self.mark = mark
        daemon = FirewallDaemon(program: program)
    }

    // MARK: Looking

    /// Looks for what is in the way of bridges.
    ///
    /// On a host with firewalld its program is run for each of them, which may take a second.
    ///
    /// - Parameter bridges: The names of the bridges; with none, everything is told that would be in the way of one.
    /// - Returns: What is in the way, nothing that lets all of them through already.
    /// - Throws: What the kernel does not tell.
    package func inspect(_ bridges: [String]) throws -> [Obstacle] {
        var obstacles: [Obstacle] = []
        let chains = try socket.chains()
        let tables = Set(chains.map(\.table))
        var versions: IPVersions = []
        for chain in chains where isForeignFilter(chain) && chain.hook?.drops == true {
            guard let obstacle = try obstacle(chain, among: chains, bridges) else { continue }
            obstacles.append(obstacle)
            versions.formUnion(Self.versions(of: chain.table))
        }
        let legacy = try LegacyTables.obstacle(inNetworkOf: network, bridges)
        if let legacy {
            obstacles.append(legacy)
            versions.insert(.ipv4)
        }
        let isRunning = daemon.isRunning
        if isRunning || tables.contains(where: { $0.name == "firewalld" }) {
            if let obstacle = daemon.obstacle(bridges, isRunning: isRunning) { obstacles.append(obstacle) }
        }
        if let obstacle = try bridgedTraffic(versions, isSolvable: obstacles.allSatisfy(\.isSolvable)) {
            obstacles.append(obstacle)
        }
        return obstacles
    }

    private func isForeignFilter(_ chain: Chain) -> Bool {
        guard let hook = chain.hook, hook.point == .forward, hook.kind == .filter else { return false }
        return [.inet, .ipv4, .ipv6].contains(chain.table.family) && !chain.table.name.hasPrefix(mark)
    }

    private static func versions(of table: Table) -> IPVersions {
        switch table.family {
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        default: [.ipv4, .ipv6]
        }
    }

    private func obstacle(_ chain: Chain, among chains: [Chain], _ bridges: [String]) throws -> Obstacle? {
        let names = Set(chains.filter { $0.table == chain.table }.map(\.name))
        // Those that all packets come by.
        let reached = [chain.name, Self.userChain, Self.routeChain]
        let rules = try socket.rules(of: chain.table).filter { reached.contains($0.chain) }
        let blocked = bridges.filter { !Self.isAllowed($0, by: rules) }
        if blocked.isEmpty, !bridges.isEmpty { return nil }
        let named = blocked.isEmpty ? ["BRIDGE"] : blocked
        let place = "table \(chain.table.family.word) \(chain.table.name)"
        let reason = "chain \(chain.name) of \(place) drops what is forwarded and no rule of it accepts"
        if names.contains(Self.userChain), [.ipv4, .ipv6].contains(chain.table.family) {
            return Obstacle(
                kind: .chain(chain.table, chain.name),
                reason: reason,
                commands: Self.commands(chain.table, Self.userChain, named),
                isSolvable: true
            )
        }
        if names.contains(Self.routeChain) {
            return Obstacle(
                kind: .ufw(chain.table, chain.name),
                reason: "ufw: \(reason)",
                commands: named.flatMap { ["ufw route allow in on \($0)", "ufw route allow out on \($0)"] },
                isSolvable: false
            )
        }
        return Obstacle(
            kind: .chain(chain.table, chain.name),
            reason: reason,
            commands: Self.commands(chain.table, chain.name, named),
            isSolvable: false
        )
    }

    private static func isAllowed(_ bridge: String, by rules: [RuleState]) -> Bool {
        var (into, out) = (false, false)
        for rule in rules {
            switch rule.acceptance {
            case .all: return true
            case .from(let pattern): out = out || pattern.matches(bridge)
            case .to(let pattern): into = into || pattern.matches(bridge)
            case nil: break
            }
        }
        return into && out
    }

    /// The commands that have a chain accept what comes from and goes to bridges.
    private static func commands(_ table: Table, _ chain: String, _ bridges: [String]) -> [String] {
        // What the program iptables shows it also changes.
        let isOfIPTables = table.name == "filter" && table.family != .inet
        let program = table.family == .ipv6 ? "ip6tables" : "iptables"
        return bridges.flatMap { bridge in
            isOfIPTables
                ? ["-i", "-o"].map { "\(program) -I \(chain) \($0) \(bridge) -j ACCEPT" }
                : ["iifname", "oifname"].map {
                    "nft insert rule \(table.family.word) \(table.name) \(chain) \($0) \(bridge) accept"
                }
        }
    }

    /// Whether packets that never leave their network are kept by the same chains (`bridge-nf-call-iptables` of
    /// Documentation/networking/ip-sysctl.rst); the setting of one bridge does not say otherwise.
    private func bridgedTraffic(_ versions: IPVersions, isSolvable: Bool) throws -> Obstacle? {
        let names = [(IPVersions.ipv4, "bridge-nf-call-iptables"), (.ipv6, "bridge-nf-call-ip6tables")]
        let active = try KernelSettings.run(inNetworkOf: network) {
            names.filter { versions.contains($0.0) && KernelSettings.value("bridge/\($0.1)") == "1" }.map(\.1)
        }
        if active.isEmpty { return nil }
        return Obstacle(
            kind: .bridgedTraffic,
            reason: "what containers of one network send to each other goes through these chains as well "
                + "(\(active.joined(separator: ", ")))",
            commands: active.map { "sysctl -w net.bridge.\($0)=0" },
            isSolvable: isSolvable
        )
    }

    // MARK: Being let through

    /// Has others let through what comes from and goes to bridges, where they have a place for it.
    ///
    /// These are rules in Docker's chain for the rules of others, and firewalld's zone `trusted` until it is loaded anew.
    /// What goes to a bridge of Docker is still for Docker to decide, which lets in what its containers publish. It may be done again and again, and is to be when others have changed their rules. It waits for firewalld's program.
    ///
    /// - Parameter bridges: The names of the bridges.
    /// - Throws: What was refused; the rest has been done.
    package func allow(_ bridges: [String]) throws {
        var failure: (any Error)?
        do {
            try change { chain, present in
                bridges.flatMap { bridge -> [Request] in
                    let own = present.filter { $0.comment == comment(of: bridge) }
                    let wanted = rules(for: bridge, in: chain)
                    // Somebody may have taken one of them away.
                    if own.count == wanted.count { return [] }
                    return own.map { .deleteRule($0.handle, of: chain) }
                        + wanted.reversed().map { .addRule($0, at: .first) }
                }
            }
        } catch { failure = error }
        if daemon.isRunning { try daemon.trust(bridges) }
        if let failure { throw failure }
    }

    /// Takes back what was done for bridges, and nothing else.
    ///
    /// - Parameter bridges: The names of the bridges.
    /// - Throws: What was refused; the rest has been done.
    package func withdraw(_ bridges: [String]) throws {
        let comments = Set(bridges.map(comment))
        var failure: (any Error)?
        do {
            try change { chain, present in
                present.filter { $0.comment.map(comments.contains) == true }.map { .deleteRule($0.handle, of: chain) }
            }
        } catch { failure = error }
        if daemon.isRunning { try daemon.distrust(bridges) }
        if let failure { throw failure }
    }

    /// The mark of our rules; several engines have different bridges.
    private func comment(of bridge: String) -> String { "\(mark) \(bridge)" }

    /// As the program iptables writes them, so that it can show them.
    private func rules(for bridge: String, in chain: Chain) -> [Rule] {
        let (input, output) = ([Expression].input(bridge), [Expression].output(bridge))
        let rules: [([Expression], NetfilterVerdict)] = [
            (input + .output("docker0"), .back), (input + .output(startingWith: Self.dockerBridges), .back),
            (input, .accept), (output, .accept),
        ]
        return rules.map { condition, verdict in
            Rule(chain.table, chain.name, condition + [.counter, .verdict(verdict)], comment: comment(of: bridge))
        }
    }

    /// Changes each of Docker's chains in one transaction.
    private func change(_ requests: (Chain, [RuleState]) -> [Request]) throws(NetlinkError) {
        let wanted = [Table(.ipv4, "filter"), Table(.ipv6, "filter")]
        for chain in try socket.chains() where chain.name == Self.userChain && wanted.contains(chain.table) {
            let present = try socket.rules(of: chain.table).filter { $0.chain == chain.name }
            do throws(NetlinkError) {
                try socket.commit(requests(chain, present))
            } catch {
                // Somebody took the chain or the rule away meanwhile.
                if error.number != ENOENT { throw error }
            }
        }
    }
}

extension NetfilterFamily {
    /// As nft(8) writes it.
    var word: String {
        switch self {
        case .inet: "inet"
        case .ipv4: "ip"
        case .arp: "arp"
        case .netdev: "netdev"
        case .bridge: "bridge"
        case .ipv6: "ip6"
        }
    }
}
