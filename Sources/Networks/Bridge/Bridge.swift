// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import Netlink

/// What a bridge of the host is to be.
package struct BridgeSettings: Equatable, Sendable {
    /// At most fifteen bytes.
    package var name: String
    /// The addresses of the host in the network, which containers send everything else to.
    package var gateways: [IPPrefix]
    package var mtu: UInt32?
    /// Fixed, so that it does not change with the ports.
    package var hardwareAddress: HardwareAddress?

    package init(
        _ name: String,
        gateways: [IPPrefix],
        mtu: UInt32? = nil,
        hardwareAddress: HardwareAddress? = nil
    ) {
        self.name = name
        self.gateways = gateways
        self.mtu = mtu
        self.hardwareAddress = hardwareAddress
    }
}

/// The end of a container in a network.
package struct EndpointSettings: Equatable, Sendable {
    /// The name in the container, such as `eth0`.
    package var name: String
    /// The name of the other end on the host.
    package var hostName: String
    /// With the length of the network's prefix.
    package var addresses: [IPPrefix]
    package var hardwareAddress: HardwareAddress?
    package var mtu: UInt32?
    /// Where everything else is sent; empty where another network's gateways are used, or the network is internal.
    package var gateways: [IPAddress]
    /// Whether it does not reach other containers of the network.
    package var isIsolated: Bool

    var hasV6: Bool { addresses.contains { !$0.address.isV4 } }

    package init(
        _ name: String,
        hostName: String,
        addresses: [IPPrefix],
        hardwareAddress: HardwareAddress? = nil,
        mtu: UInt32? = nil,
        gateways: [IPAddress] = [],
        isIsolated: Bool = false
    ) {
        self.name = name
        self.hostName = hostName
        self.addresses = addresses
        self.hardwareAddress = hardwareAddress
        self.mtu = mtu
        self.gateways = gateways
        self.isIsolated = isIsolated
    }
}

