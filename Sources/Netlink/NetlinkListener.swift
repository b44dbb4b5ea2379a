// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// A socket that hears of changes, whoever makes them (netlink(7), "multicast groups").
package final class NetlinkListener: Sendable {
    /// What there is to hear of.
    package enum Topic: Sendable {
        /// Interfaces (`RTNLGRP_LINK`).
        case links
        /// All of nftables (`NFNLGRP_NFTABLES`).
        case nftables

        fileprivate var family: NetlinkSocket.Family { self == .links ? .route : .netfilter }

        fileprivate var group: Int32 {
            switch self {
            case .links: Int32(RTNLGRP_LINK.rawValue)
            case .nftables: Int32(NFNLGRP_NFTABLES.rawValue)
            }
        }

        fileprivate var action: String { self == .links ? "hear of interfaces" : "hear of nftables" }
    }

    /// What came in.
    package enum Heard: Equatable, Sendable {
        case messages([Reply])
        /// There was no room for all messages: anything may have happened.
        case loss
    }

    private let descriptor: Descriptor
    private let topic: Topic

    /// The number of the socket, to be waited for.
    package var number: Int32 { descriptor.number }

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - topic: What about.
    ///   - network: The number of a descriptor of the network namespace; nil is the one of the calling thread.
    ///   - size: How many bytes may wait, where the kernel grants it.
    /// - Throws: The error of socket(2), setns(2) or setsockopt(2): nftables are heard of with CAP_NET_ADMIN only.
    package init(
        _ topic: Topic,
        inNetworkOf network: Int32? = nil,
        roomForBytes size: Int32 = 1 << 20
    ) throws(NetlinkError) {
        descriptor = Descriptor(owning: try NetlinkSocket.open(topic.family, network).0)
        self.topic = topic
        _ = clinux_netlink_set_receive_buffer(descriptor.number, size)
        do throws(SystemError) {
            try SystemError.check(clinux_netlink_join(descriptor.number, topic.group), "setsockopt")
        } catch {
            throw NetlinkError(topic.action, error)
        }
    }

    /// The next messages, without waiting for them.
    ///
    /// - Returns: The messages of one datagram; nil where there is none.
    /// - Throws: Where the socket fails, or the messages make no sense.
    package func receive() throws(NetlinkError) -> Heard? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var sender: UInt32 = 0
            let count = clinux_netlink_receive(number, &bytes, bytes.count, Int32(MSG_DONTWAIT), &sender)
            if count == -Int64(EAGAIN) { return nil }
            if count == -Int64(ENOBUFS) { return .loss }
            do throws(SystemError) {
                try SystemError.check(count, "recvfrom")
            } catch {
                throw NetlinkError(topic.action, error)
            }
            // Any process may send to the port; only the kernel is port 0.
            if sender != 0 { continue }
            // One that is longer than the buffer has lost its end.
            if count > bytes.count { return .loss }
            do throws(MalformedReply) {
                return .messages(try Reply.split(bytes[..<Int(count)]))
            } catch {
                throw NetlinkError(topic.action, error)
            }
        }
    }
}

extension Link {
    /// The interface that a message says has gone from the namespace.
    ///
    /// - Parameter message: A message of ``NetlinkListener/Topic/links``.
    /// - Returns: The name of the interface; nil where it says something else.
    /// - Throws: Where something is missing or a length does not fit.
    package static func gone(_ message: Reply) throws(MalformedReply) -> String? {
        guard message.type == UInt16(RTM_DELLINK) else { return nil }
        let (header, attributes) = try message.parsed(as: ifinfomsg.self)
        // A bridge tells in the same way that it has lost a port.
        guard header.ifi_family == UInt8(AF_UNSPEC) else { return nil }
        return try attributes.text(IFLA_IFNAME).required("the name of interface \(header.ifi_index)")
    }
}

extension Table {
    /// The table that a message says has changed.
    ///
    /// - Parameter message: A message of ``NetlinkListener/Topic/nftables``; its port is that of who made the change.
    /// - Returns: The table; nil where it is about none, or about one of a family that is not known here.
    /// - Throws: Where something is missing or a length does not fit.
    package static func changed(_ message: Reply) throws(MalformedReply) -> Table? {
        guard message.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES),
            message.type & 0xff != UInt16(truncatingIfNeeded: NFT_MSG_NEWGEN.rawValue)
        else { return nil }
        let (header, attributes) = try message.parsed(as: nfgenmsg.self)
        guard let family = NetfilterFamily(rawValue: header.nfgen_family) else { return nil }
        // The first attribute of everything in a table: NFTA_CHAIN_TABLE, NFTA_RULE_TABLE and so on.
        return attributes.text(NFTA_TABLE_NAME).map { Table(family, $0) }
    }
}
