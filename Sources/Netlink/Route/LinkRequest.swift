// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What an interface is to be; nil leaves what the kernel has or chooses.
package struct LinkSettings: Equatable, Sendable {
    package var name: String?
    package var isUp: Bool?
    package var mtu: UInt32?
    package var hardwareAddress: HardwareAddress?
    /// The bridge that it becomes a port of; 0 takes it out of one.
    package var master: UInt32?
    /// The number of a descriptor of the network namespace that it goes to.
    package var network: Int32?
    package var generation: AddressGeneration?
    /// The number by which it is removed together with others; 0 for those that nobody has put into a group.
    package var group: UInt32?

    package init(
        name: String? = nil,
        isUp: Bool? = nil,
        mtu: UInt32? = nil,
        hardwareAddress: HardwareAddress? = nil,
        master: UInt32? = nil,
        network: Int32? = nil,
        generation: AddressGeneration? = nil,
        group: UInt32? = nil
    ) {
        self.name = name
        self.isUp = isUp
        self.mtu = mtu
        self.hardwareAddress = hardwareAddress
        self.master = master
        self.network = network
        self.generation = generation
        self.group = group
    }

    var attributes: Attributes {
        var attributes = Attributes()
        if let name { attributes.add(IFLA_IFNAME, text: name) }
        if let mtu { attributes.add(IFLA_MTU, mtu) }
        if let hardwareAddress { attributes.add(IFLA_ADDRESS, bytes: hardwareAddress.bytes) }
        if let master { attributes.add(IFLA_MASTER, master) }
        if let network { attributes.add(IFLA_NET_NS_FD, UInt32(bitPattern: network)) }
        if let group { attributes.add(IFLA_GROUP, group) }
        if let generation {
            attributes.nest(IFLA_AF_SPEC) { families in
                families.nest(UInt16(AF_INET6)) { $0.add(IFLA_INET6_ADDR_GEN_MODE, generation.rawValue) }
            }
        }
        return attributes
    }

    /// `struct ifinfomsg`, with the flags that are to change.
    func header(index: UInt32) -> [UInt8] {
        let header = ifinfomsg(
            ifi_family: UInt8(AF_UNSPEC),
            __ifi_pad: 0,
            ifi_type: 0,
            ifi_index: Int32(bitPattern: index),
            ifi_flags: isUp == true ? CLINUX_IFF_UP : 0,
            ifi_change: isUp == nil ? 0 : CLINUX_IFF_UP
        )
        return withUnsafeBytes(of: header, Array.init)
    }
}

/// A kind of virtual interface that can be made.
package enum NewLink: Equatable, Sendable {
    case bridge(BridgeOptions = BridgeOptions())
    /// One that leads nowhere.
    case dummy
    /// One end; the other one is made with it. The peer cannot be made up: its other end does not exist yet.
    case veth(peer: LinkSettings, peerIndex: UInt32 = 0)
    case macvlan(parent: UInt32, mode: MACVLANMode)
    case ipvlan(parent: UInt32, mode: IPVLANMode, sharing: IPVLANSharing = .bridge)
    /// What comes to its parent with a mark of IEEE 802.1Q.
    case vlan(parent: UInt32, id: UInt16)

    var kind: String {
        switch self {
        case .bridge: "bridge"
        case .dummy: "dummy"
        case .veth: "veth"
        case .macvlan: "macvlan"
        case .ipvlan: "ipvlan"
        case .vlan: "vlan"
        }
    }

    /// The number of the interface that it stands on.
    fileprivate var parent: UInt32? {
        switch self {
        case .bridge, .dummy, .veth: nil
        case .macvlan(let parent, _), .ipvlan(let parent, _, _), .vlan(let parent, _): parent
        }
    }

    fileprivate func add(to information: inout Attributes) {
        information.add(IFLA_INFO_KIND, text: kind)
        switch self {
        case .bridge(let options):
            let data = options.attributes
            if !data.bytes.isEmpty { information.nest(IFLA_INFO_DATA, data) }
        case .dummy: break
        case .veth(let peer, let index):
            information.nest(IFLA_INFO_DATA) {
                $0.add(VETH_INFO_PEER, structure: peer.header(index: index), peer.attributes)
            }
        case .macvlan(_, let mode):
            information.nest(IFLA_INFO_DATA) { $0.add(IFLA_MACVLAN_MODE, mode.rawValue) }
        case .ipvlan(_, let mode, let sharing):
            information.nest(IFLA_INFO_DATA) {
                $0.add(IFLA_IPVLAN_MODE, mode.rawValue)
                $0.add(IFLA_IPVLAN_FLAGS, sharing.rawValue)
            }
        case .vlan(_, let id):
            information.nest(IFLA_INFO_DATA) { $0.add(IFLA_VLAN_ID, id) }
        }
    }
}

/// What interfaces of type macvlan on one parent may say to each other (linux/if_link.h).
package enum MACVLANMode: UInt32, Sendable {
    case isolated = 1
    case vepa = 2
    case bridge = 4
    case passThrough = 8
}

/// Where packets of interfaces of type ipvlan are looked at (Documentation/networking/ipvlan.rst).
package enum IPVLANMode: UInt16, Sendable {
    /// As on a link of their own.
    case l2 = 0
    /// By the routes of the parent's network; there is no broadcast, and no gateway on the link.
    case l3 = 1
    /// The same, with connection tracking and rules.
    case l3s = 2
}