/// The interfaces of containers' networks on the host.
package struct Bridges: Sendable {
    private let socket: NetlinkSocket
    private let network: Int32?

    /// The interfaces of a network namespace.
    ///
    /// - Parameter network: The number of a descriptor of it, which stays open; nil for that of the calling thread.
    /// - Throws: Why the kernel cannot be asked.
    package init(inNetworkOf network: Int32? = nil) throws(NetlinkError) {
        socket = try NetlinkSocket(.route, inNetworkOf: network)
        self.network = network
    }

    // MARK: Bridges

    /// Makes a bridge and brings it up, or mends one that is there.
    ///
    /// Containers reach others only with ``Forwarding``.
    ///
    /// - Parameter settings: What it is to be.
    /// - Throws: What the kernel refused; nothing new is left then.
    package func make(_ settings: BridgeSettings) throws {
        let options = BridgeOptions(forwardDelay: 0, hasSpanningTree: false, snoopsMulticast: false)
        let link = LinkSettings(name: settings.name, mtu: settings.mtu, hardwareAddress: settings.hardwareAddress)
        var isNew = false
        let found = try socket.link(named: settings.name)
        if let found, found.kind != "bridge" {
            throw NetlinkError(
                .failed,
                "make bridge \(settings.name)",
                reason: "there is an interface of that name that is none; choose another name, or remove it",
                number: EEXIST
            )
        }
        if found == nil {
            try socket.send(.createLink(.bridge(options), link))
            isNew = true
        }
        do {
            try complete(settings)
        } catch {
            if isNew { try? socket.send(.deleteLink(named: settings.name)) }
            throw error
        }
    }

    private func complete(_ settings: BridgeSettings) throws {
        guard let index = try socket.link(named: settings.name)?.index else {
            throw NetlinkError(.failed, "find bridge \(settings.name)", reason: "it went away again", number: ENODEV)
        }
        try set(settings)
        try socket.send(.changeLink(index, LinkSettings(isUp: true)))
        let present = try Set(socket.addresses().filter { $0.interface == index }.map(\.prefix))
        for gateway in settings.gateways where !present.contains(gateway) {
            try socket.send(.addAddress(InterfaceAddress(interface: index, prefix: gateway, isTrusted: true)))
        }
    }

    /// The settings of the kernel for an interface, which are files (Documentation/networking/ip-sysctl.rst).
    private func set(_ settings: BridgeSettings) throws {
        guard !settings.name.contains("/"), settings.name != "..", settings.name != "." else {
            throw NetlinkError(.failed, "make bridge `\(settings.name)`", reason: "that is no name", number: EINVAL)
        }
        let hasV6 = settings.gateways.contains { !$0.address.isV4 }
        let name = settings.name
        try KernelSettings.run(inNetworkOf: network) {
            // What is published on 127.0.0.1 goes out by the bridge; the firewall lets nothing else use it.
            try KernelSettings.set("ipv4/conf/\(name)/route_localnet", to: "1")
            // A kernel without IPv6 has no files for it.
            if !hasV6, KernelSettings.value("ipv6/conf/\(name)/disable_ipv6") == nil { return }
            // No container tells others where to send what (CVE-2020-13401).
            try KernelSettings.set("ipv6/conf/\(name)/accept_ra", to: "0")
            // Nobody else has the bridge's addresses, and without one of its link it finds no container for what it forwards.
            try KernelSettings.set("ipv6/conf/\(name)/accept_dad", to: "0")
            try KernelSettings.set("ipv6/conf/\(name)/disable_ipv6", to: hasV6 ? "0" : "1")
        }
    }

    /// Removes a bridge with the ends of containers at it; it is fine where there is none.
    package func remove(_ name: String) throws(NetlinkError) {
        guard let link = try socket.link(named: name), link.kind == "bridge" else { return }
        let links = try socket.links()
        // Those of containers that have just ended; and somebody may keep the network of one that has ended long ago.
        let ends = links.filter { $0.master == link.index && $0.kind == "veth" }
        if ends.isEmpty { return try socket.send(.deleteLink(link.index)) }
        // One by one each would take as long as all do together.
        let group = Self.group(besides: links)
        let changes = (ends + [link]).map { Request.changeLink($0.index, LinkSettings(group: group)) }
        for answer in try socket.answers(to: changes) {
            // An end may go by itself meanwhile.
            if let failure = answer.failure, failure.number != ENODEV { throw failure }
        }
        try socket.send(.deleteLinks(ofGroup: group))
    }

    /// A number that none of the groups of interfaces has.
    private static func group(besides links: [Link]) -> UInt32 {
        let taken = Set(links.map(\.group))
        while true {
            let group = UInt32.random(in: 1...UInt32.max)
            if !taken.contains(group) { return group }
        }
    }

    // MARK: Endpoints

    /// Connects a container with a bridge.
    ///
    /// - Parameters:
    ///   - container: The number of a descriptor of its network namespace, or of a pidfd of a process in it.
    ///   - bridge: The name of the bridge.
    ///   - settings: What its end is to be.
    /// - Throws: What the kernel refused; nothing is left then.
    package func connect(_ container: Int32, to bridge: String, _ settings: EndpointSettings) throws(NetlinkError) {
        let index = try master(bridge, of: settings.name)
        let inside = try NetlinkSocket(.route, inNetworkOf: container)
        // A pidfd names a namespace to setns(2), but not to rtnetlink(7).
        let namespace = try inside.openNetwork()
        let peer = LinkSettings(
            name: settings.name,
            mtu: settings.mtu,
            hardwareAddress: settings.hardwareAddress,
            network: namespace.number
        )
        let port = LinkSettings(name: settings.hostName, isUp: true, mtu: settings.mtu, master: index)
        let families = FamilyGuard(of: settings.name, hasV6: settings.hasV6, container)
        let before = try families.prepare()
        do throws(NetlinkError) {
            try socket.send(.createLink(.veth(peer: peer), port))
        } catch {
            families.giveUp(before)
            throw error
        }
        do throws(NetlinkError) {
            try families.finish(before)
            try complete(settings, inside)
        } catch {
            try? socket.send(.deleteLink(named: settings.hostName))
            throw error
        }
    }

    private func complete(_ settings: EndpointSettings, _ inside: NetlinkSocket) throws(NetlinkError) {
        guard let own = try inside.link(named: settings.name)?.index,
            let port = try socket.link(named: settings.hostName)?.index
        else {
            throw Self.missing(settings.name)
        }
        // The host's end has no address: the bridge has them.
        try socket.send(.changeLink(port, LinkSettings(generation: AddressGeneration.none), port: settings.port))
        try inside.send(settings.requests(own, LinkSettings(isUp: true)))
    }

    /// The number of a bridge.
    private func master(_ bridge: String, of interface: String) throws(NetlinkError) -> UInt32 {
        if let index = try socket.link(named: bridge)?.index { return index }
        throw NetlinkError(
            .failed,
            "connect \(interface) to bridge \(bridge)",
            reason: "there is no such bridge",
            number: ENODEV
        )
    }

    // MARK: Slots

    /// Makes a slot.
    ///
    /// - Parameters:
    ///   - hostName: The name of its end on the host.
    ///   - mtu: The size of packets that is likely to be asked for; nil for that of Ethernet.
    /// - Returns: The slot, connected with nothing.
    /// - Throws: What the kernel refused; nothing is left then.
    package func prepareSlot(hostName: String, mtu: UInt32?) throws -> NetworkSlot {
        try NetworkSlot(hostName: hostName, mtu: mtu, socket)
    }

    /// Connects a slot with a bridge.
    ///
    /// - Parameters:
    ///   - slot: The slot, whose interface becomes that of the settings; the name of its end on the host is its own.
    ///   - bridge: The name of the bridge.
    ///   - settings: What its end is to be.
    /// - Throws: What the kernel refused; the slot has no interface then.
    package func connect(_ slot: NetworkSlot, to bridge: String, _ settings: EndpointSettings) throws(NetlinkError) {
        do throws(NetlinkError) {
            let master = try master(bridge, of: settings.name)
            let mtu = settings.mtu ?? NetworkSlot.standardMTU
            let otherMTU = mtu == slot.mtu ? nil : mtu
            try socket.send([
                .changeLink(slot.hostIndex, LinkSettings(isUp: true, mtu: otherMTU, master: master)),
                .changeLink(slot.hostIndex, LinkSettings(), port: settings.port),
            ])
            if settings.hasV6 { try FamilyGuard(of: NetworkSlot.interface, hasV6: true, slot.number).finish(nil) }
            let own = LinkSettings(
                name: settings.name == NetworkSlot.interface ? nil : settings.name,
                isUp: true,
                mtu: otherMTU,
                hardwareAddress: settings.hardwareAddress
            )
            try slot.inside.send(settings.requests(slot.index, own))
        } catch {
            try? socket.send(.deleteLink(slot.hostIndex))
            throw error
        }
    }

    // MARK: Changes

    /// Sends everything that is for nobody else by an interface of a container; it is fine where that is so already.
    ///
    /// - Parameters:
    ///   - gateways: Where to, one of each family.
    ///   - name: The name of the interface.
    ///   - container: The number of a descriptor of the network, or of a pidfd of a process in it.
    /// - Throws: What the kernel refused.
    package func addGateways(
        _ gateways: [IPAddress],
        to name: String,
        inNetworkOf container: Int32
    ) throws(NetlinkError) {
        let inside = try NetlinkSocket(.route, inNetworkOf: container)
        guard let own = try inside.link(named: name)?.index else { throw Self.missing(name) }
        for gateway in gateways {
            do throws(NetlinkError) {
                try inside.send(.addRoute(.default(by: gateway, interface: own)))
            } catch  where error.number == EEXIST {
                // It is there.
            }
        }
    }

    /// Sends nothing there any more; what is not as it was said to be is left as it is.
    package func removeGateways(
        _ gateways: [IPAddress],
        from name: String,
        inNetworkOf container: Int32
    ) throws(NetlinkError) {
        let inside = try NetlinkSocket(.route, inNetworkOf: container)
        guard let own = try inside.link(named: name)?.index else { return }
        for gateway in gateways {
            do throws(NetlinkError) {
                try inside.send(.deleteRoute(.default(by: gateway, interface: own)))
            } catch  where error.number == ESRCH {
                // The container had it changed.
            }
        }
    }

    private static func missing(_ name: String) -> NetlinkError {
        NetlinkError(.failed, "find \(name)", reason: "it went away again", number: ENODEV)
    }

    /// Has the host's end of a container at a bridge, where it was taken away; it is fine where there is no such end.
    ///
    /// - Parameters:
    ///   - hostName: The name of the end.
    ///   - bridge: The name of the bridge.
    ///   - isIsolated: Whether it does not reach other containers of the network.
    /// - Throws: What the kernel refused, or where there is no such bridge.
    package func attach(_ hostName: String, to bridge: String, isIsolated: Bool = false) throws(NetlinkError) {
        guard let end = try socket.link(named: hostName), end.kind == "veth" else { return }
        let master = try master(bridge, of: hostName)
        if end.master == master, end.isUp { return }
        try socket.send(.changeLink(end.index, LinkSettings(isUp: true, master: master)))
        try socket.send(
            .changeLink(end.index, LinkSettings(), port: BridgePortOptions(isHairpin: true, isIsolated: isIsolated))
        )
    }

    /// Takes a container out of a bridge, by the name of its end on the host; it is fine where there is none.
    package func disconnect(_ hostName: String) throws(NetlinkError) {
        guard let link = try socket.link(named: hostName), link.kind == "veth" else { return }
        try socket.send(.deleteLink(link.index))
    }
}

extension EndpointSettings {
    fileprivate var port: BridgePortOptions { BridgePortOptions(isHairpin: true, isIsolated: isIsolated) }

    /// What makes an interface in a container the end of it.
    fileprivate func requests(_ interface: UInt32, _ link: LinkSettings) -> [Request] {
        let addresses = addresses.map { InterfaceAddress(interface: interface, prefix: $0, isTrusted: true) }
        return [.changeLink(interface, link)] + addresses.map(Request.addAddress)
            + gateways.map { .addRoute(.default(by: $0, interface: interface)) }
    }
}
