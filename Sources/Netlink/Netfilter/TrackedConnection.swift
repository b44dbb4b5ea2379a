// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A connection that the kernel tracks, and translates the addresses of (linux/netfilter/nfnetlink_conntrack.h).
package struct TrackedConnection: Equatable, Sendable {
    /// One direction of it.
    package struct Flow: Equatable, Sendable {
        package var source: IPAddress
        package var destination: IPAddress
        /// `IPPROTO_TCP` and its like.
        package var transport: UInt8
        /// 0 where the protocol has no ports.
        package var sourcePort: UInt16
        package var destinationPort: UInt16
        /// The attributes that name it to the kernel again.
        fileprivate var encoded: [UInt8]

        init(_ bytes: ArraySlice<UInt8>) throws(MalformedReply) {
            encoded = Array(bytes)
            let attributes = try ParsedAttributes(bytes)
            let addresses = try attributes.nested(CTA_TUPLE_IP).required("the addresses of a connection")
            let ends = try attributes.nested(CTA_TUPLE_PROTO).required("the protocol of a connection")
            let source = addresses[CTA_IP_V4_SRC] ?? addresses[CTA_IP_V6_SRC]
            let destination = addresses[CTA_IP_V4_DST] ?? addresses[CTA_IP_V6_DST]
            self.source = try source.flatMap { IPAddress(bytes: $0) }.required("the source of a connection")
            self.destination = try destination.flatMap { IPAddress(bytes: $0) }
                .required("the destination of a connection")
            transport = try ends.integer(CTA_PROTO_NUM).required("the protocol of a connection")
            sourcePort = try ends.bigEndian(CTA_PROTO_SRC_PORT) ?? 0
            destinationPort = try ends.bigEndian(CTA_PROTO_DST_PORT) ?? 0
        }
    }

    /// As the first packet had it.
    package var original: Flow
    /// As answers have it; after a translation its source is who really answers.
    package var reply: Flow
    private let id: [UInt8]?
    /// Connections of different zones may look alike.
    private let zone: [UInt8]?

    /// Reads a message of type `IPCTNL_MSG_CT_NEW`.
    ///
    /// - Parameter message: The message.
    /// - Throws: Where something is missing or a length does not fit.
    package init(_ message: Reply) throws(MalformedReply) {
        let attributes = try message.parsed(as: nfgenmsg.self).attributes
        original = try Flow(attributes[CTA_TUPLE_ORIG].required("the original direction of a connection"))
        reply = try Flow(attributes[CTA_TUPLE_REPLY].required("the reply direction of a connection"))
        id = attributes[CTA_ID].map(Array.init)
        zone = attributes[CTA_ZONE].map(Array.init)
    }

    /// Forgets the connection, but not another one that took its place meanwhile.
    fileprivate var deletion: Request {
        var attributes = Attributes()
        attributes.add(CTA_TUPLE_ORIG, bytes: original.encoded)
        if let id { attributes.add(CTA_ID, bytes: id) }
        if let zone { attributes.add(CTA_ZONE, bytes: zone) }
        return Request.netfilter(
            NFNL_SUBSYS_CTNETLINK,
            IPCTNL_MSG_CT_DELETE.rawValue,
            family: original.source.family,
            attributes,
            action: "forget the connection from \(original.source) to \(original.destination)"
        )
    }
}

extension NetlinkSocket {
    /// The connections that the namespace tracks.
    ///
    /// - Parameter family: Which ones: `AF_INET`, `AF_INET6` or, for both, `AF_UNSPEC`.
    /// - Returns: The connections.
    /// - Throws: Where the kernel does not tell.
    package func trackedConnections(
        of family: UInt8 = UInt8(AF_UNSPEC)
    ) throws(NetlinkError) -> [TrackedConnection] {
        let action = "list tracked connections"
        let request = Request.netfilter(
            NFNL_SUBSYS_CTNETLINK,
            IPCTNL_MSG_CT_GET.rawValue,
            family: family,
            Attributes(),
            action: action
        )
        return try dump(request).decoded(
            Request.netfilterType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW.rawValue),
            action,
            TrackedConnection.init
        )
    }

    /// Forgets connections, so that their next packets are looked up anew and do not go to an address that has gone.
    ///
    /// - Parameters:
    ///   - family: Among which ones: `AF_INET`, `AF_INET6` or, for both, `AF_UNSPEC`.
    ///   - isChosen: Which ones.
    /// - Returns: How many were forgotten.
    /// - Throws: Where the kernel refuses; a connection that ended meanwhile is no error.
    @discardableResult
    package func forgetConnections(
        of family: UInt8 = UInt8(AF_UNSPEC),
        where isChosen: (TrackedConnection) -> Bool
    ) throws(NetlinkError) -> Int {
        var count = 0
        for answer in try answers(to: trackedConnections(of: family).filter(isChosen).map(\.deletion)) {
            if let failure = answer.failure {
                if failure.number == ENOENT { continue }
                throw failure
            }
            count += 1
        }
        return count
    }
}