/// What interfaces of type ipvlan on one parent may say to each other (linux/if_link.h).
package enum IPVLANSharing: UInt16, Sendable {
    case bridge = 0
    case isolated = 1
    case vepa = 2
}

extension Request {
    /// Makes an interface.
    ///
    /// `generation` has no effect here: the kernel reads it only for an interface that exists.
    ///
    /// - Parameters:
    ///   - link: Its kind.
    ///   - settings: What it is to be.
    ///   - index: Its number; 0 lets the kernel choose.
    /// - Returns: The request.
    package static func createLink(_ link: NewLink, _ settings: LinkSettings, index: UInt32 = 0) -> Request {
        var attributes = settings.attributes
        if let parent = link.parent { attributes.add(IFLA_LINK, parent) }
        attributes.nest(IFLA_LINKINFO) { link.add(to: &$0) }
        return Request(
            type: UInt16(RTM_NEWLINK),
            flags: NLM_F_CREATE | NLM_F_EXCL,
            header: settings.header(index: index),
            attributes: attributes,
            action: "create \(link.kind) \(settings.name ?? "interface")"
        )
    }

    /// Changes an interface; another name renames it.
    ///
    /// - Parameters:
    ///   - index: Its number.
    ///   - settings: What is to change.
    ///   - port: What is to change of it as a port of its bridge.
    /// - Returns: The request.
    package static func changeLink(
        _ index: UInt32,
        _ settings: LinkSettings,
        port: BridgePortOptions? = nil
    ) -> Request {
        var attributes = settings.attributes
        if let port {
            attributes.nest(IFLA_LINKINFO) { information in
                information.add(IFLA_INFO_SLAVE_KIND, text: "bridge")
                information.nest(IFLA_INFO_SLAVE_DATA, port.attributes)
            }
        }
        return Request(
            type: UInt16(RTM_NEWLINK),
            header: settings.header(index: index),
            attributes: attributes,
            action: "change interface \(index)"
        )
    }

    /// Removes an interface, and with one end of a pair the other.
    package static func deleteLink(_ index: UInt32) -> Request {
        delete(LinkSettings(), index: index, "interface \(index)")
    }

    /// Removes the interface with a name.
    package static func deleteLink(named name: String) -> Request {
        delete(LinkSettings(name: name), "interface \(name)")
    }

    /// Removes all interfaces of a group, which takes hardly longer than one of them: the kernel waits once for those who use them.
    ///
    /// - Parameter group: The number of the group, which is not 0: that would be all that are in none.
    /// - Returns: The request.
    package static func deleteLinks(ofGroup group: UInt32) -> Request {
        precondition(group != 0)
        return delete(LinkSettings(group: group), "the interfaces of group \(group)")
    }

    /// Removes what has a number or the given settings.
    private static func delete(_ settings: LinkSettings, index: UInt32 = 0, _ subject: String) -> Request {
        Request(
            type: UInt16(RTM_DELLINK),
            header: settings.header(index: index),
            attributes: settings.attributes,
            action: "delete \(subject)"
        )
    }

    fileprivate static func links(_ index: UInt32 = 0, named name: String? = nil, action: String) -> Request {
        var attributes = Attributes()
        if let name { attributes.add(IFLA_IFNAME, text: name) }
        attributes.add(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        let header = LinkSettings().header(index: index)
        return Request(type: UInt16(RTM_GETLINK), header: header, attributes: attributes, action: action)
    }
}

extension NetlinkSocket {
    /// All interfaces of the namespace.
    package func links() throws(NetlinkError) -> [Link] {
        let action = "list interfaces"
        return try dump(.links(action: action)).decoded(UInt16(RTM_NEWLINK), action, Link.init)
    }

    /// The interface with a number.
    ///
    /// - Parameter index: The number.
    /// - Returns: The interface; nil where there is none.
    /// - Throws: Where the kernel refuses to tell.
    package func link(_ index: UInt32) throws(NetlinkError) -> Link? {
        try oneLink(.links(index, action: "find interface \(index)"))
    }

    /// The interface with a name.
    ///
    /// - Parameter name: The name.
    /// - Returns: The interface; nil where there is none.
    /// - Throws: Where the kernel refuses to tell.
    package func link(named name: String) throws(NetlinkError) -> Link? {
        try oneLink(.links(named: name, action: "find interface \(name)"))
    }

    private func oneLink(_ request: Request) throws(NetlinkError) -> Link? {
        guard let answer = try answers(to: [request]).first else { return nil }
        if let failure = answer.failure {
            if failure.code == .refused, failure.number == ENODEV { return nil }
            throw failure
        }
        return try answer.replies.decoded(UInt16(RTM_NEWLINK), request.action, Link.init).first
    }
}

extension [Reply] {
    /// Reads the messages of one type and leaves out the others.
    func decoded<Value>(
        _ type: UInt16,
        _ action: String,
        _ decode: (Reply) throws(MalformedReply) -> Value?
    ) throws(NetlinkError) -> [Value] {
        var values: [Value] = []
        for reply in self where reply.type == type {
            do throws(MalformedReply) {
                if let value = try decode(reply) { values.append(value) }
            } catch {
                throw NetlinkError(action, error)
            }
        }
        return values
    }
}
