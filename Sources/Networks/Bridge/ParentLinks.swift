// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import Netlink

/// How containers share an interface of the host.
package enum ParentSharing: Equatable, Sendable {
    /// Each with a hardware address of its own.
    case macvlan(MACVLANMode = .bridge)
    /// All with that of the host.
    case ipvlan(IPVLANMode = .l2, IPVLANSharing = .bridge)

    fileprivate var word: String {
        switch self {
        case .macvlan: "macvlan"
        case .ipvlan: "ipvlan"
        }
    }

    fileprivate func link(on parent: UInt32) -> NewLink {
        switch self {
        case .macvlan(let mode): .macvlan(parent: parent, mode: mode)
        case .ipvlan(let mode, let sharing): .ipvlan(parent: parent, mode: mode, sharing: sharing)
        }
    }

    /// Whether the neighbours of the link are seen, gateways among them.
    fileprivate var hasNeighbours: Bool {
        switch self {
        case .macvlan, .ipvlan(.l2, _): true
        case .ipvlan: false
        }
    }
}

/// Interfaces of the host that containers stand on directly, without a bridge.
///
/// They are on its link like machines of their own, and nothing is translated or filtered. The host itself does not reach
/// them (Documentation/networking/ipvlan.rst).
package struct ParentLinks: Sendable {
    private let socket: NetlinkSocket

    /// The interfaces of a network namespace.
    ///
    /// - Parameter network: The number of a descriptor of it; nil for that of the calling thread.
    /// - Throws: Why the kernel cannot be asked.
    package init(inNetworkOf network: Int32? = nil) throws(NetlinkError) {
        socket = try NetlinkSocket(.route, inNetworkOf: network)
    }

    // MARK: Parents

    /// Sees to it that a parent is there: as Docker does it, `eth0.50` is made for the VLAN 50 on `eth0` where it is missing.
    ///
    /// - Parameter parent: The name of the interface.
    /// - Returns: Whether it was made; whoever made it gives it back (``release(_:)``).
    /// - Throws: Where it is missing and cannot be made.
    @discardableResult
    package func prepare(_ parent: String) throws(NetlinkError) -> Bool {
        if try socket.link(named: parent) != nil { return false }
        let action = "use interface \(parent) of the host"
        guard let (below, id) = Self.vlan(parent) else {
            throw NetlinkError(
                .failed,
                action,
                reason: "there is none; choose one that `ip link` shows, or a VLAN on one, such as eth0.50",
                number: ENODEV
            )
        }
        guard let link = try socket.link(named: below) else {
            throw NetlinkError(
                .failed,
                action,
                reason:
                    "there is none, and for VLAN \(id) there is no interface \(below); choose one that `ip link` shows",
                number: ENODEV
            )
        }
        do throws(NetlinkError) {
            try socket.send(.createLink(.vlan(parent: link.index, id: id), LinkSettings(name: parent, isUp: true)))
            return true
        } catch {
            // Somebody else was faster.
            if error.number == EEXIST, try socket.link(named: parent) != nil { return false }
            throw error
        }
    }

    /// Sees to it that there is a parent which leads nowhere, for containers that reach each other and nobody else.
    ///
    /// It is an interface of the kind `dummy`; a kernel without them has one that leads to another one of its own.
    ///
    /// - Parameter parent: The name of the interface; ``release(_:)`` gives it back.
    /// - Throws: Where it cannot be made, or there is one of another kind.
    package func prepareAlone(_ parent: String) throws(NetlinkError) {
        if let present = try socket.link(named: parent) {
            if ["dummy", "veth"].contains(present.kind) { return }
            throw NetlinkError(
                .failed,
                "make interface \(parent)",
                reason: "there is another one of that name; remove it",
                number: EEXIST
            )
        }
        do throws(NetlinkError) {
            try socket.send(.createLink(.dummy, LinkSettings(name: parent)))
        } catch {
            guard error.number == EOPNOTSUPP else { throw error }
            // Without the other end it would have no carrier, and pass on nothing.
            let other = Self.otherEnd(of: parent)
            try socket.send(.createLink(.veth(peer: LinkSettings(name: other)), LinkSettings(name: parent)))
            try bringUp(other)
        }
        try bringUp(parent)
    }

    /// Has an interface without addresses be up.
    private func bringUp(_ name: String) throws(NetlinkError) {
        guard let link = try socket.link(named: name) else {
            throw NetlinkError(.failed, "bring interface \(name) up", reason: "it went away again", number: ENODEV)
        }
        try socket.send(.changeLink(link.index, LinkSettings(generation: AddressGeneration.none)))
        try socket.send(.changeLink(link.index, LinkSettings(isUp: true)))
    }

    /// Removes an interface that was made for containers, with what stands on it; it is fine where there is none.
    package func release(_ parent: String) throws(NetlinkError) {
        guard let link = try socket.link(named: parent) else { return }
        var isMade = ["vlan", "dummy"].contains(link.kind)
        if link.kind == "veth" { isMade = try socket.link(named: Self.otherEnd(of: parent)) != nil }
        guard isMade else { return }
        try socket.send(.deleteLink(link.index))
    }

    /// What the other end of a parent that leads nowhere is called.
    private static func otherEnd(of parent: String) -> String { "\(parent.dropLast())~" }

    /// The interface and the number in `eth0.50`; nil for a name of another form, or a number that IEEE 802.1Q lacks.
    private static func vlan(_ name: String) -> (below: String, id: UInt16)? {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
            let id = UInt16(name[name.index(after: dot)...]), (1...4094).contains(id)
        else { return nil }
        return (String(name[..<dot]), id)
    }

    // MARK: Endpoints

    /// Puts a container on an interface of the host.
    ///
    /// - Parameters:
    ///   - container: The number of a descriptor of its network namespace, or of a pidfd of a process in it.
    ///   - parent: The name of the interface.
    ///   - sharing: How it shares it.
    ///   - settings: What its interface is to be; it has no other end on the host. Where it has no address of IPv6 it gets
    ///     none from the routers of the link either. With ipvlan it cannot have a hardware address of its own, and in the modes
    ///     with routes it is enough that there is a gateway of a family: no such address is ever asked for.
    /// - Throws: What the kernel refused; nothing is left then.
    package func connect(
        _ container: Int32,
        to parent: String,
        as sharing: ParentSharing,
        _ settings: EndpointSettings
    ) throws {
        let action = "put \(settings.name) on interface \(parent)"
        guard let index = try socket.link(named: parent)?.index else {
            throw NetlinkError(.failed, action, reason: "there is no such interface on the host", number: ENODEV)
        }
        if case .ipvlan = sharing, settings.hardwareAddress != nil {
            throw NetlinkError(
                .failed,
                action,
                reason: "ipvlan has the hardware address of its parent; leave out the address, or use macvlan",
                number: EINVAL
            )
        }
        let inside = try NetlinkSocket(.route, inNetworkOf: container)
        // A pidfd names a namespace to setns(2), but not to rtnetlink(7).
        let namespace = try inside.openNetwork()
        let link = LinkSettings(
            name: settings.name,
            mtu: settings.mtu,
            hardwareAddress: settings.hardwareAddress,
            network: namespace.number
        )
        // One with an address of IPv6 may follow the routers of the link that it is on.
        let families = settings.hasV6 ? nil : FamilyGuard(of: settings.name, hasV6: false, container)
        let before = try families?.prepare() ?? nil
        do throws(NetlinkError) {
            try socket.send(.createLink(sharing.link(on: index), link))
        } catch {
            families?.giveUp(before)
            throw Self.explained(error, sharing, parent)
        }
        do {
            try families?.finish(before)
            try complete(settings, sharing, inside)
        } catch {
            try? inside.send(.deleteLink(named: settings.name))
            throw error
        }
    }

    /// The kernel says no more than that it will not.
    private static func explained(_ error: NetlinkError, _ sharing: ParentSharing, _ parent: String) -> NetlinkError {
        guard [EBUSY, EINVAL].contains(error.number) else { return error }
        var error = error
        error.reason +=
            "; \(parent) may be a port of a bridge, be shared in another way already (`ip -d link show \(parent)` and "
            + "the networks on it), or belong to one container alone"
        return error
    }

    private func complete(
        _ settings: EndpointSettings,
        _ sharing: ParentSharing,
        _ inside: NetlinkSocket
    ) throws {
        guard let own = try inside.link(named: settings.name)?.index else {
            throw NetlinkError(.failed, "find \(settings.name)", reason: "it went away again", number: ENODEV)
        }
        let addresses = settings.addresses.map { InterfaceAddress(interface: own, prefix: $0, isTrusted: true) }
        let routes = settings.gateways.compactMap { gateway -> Route? in
            if sharing.hasNeighbours { return .default(by: gateway, interface: own) }
            return IPPrefix(IPAddress(0, like: gateway), length: 0).map { Route(to: $0, interface: own) }
        }
        try inside.send(
            [.changeLink(own, LinkSettings(isUp: true))] + addresses.map(Request.addAddress)
                + routes.map(Request.addRoute)
        )
    }

    /// Takes a container off an interface of the host; it is fine where it is on none.
    ///
    /// - Parameters:
    ///   - container: The number of a descriptor of its network namespace, or of a pidfd of a process in it.
    ///   - name: The name of its interface.
    /// - Throws: What the kernel refused.
    package func disconnect(_ container: Int32, _ name: String) throws(NetlinkError) {
        let inside = try NetlinkSocket(.route, inNetworkOf: container)
        guard let link = try inside.link(named: name), ["macvlan", "ipvlan"].contains(link.kind) else { return }
        try inside.send(.deleteLink(link.index))
    }
}
