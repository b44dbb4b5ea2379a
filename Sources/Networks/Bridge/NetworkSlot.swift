// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Netlink
import Synchronization

/// The network of a container before there is the container: a network namespace with an interface and the sockets of names.
///
/// The kernel takes longer to make these than for all else of a container's network. Nothing of a slot depends on the container or on
/// its networks; ``Bridges/connect(_:to:_:)`` gives it what does. It is used once: what a container has done to a network
/// namespace cannot be undone. When nobody holds the slot any more and no process is in it, the kernel takes all of it away.
package final class NetworkSlot: Sendable {
    /// The name of its interface until it is connected.
    static let interface = "eth0"
    /// That of Ethernet, which the kernel gives an interface that is told nothing else.
    static let standardMTU: UInt32 = 1500

    /// The name of the interface's other end, which is on the host, down, and at no bridge.
    package let hostName: String
    /// The number of that end.
    let hostIndex: UInt32
    /// The number of the interface.
    let index: UInt32
    let mtu: UInt32
    /// Talks about the interfaces of the namespace.
    let inside: NetlinkSocket
    private let namespace: Descriptor
    private let names: Mutex<DNSSockets?>

    /// The number of a descriptor of the network namespace; valid as long as the slot is held.
    package var number: Int32 { namespace.number }

    /// Makes one.
    ///
    /// - Parameters:
    ///   - hostName: The name of its end on the host.
    ///   - mtu: The size of packets; nil for that of Ethernet.
    ///   - host: Talks about the interfaces of the host.
    /// - Throws: What the kernel refused; nothing is left then.
    init(hostName: String, mtu: UInt32?, _ host: NetlinkSocket) throws {
        self.hostName = hostName
        let mtu = mtu ?? Self.standardMTU
        self.mtu = mtu
        let parts = try BlockingCall.runAndJoin { try Self.make(hostName, mtu, host) }
        namespace = Descriptor(owning: parts.namespace)
        inside = parts.inside
        (hostIndex, index) = (parts.hostIndex, parts.index)
        names = Mutex(try DNSSockets.open(inNetworkOf: parts.namespace))
    }

    /// The sockets at which the container is answered when it asks for names; whoever asks first gets them.
    ///
    /// - Returns: The sockets; nil where somebody has them.
    package func takeNames() -> DNSSockets? { names.withLock { $0.take() } }

    /// What is made on a thread that has entered the namespace; the descriptor is for whoever gets it to own.
    private struct Parts: Sendable {
        let namespace: Int32
        let inside: NetlinkSocket
        let hostIndex: UInt32
        let index: UInt32
    }

    private static func make(_ hostName: String, _ mtu: UInt32, _ host: NetlinkSocket) throws -> Parts {
        try SystemError.check(clinux_unshare(Int32(CLONE_NEWNET)), "unshare", on: "net")
        let namespace = try Descriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        let inside = try NetlinkSocket(.route)
        // The kernel makes the loopback interface first.
        try inside.send(.changeLink(1, LinkSettings(isUp: true)))
        let families = FamilyGuard(of: interface, hasV6: false, nil)
        let before = try families.prepare()
        try host.send(
            .createLink(
                .veth(peer: LinkSettings(name: interface, mtu: mtu, network: namespace.number)),
                LinkSettings(name: hostName, mtu: mtu)
            )
        )
        do {
            families.giveUp(before)
            guard let own = try inside.link(named: interface)?.index, let port = try host.link(named: hostName)?.index
            else {
                throw NetlinkError(.failed, "find \(hostName)", reason: "it went away again", number: ENODEV)
            }
            // The host's end has no address: the bridge has them.
            try host.send(.changeLink(port, LinkSettings(generation: AddressGeneration.none)))
            return Parts(namespace: namespace.release(), inside: inside, hostIndex: port, index: own)
        } catch {
            try? host.send(.deleteLink(named: hostName))
            throw error
        }
    }
}
