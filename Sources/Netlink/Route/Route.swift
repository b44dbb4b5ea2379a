// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A route (rtnetlink(7), documentation/netlink/specs/rt-route).
package struct Route: Equatable, Sendable {
    /// Where it leads; all bits zero for the default route.
    package var destination: IPPrefix
    /// The next machine on the way; nil where the destination is on the link, or where several ways share the work.
    package var gateway: IPAddress?
    /// The number of the interface that it leaves by.
    package var interface: UInt32?
    /// The address that is preferred for what this machine sends.
    package var source: IPAddress?
    /// Among routes to one destination the one with the least wins.
    package var metric: UInt32?
    package var scope: UInt8
    /// `RT_TABLE_MAIN` and its like.
    package var table: UInt32
    /// Who made it: `RTPROT_STATIC` and its like.
    package var origin: UInt8
    /// `RTN_UNICAST` and its like.
    package var type: UInt8

    package init(
        to destination: IPPrefix,
        gateway: IPAddress? = nil,
        interface: UInt32? = nil,
        source: IPAddress? = nil,
        metric: UInt32? = nil,
        scope: UInt8? = nil
    ) {
        self.destination = destination
        self.gateway = gateway
        self.interface = interface
        self.source = source
        self.metric = metric
        // Only IPv4 knows scopes; without a gateway the destination must be near.
        let isNear = destination.address.isV4 && gateway == nil
        self.scope = scope ?? (isNear ? RouteScope.link : RouteScope.universe)
        table = UInt32(RT_TABLE_MAIN.rawValue)
        origin = UInt8(RTPROT_STATIC)
        type = UInt8(RTN_UNICAST)
    }

    /// The route for everything that has no other.
    package static func `default`(
        by gateway: IPAddress,
        interface: UInt32? = nil,
        metric: UInt32? = nil
    ) -> Route {
        let all: IPPrefix? = IPPrefix(IPAddress(0, like: gateway), length: 0)
        return Route(to: all ?? IPPrefix(gateway), gateway: gateway, interface: interface, metric: metric)
    }

    /// Reads a message of type `RTM_NEWROUTE`; nil where it is neither an IPv4 nor an IPv6 route.
    ///
    /// - Parameter reply: The message.
    /// - Throws: Where a length does not fit.
    package init?(_ reply: Reply) throws(MalformedReply) {
        let (header, attributes) = try reply.parsed(as: rtmsg.self)
        let zero: IPAddress
        switch Int32(header.rtm_family) {
        case AF_INET: zero = .v4(0)
        case AF_INET6: zero = .v6(0)
        default: return nil
        }
        func address(_ kind: rtattr_type_t) throws(MalformedReply) -> IPAddress? {
            guard let bytes = attributes[kind] else { return nil }
            guard let address = IPAddress(bytes: bytes), address.isV4 == zero.isV4 else {
                throw MalformedReply("\(bytes.count) bytes are no address")
            }
            return address
        }
        guard let destination = IPPrefix(try address(RTA_DST) ?? zero, length: header.rtm_dst_len) else {
            throw MalformedReply("a destination has \(header.rtm_dst_len) bits")
        }
        self.destination = destination
        gateway = try address(RTA_GATEWAY)
        source = try address(RTA_PREFSRC)
        interface = try attributes.integer(RTA_OIF)
        metric = try attributes.integer(RTA_PRIORITY)
        table = try attributes.integer(RTA_TABLE) ?? UInt32(header.rtm_table)
        scope = header.rtm_scope
        origin = header.rtm_protocol
        type = header.rtm_type
    }

    fileprivate func request(_ type: Int, flags: Int32, action: String) -> Request {
        var attributes = Attributes()
        if destination.length > 0 { attributes.add(RTA_DST, bytes: destination.first.bytes) }
        if let gateway { attributes.add(RTA_GATEWAY, bytes: gateway.bytes) }
        if let interface { attributes.add(RTA_OIF, interface) }
        if let source { attributes.add(RTA_PREFSRC, bytes: source.bytes) }
        if let metric { attributes.add(RTA_PRIORITY, metric) }
        // The field of the header has one byte.
        if table > 255 { attributes.add(RTA_TABLE, table) }
        let header = rtmsg(
            rtm_family: destination.address.family,
            rtm_dst_len: destination.length,
            rtm_src_len: 0,
            rtm_tos: 0,
            rtm_table: UInt8(exactly: table) ?? UInt8(RT_TABLE_UNSPEC.rawValue),
            rtm_protocol: origin,
            rtm_scope: scope,
            rtm_type: self.type,
            rtm_flags: 0
        )
        return Request(type: UInt16(type), flags: flags, structure: header, attributes: attributes, action: action)
    }
}

extension Request {
    /// Adds a route.
    package static func addRoute(_ route: Route) -> Request {
        route.request(
            RTM_NEWROUTE,
            flags: NLM_F_CREATE | NLM_F_EXCL,
            action: "add the route to \(route.destination)"
        )
    }

    /// Removes a route that has everything that is given.
    package static func deleteRoute(_ route: Route) -> Request {
        route.request(RTM_DELROUTE, flags: 0, action: "delete the route to \(route.destination)")
    }
}

extension NetlinkSocket {
    /// All IPv4 and IPv6 routes of the namespace, those of every table.
    package func routes() throws(NetlinkError) -> [Route] {
        let action = "list routes"
        let request = Request(type: UInt16(RTM_GETROUTE), structure: rtmsg(), action: action)
        return try dump(request).decoded(UInt16(RTM_NEWROUTE), action, Route.init)
    }
}
