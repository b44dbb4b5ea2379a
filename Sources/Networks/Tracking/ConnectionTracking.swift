// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Netlink

/// What the kernel remembers of connections through a host (linux/netfilter/nfnetlink_conntrack.h).
///
/// Rules of translation are asked for the first packet of a connection only. One of UDP has no end: whoever sends on goes on
/// to where the first packet went, though that container has gone, or though the port leads to a container only now.
package struct ConnectionTracking: Sendable {
    private let socket: NetlinkSocket
    private let route: NetlinkSocket

    /// The connections through a network namespace.
    ///
    /// - Parameter network: The number of a descriptor of it; nil for that of the calling thread.
    /// - Throws: Why the kernel cannot be asked.
    package init(inNetworkOf network: Int32? = nil) throws(NetlinkError) {
        socket = try NetlinkSocket(.netfilter, inNetworkOf: network)
        route = try NetlinkSocket(.route, inNetworkOf: network)
    }

    /// Forgets the connections of containers: whoever goes on sending is looked up anew.
    ///
    /// - Parameter addresses: The addresses of the containers, which had them until now or have them from now on.
    /// - Returns: How many were forgotten.
    /// - Throws: What the kernel refused.
    @discardableResult
    package func forget(_ addresses: some Collection<IPAddress>) throws(NetlinkError) -> Int {
        var count = 0
        for (family, ofFamily) in Dictionary(grouping: addresses, by: \.family).sorted(by: { $0.key < $1.key }) {
            let wanted = Set(ofFamily)
            count += try socket.forgetConnections(of: family) { connection in
                [connection.original, connection.reply].contains {
                    wanted.contains($0.source) || wanted.contains($0.destination)
                }
            }
        }
        return count
    }

    /// Forgets the connections of one container.
    @discardableResult
    package func forget(address: IPAddress) throws(NetlinkError) -> Int {
        try forget(CollectionOfOne(address))
    }

    /// Forgets the connections to ports of the host, which lead elsewhere from now on.
    ///
    /// - Parameters:
    ///   - transport: The protocol.
    ///   - address: The address of the host; nil for all of them.
    ///   - ports: The ports of the host.
    /// - Returns: How many were forgotten.
    /// - Throws: What the kernel refused.
    @discardableResult
    package func forget(
        _ transport: TransportProtocol,
        at address: IPAddress? = nil,
        hostPorts ports: Set<UInt16>
    ) throws(NetlinkError) -> Int {
        var own = Set<IPAddress>()
        // Those to the same port of others go on.
        if address == nil { own = Set(try route.addresses().map(\.prefix.address)) }
        let loopback = IPPrefix(.v4(127 << 24), length: 8)
        return try socket.forgetConnections(of: address?.family ?? UInt8(AF_UNSPEC)) { connection in
            let first = connection.original
            guard first.transport == transport.rawValue, ports.contains(first.destinationPort) else {
                return false
            }
            if let address { return first.destination == address }
            return own.contains(first.destination) || loopback?.contains(first.destination) == true
        }
    }
}
