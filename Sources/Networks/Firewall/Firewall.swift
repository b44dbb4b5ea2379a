// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Netlink

/// The rules for the networks of one engine, in a table of nftables of its own.
///
/// The table has an owner, so that no other program can flush or change it, and stays when the engine dies (Linux 6.9); an
/// older kernel has it without that. Each call is one transaction of the kernel: all of it is done, or nothing.
package struct Firewall: Sendable {
    private let socket: NetlinkSocket
    private let rules: FirewallTable

    /// The number by which the kernel names who changes the table (``NetworkWatch``).
    package var port: UInt32 { socket.port }

    /// Takes over the table of an engine, or makes it: from then on it has just these networks and ports.
    ///
    /// - Parameters:
    ///   - name: The name of the table, another one for each engine.
    ///   - networks: The networks that there are.
    ///   - ports: The ports that are published.
    ///   - network: The number of a descriptor of the network namespace; nil for that of the calling thread.
    ///   - guarded: Which versions are guarded as ``guardForwarding(of:)`` does it.
    /// - Throws: What the kernel refused.
    package init(
        named name: String,
        _ networks: [FirewallNetwork] = [],
        _ ports: [PublishedPort] = [],
        inNetworkOf network: Int32? = nil,
        guardsForwarding guarded: IPVersions = []
    ) throws(NetlinkError) {
        socket = try NetlinkSocket(.netfilter, inNetworkOf: network)
        rules = FirewallTable(named: name)
        let content =
            networks.flatMap(rules.adding) + rules.elements(of: ports).flatMap(Request.addElements)
            + rules.guarding(guarded)
        do {
            try socket.commit(rules.rebuilt([.owner, .persist]) + content)
        } catch  where [EOPNOTSUPP, EINVAL].contains(error.number) && error.index == 0 {
            try socket.commit(rules.rebuilt([]) + content)
        }
    }

    /// Drops what is forwarded and neither comes from one of the networks nor goes to one, and lets the rest be.
    ///
    /// This is for a host that did not forward before ``Forwarding`` was turned on. Whatever else is to be forwarded there
    /// later, by virtual machines for example, needs the guard taken away again. What only crosses a bridge is not affected,
    /// although the kernel may show it here (`bridge-nf-call-iptables`); the price is that a way between two bridges of
    /// others stays open.
    ///
    /// - Parameter versions: The versions that are guarded from now on; none takes the guard away.
    /// - Throws: What the kernel refused; all is as before then.
    package func guardForwarding(of versions: IPVersions) throws(NetlinkError) {
        try socket.commit(rules.guarding(versions))
    }

    /// Lets a network be.
    package func add(_ network: FirewallNetwork) throws(NetlinkError) {
        try socket.commit(rules.adding(network))
    }

    /// Takes a network out, as it was added.
    package func remove(_ network: FirewallNetwork) throws(NetlinkError) {
        try socket.commit(rules.removing(network))
    }

    /// Publishes ports.
    ///
    /// - Throws: `EEXIST` where a port of the host leads elsewhere already.
    package func publish(_ ports: [PublishedPort]) throws(NetlinkError) {
        try socket.commit(rules.elements(of: ports).flatMap(Request.addElements))
    }

    /// Takes published ports back.
    ///
    /// - Throws: `ENOENT` where one is not published.
    package func unpublish(_ ports: [PublishedPort]) throws(NetlinkError) {
        try socket.commit(rules.elements(of: ports).flatMap(Request.deleteElements))
    }

    /// Removes the table with everything in it.
    package func remove() throws(NetlinkError) {
        try socket.commit([.deleteTable(rules.table)])
    }

    /// The bridges of all engines of a host, by their tables: for whoever looks from outside.
    ///
    /// - Parameters:
    ///   - prefix: How the names of the tables begin.
    ///   - network: The number of a descriptor of the network namespace; nil for that of the calling thread.
    /// - Returns: The names of the bridges in order.
    /// - Throws: What the kernel does not tell.
    package static func bridges(
        ofTablesNamed prefix: String = "wharf",
        inNetworkOf network: Int32? = nil
    ) throws(NetlinkError) -> [String] {
        let socket = try NetlinkSocket(.netfilter, inNetworkOf: network)
        var names: [String] = []
        for state in try socket.tables() where state.table.family == .inet && state.table.name.hasPrefix(prefix) {
            do throws(NetlinkError) {
                for element in try socket.elements(of: FirewallTable(named: state.table.name).bridges) {
                    names.append(String(decoding: element.key.prefix { $0 != 0 }, as: UTF8.self))
                }
            } catch {
                // A table of another kind, or one that has just gone.
                if error.number != ENOENT { throw error }
            }
        }
        return names.sorted()
    }
}
