// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A network interface as the kernel shows it (rtnetlink(7), documentation/netlink/specs/rt-link).
package struct Link: Equatable, Sendable {
    package var index: UInt32
    package var name: String
    /// `bridge` or `veth` for example; nil for what is no virtual device.
    package var kind: String?
    /// `IFF_UP` and its like (netdevice(7)).
    package var flags: UInt32
    package var mtu: UInt32
    package var hardwareAddress: HardwareAddress
    /// The bridge that it is a port of.
    package var master: UInt32?
    /// The other end, or the interface below; in the namespace with the number `peerNetwork` where that is not nil.
    package var peer: UInt32?
    /// The number by which this namespace knows the one of the peer.
    package var peerNetwork: Int32?
    package var generation: AddressGeneration?
    /// The number of its group; 0 where nobody has put it into one.
    package var group: UInt32
    /// For a bridge.
    package var bridge: BridgeOptions?

    package var isUp: Bool { flags & CLINUX_IFF_UP != 0 }

    /// Reads a message of type `RTM_NEWLINK`.
    ///
    /// - Parameter reply: The message.
    /// - Throws: Where something is missing or a length does not fit.
    package init(_ reply: Reply) throws(MalformedReply) {
        let (header, attributes) = try reply.parsed(as: ifinfomsg.self)
        guard let index = UInt32(exactly: header.ifi_index) else {
            throw MalformedReply("an interface has number \(header.ifi_index)")
        }
        self.index = index
        flags = header.ifi_flags
        name = try attributes.text(IFLA_IFNAME).required("the name of interface \(index)")
        mtu = try attributes.integer(IFLA_MTU) ?? 0
        hardwareAddress = HardwareAddress(attributes[IFLA_ADDRESS] ?? [])
        master = try attributes.integer(IFLA_MASTER)
        group = try attributes.integer(IFLA_GROUP) ?? 0
        peer = try attributes.integer(IFLA_LINK)
        peerNetwork = try attributes.integer(IFLA_LINK_NETNSID)
        let ipv6 = try attributes.nested(IFLA_AF_SPEC)?.nested(UInt16(AF_INET6))
        generation = try ipv6?.integer(IFLA_INET6_ADDR_GEN_MODE, as: UInt8.self)
            .flatMap(AddressGeneration.init(rawValue:))
        guard let information = try attributes.nested(IFLA_LINKINFO) else { return }
        kind = information.text(IFLA_INFO_KIND)
        guard kind == "bridge", let data = try information.nested(IFLA_INFO_DATA) else { return }
        bridge = BridgeOptions(
            forwardDelay: try data.integer(IFLA_BR_FORWARD_DELAY),
            hasSpanningTree: try data.integer(IFLA_BR_STP_STATE, as: UInt32.self).map { $0 != 0 },
            snoopsMulticast: try data.integer(IFLA_BR_MCAST_SNOOPING, as: UInt8.self).map { $0 != 0 }
        )
    }
}

/// How the kernel makes the link-local IPv6 address of an interface (`IFLA_INET6_ADDR_GEN_MODE`).
package enum AddressGeneration: UInt8, Sendable {
    case fromHardwareAddress = 0
    /// Not at all.
    case none = 1
    case stablePrivacy = 2
    case random = 3
}

/// Settings of a bridge; nil leaves what the kernel has.
package struct BridgeOptions: Equatable, Sendable {
    /// In hundredths of a second.
    package var forwardDelay: UInt32?
    package var hasSpanningTree: Bool?
    package var snoopsMulticast: Bool?

    package init(
        forwardDelay: UInt32? = nil,
        hasSpanningTree: Bool? = nil,
        snoopsMulticast: Bool? = nil
    ) {
        self.forwardDelay = forwardDelay
        self.hasSpanningTree = hasSpanningTree
        self.snoopsMulticast = snoopsMulticast
    }

    var attributes: Attributes {
        var attributes = Attributes()
        if let forwardDelay { attributes.add(IFLA_BR_FORWARD_DELAY, forwardDelay) }
        if let hasSpanningTree { attributes.add(IFLA_BR_STP_STATE, UInt32(hasSpanningTree ? 1 : 0)) }
        if let snoopsMulticast { attributes.add(IFLA_BR_MCAST_SNOOPING, UInt8(snoopsMulticast ? 1 : 0)) }
        return attributes
    }
}

/// Settings of an interface as the port of a bridge; nil leaves what the kernel has.
package struct BridgePortOptions: Equatable, Sendable {
    /// Whether a frame may leave by the port that it came from, as a service that reaches itself by a published port needs.
    package var isHairpin: Bool?
    /// Whether it reaches only ports that are not isolated.
    package var isIsolated: Bool?
    package var learns: Bool?

    package init(isHairpin: Bool? = nil, isIsolated: Bool? = nil, learns: Bool? = nil) {
        self.isHairpin = isHairpin
        self.isIsolated = isIsolated
        self.learns = learns
    }

    var attributes: Attributes {
        var attributes = Attributes()
        if let isHairpin { attributes.add(IFLA_BRPORT_MODE, UInt8(isHairpin ? 1 : 0)) }
        if let learns { attributes.add(IFLA_BRPORT_LEARNING, UInt8(learns ? 1 : 0)) }
        if let isIsolated { attributes.add(IFLA_BRPORT_ISOLATED, UInt8(isIsolated ? 1 : 0)) }
        return attributes
    }
}
