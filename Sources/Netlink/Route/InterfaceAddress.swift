// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An address of an interface (rtnetlink(7), documentation/netlink/specs/rt-addr).
package struct InterfaceAddress: Equatable, Sendable {
    /// The number of the interface.
    package var interface: UInt32
    /// The address itself, and how much of it is the interface's network.
    package var prefix: IPPrefix
    /// Whether an IPv6 address is used at once, without a search for another holder of it (`IFA_F_NODAD`).
    package var isTrusted: Bool
    package var scope: UInt8

    package init(interface: UInt32, prefix: IPPrefix, isTrusted: Bool = false, scope: UInt8 = RouteScope.universe) {
        self.interface = interface
        self.prefix = prefix
        self.isTrusted = isTrusted
        self.scope = scope
    }

    /// Reads a message of type `RTM_NEWADDR`; nil where it is neither an IPv4 nor an IPv6 address.
    ///
    /// - Parameter reply: The message.
    /// - Throws: Where something is missing or a length does not fit.
    package init?(_ reply: Reply) throws(MalformedReply) {
        let (header, attributes) = try reply.parsed(as: ifaddrmsg.self)
        guard header.ifa_family == UInt8(AF_INET) || header.ifa_family == UInt8(AF_INET6) else { return nil }
        // On a point-to-point interface IFA_ADDRESS is the other end's.
        let bytes = try (attributes[IFA_LOCAL] ?? attributes[IFA_ADDRESS]).required("an address")
        guard let address = IPAddress(bytes: bytes), address.family == header.ifa_family,
            let prefix = IPPrefix(address, length: header.ifa_prefixlen)
        else { throw MalformedReply("\(bytes.count) bytes with \(header.ifa_prefixlen) bits are no address") }
        let flags: UInt32 = try attributes.integer(IFA_FLAGS) ?? UInt32(header.ifa_flags)
        self.init(
            interface: header.ifa_index,
            prefix: prefix,
            isTrusted: flags & UInt32(IFA_F_NODAD) != 0,
            scope: header.ifa_scope
        )
    }

    fileprivate func request(_ type: Int, flags: Int32, _ verb: String) -> Request {
        var attributes = Attributes()
        attributes.add(IFA_LOCAL, bytes: prefix.address.bytes)
        attributes.add(IFA_ADDRESS, bytes: prefix.address.bytes)
        // The networks of two addresses and fewer have no address for all.
        if type == RTM_NEWADDR, prefix.address.isV4, prefix.length < 31 {
            attributes.add(IFA_BROADCAST, bytes: prefix.last.bytes)
        }
        if isTrusted { attributes.add(IFA_FLAGS, UInt32(IFA_F_NODAD)) }
        let header = ifaddrmsg(
            ifa_family: prefix.address.family,
            ifa_prefixlen: prefix.length,
            ifa_flags: 0,
            ifa_scope: scope,
            ifa_index: interface
        )
        let action = "\(verb) interface \(interface)"
        return Request(type: UInt16(type), flags: flags, structure: header, attributes: attributes, action: action)
    }
}

/// How far an address or a route reaches (`rtm_scope` of rtnetlink(7)).
package enum RouteScope {
    package static let universe = UInt8(RT_SCOPE_UNIVERSE.rawValue)
    package static let link = UInt8(RT_SCOPE_LINK.rawValue)
    package static let host = UInt8(RT_SCOPE_HOST.rawValue)
}

extension Request {
    /// Gives an address to an interface.
    package static func addAddress(_ address: InterfaceAddress) -> Request {
        address.request(RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, "add address \(address.prefix) to")
    }

    /// Takes an address from an interface.
    package static func deleteAddress(_ address: InterfaceAddress) -> Request {
        address.request(RTM_DELADDR, flags: 0, "delete address \(address.prefix) of")
    }
}

extension NetlinkSocket {
    /// All IPv4 and IPv6 addresses of the namespace.
    package func addresses() throws(NetlinkError) -> [InterfaceAddress] {
        let action = "list addresses"
        let request = Request(type: UInt16(RTM_GETADDR), structure: ifaddrmsg(), action: action)
        return try dump(request).decoded(UInt16(RTM_NEWADDR), action, InterfaceAddress.init)
    }
}
