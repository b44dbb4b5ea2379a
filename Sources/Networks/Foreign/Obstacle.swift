// SPDX-License-Identifier: Apache-2.0

package import Netlink

/// Something of others on this host that keeps packets from containers although our own rules let them pass.
///
/// To accept a packet is final in one chain only: each other chain at the same place may still drop it (nft(8),
/// "VERDICT STATEMENTS").
package struct Obstacle: Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// A chain that drops what none of its rules accepts.
        case chain(Table, String)
        /// A chain of ufw(8), which does the same.
        case ufw(Table, String)
        /// firewalld(1) rejects what comes from interfaces of no zone.
        case firewalld
        /// A chain of iptables that nftables does not show.
        case legacy
        /// Packets between containers of one network go through the chains for what is forwarded.
        case bridgedTraffic
    }

    package var kind: Kind
    /// What blocks.
    package var reason: String
    /// The commands that allow it, for whoever is root.
    package var commands: [String]
    /// Whether ``ForeignFirewall/allow(_:)`` does it.
    package var isSolvable: Bool

    /// The same in every version, for scripts.
    package var name: String {
        switch kind {
        case .chain(let table, let chain), .ufw(let table, let chain):
            "forward-\(table.family.word)-\(table.name)-\(chain)"
        case .firewalld: "firewalld"
        case .legacy: "iptables-legacy"
        case .bridgedTraffic: "bridge-nf"
        }
    }

    /// What to do about it.
    package var remedy: String {
        let list = commands.map { "`\($0)`" }.joined(separator: ", ")
        return isSolvable ? "the engine does it when it makes a network; by hand: \(list)" : list
    }

    package var description: String { "\(reason): \(remedy)" }
}

/// What could not be done about another firewall.
package struct ForeignFirewallError: Error, Equatable, CustomStringConvertible {
    /// What was tried.
    package var action: String
    package var reason: String

    package var description: String { "cannot \(action): \(reason)" }
}
