// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What packets a table sees (linux/netfilter.h).
package enum NetfilterFamily: UInt8, Sendable {
    /// IPv4 and IPv6.
    case inet = 1
    case ipv4 = 2
    case arp = 3
    case netdev = 5
    case bridge = 7
    case ipv6 = 10
}

/// The table that everything else of nftables lives in, by its name.
package struct Table: Hashable, Sendable, CustomStringConvertible {
    package var family: NetfilterFamily
    package var name: String

    package init(_ family: NetfilterFamily, _ name: String) {
        self.family = family
        self.name = name
    }

    package var description: String { "table \(family) \(name)" }

    /// A request about something in a table.
    ///
    /// - Parameters:
    ///   - message: `NFT_MSG_NEWCHAIN` and its like.
    ///   - flags: `NLM_F_CREATE` and its like.
    ///   - attributes: All attributes.
    ///   - action: What it is to do, without the table.
    /// - Returns: The request.
    func request(
        _ message: nf_tables_msg_types,
        flags: Int32 = 0,
        _ attributes: Attributes,
        action: String
    ) -> Request {
        Request.netfilter(
            NFNL_SUBSYS_NFTABLES,
            message.rawValue,
            flags: flags,
            family: family.rawValue,
            attributes,
            action: "\(action) \(self)"
        )
    }
}

extension Request {
    /// A request to a subsystem of nfnetlink.
    static func netfilter(
        _ subsystem: Int32,
        _ message: UInt32,
        flags: Int32 = 0,
        family: UInt8,
        _ attributes: Attributes,
        action: String
    ) -> Request {
        Request(
            type: netfilterType(subsystem, message),
            flags: flags,
            structure: nfgenmsg(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0),
            attributes: attributes,
            action: action
        )
    }

    static func netfilterType(_ subsystem: Int32, _ message: UInt32) -> UInt16 {
        UInt16(truncatingIfNeeded: subsystem << 8) | UInt16(truncatingIfNeeded: message)
    }
}

/// Properties of a table (`enum nft_table_flags` of linux/netfilter/nf_tables.h).
package struct TableFlags: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Its chains see no packets.
    package static let dormant = Self(rawValue: NFT_TABLE_F_DORMANT.rawValue)
    /// Only the socket that made it may change it, and it goes with that socket.
    package static let owner = Self(rawValue: NFT_TABLE_F_OWNER.rawValue)
    /// It stays when its owner goes, and another socket may become its owner (Linux 6.9).
    package static let persist = Self(rawValue: CLINUX_NFT_TABLE_F_PERSIST)
}

/// A table as the kernel shows it.
package struct TableState: Equatable, Sendable {
    package var table: Table
    package var flags: TableFlags
    /// The port of the socket that owns it.
    package var owner: UInt32?
    /// How many chains, sets and other things are in it.
    package var use: UInt32

    /// Reads a message of type `NFT_MSG_NEWTABLE`; nil for a family that is not known here.
    ///
    /// - Parameter reply: The message.
    /// - Throws: Where something is missing or a length does not fit.
    package init?(_ reply: Reply) throws(MalformedReply) {
        let (header, attributes) = try reply.parsed(as: nfgenmsg.self)
        guard let family = NetfilterFamily(rawValue: header.nfgen_family) else { return nil }
        table = Table(family, try attributes.text(NFTA_TABLE_NAME).required("the name of a table"))
        flags = TableFlags(rawValue: try attributes.bigEndian(NFTA_TABLE_FLAGS) ?? 0)
        owner = try attributes.bigEndian(NFTA_TABLE_OWNER)
        use = try attributes.bigEndian(NFTA_TABLE_USE) ?? 0
    }
}

extension Request {
    /// Adds a table, or takes over one without an owner whose flags hold `persist`.
    ///
    /// One with the same flags stays as it is.
    package static func addTable(_ table: Table, _ flags: TableFlags = []) -> Request {
        var attributes = Attributes()
        attributes.add(NFTA_TABLE_NAME, text: table.name)
        attributes.add(NFTA_TABLE_FLAGS, bigEndian: flags.rawValue)
        return table.request(NFT_MSG_NEWTABLE, flags: NLM_F_CREATE, attributes, action: "add")
    }

    /// Removes a table with all that is in it.
    package static func deleteTable(_ table: Table) -> Request {
        var attributes = Attributes()
        attributes.add(NFTA_TABLE_NAME, text: table.name)
        return table.request(NFT_MSG_DELTABLE, attributes, action: "delete")
    }
}

extension NetlinkSocket {
    /// All tables of the namespace, those of other programs too.
    package func tables() throws(NetlinkError) -> [TableState] {
        let action = "list tables of nftables"
        let request = Request.netfilter(
            NFNL_SUBSYS_NFTABLES,
            NFT_MSG_GETTABLE.rawValue,
            family: UInt8(AF_UNSPEC),
            Attributes(),
            action: action
        )
        return try dump(request).decoded(
            Request.netfilterType(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWTABLE.rawValue),
            action,
            TableState.init
        )
    }
}
