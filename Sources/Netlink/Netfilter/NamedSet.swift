// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The type of a part of a key or of data in a set.
///
/// The kernel keeps the number for nft(8), which alone interprets it (`enum datatypes` of its sources).
package enum DataType: UInt32, Sendable {
    case ipv4Address = 7
    case ipv6Address = 8
    case ethernetAddress = 9
    case protocolNumber = 12
    case port = 13
    case mark = 19
    case interfaceName = 41

    /// Its bytes where it stands alone.
    var size: Int {
        switch self {
        case .protocolNumber: 1
        case .port: 2
        case .ipv4Address, .mark: 4
        case .ethernetAddress: 6
        case .ipv6Address, .interfaceName: 16
        }
    }

    var isInMachineOrder: Bool {
        self == .mark || self == .interfaceName
    }

    /// The number of a concatenation: six bits for each part.
    static func number(of types: [DataType]) -> UInt32 {
        types.reduce(0) { $0 << 6 | $1.rawValue }
    }

    /// The bytes of a concatenation, whose parts fill registers of four bytes each.
    static func size(of types: [DataType]) -> Int {
        types.count == 1 ? types[0].size : types.reduce(0) { $0 + Attributes.aligned($1.size) }
    }
}

/// A part of a key or of data in a set.
package enum DataValue: Equatable, Sendable {
    case address(IPAddress)
    case ethernetAddress(HardwareAddress)
    /// `IPPROTO_TCP` and its like.
    case protocolNumber(UInt8)
    case port(UInt16)
    case mark(UInt32)
    case interfaceName(String)

    /// The bytes as they are compared with a packet.
    package var bytes: [UInt8] {
        switch self {
        case .address(let address): return address.bytes
        case .ethernetAddress(let address): return address.bytes
        case .protocolNumber(let number): return [number]
        case .port(let port): return withUnsafeBytes(of: port.bigEndian, Array.init)
        case .mark(let mark): return withUnsafeBytes(of: mark, Array.init)
        case .interfaceName(let name):
            // A name that is too long keeps its length, so that the kernel refuses it rather than takes it for another.
            let bytes = Array(name.utf8)
            return bytes + repeatElement(0, count: max(0, Int(IFNAMSIZ) - bytes.count))
        }
    }

    /// The bytes of a concatenation.
    package static func bytes(of values: [DataValue]) -> [UInt8] {
        if values.count == 1 { return values[0].bytes }
        return values.flatMap { value in
            let bytes = value.bytes
            return bytes + repeatElement(0, count: Attributes.aligned(bytes.count) - bytes.count)
        }
    }
}

/// A set with a name, or a map where its elements have data (nft(8), "SETS" and "MAPS").
package struct NamedSet: Equatable, Sendable {
    /// What the elements lead to.
    package enum Content: Equatable, Sendable {
        /// Nothing: it is a set.
        case none
        case values([DataType])
        case verdicts

        fileprivate var types: [DataType] {
            if case .values(let types) = self { types } else { [] }
        }
    }

    package var table: Table
    package var name: String
    package var key: [DataType]
    package var content: Content
    /// Whether an element stands for a range of keys.
    package var isInterval: Bool

    package init(
        _ table: Table,
        _ name: String,
        key: [DataType],
        to content: Content = .none,
        isInterval: Bool = false
    ) {
        self.table = table
        self.name = name
        self.key = key
        self.content = content
        self.isInterval = isInterval
    }

    fileprivate var flags: UInt32 {
        var flags: UInt32 = 0
        if content != .none { flags |= NFT_SET_MAP.rawValue }
        if isInterval { flags |= NFT_SET_INTERVAL.rawValue }
        if isInterval, key.count > 1 { flags |= NFT_SET_CONCAT.rawValue }
        return flags
    }

    fileprivate var names: Attributes {
        var attributes = Attributes()
        attributes.add(NFTA_SET_TABLE, text: table.name)
        attributes.add(NFTA_SET_NAME, text: name)
        return attributes
    }
}

extension Request {
    /// Adds a set or a map; one that is there stays, with its elements.
    ///
    /// - Parameters:
    ///   - set: The set.
    ///   - id: A number by which the kernel tells the sets of one batch apart.
    /// - Returns: The request.
    package static func addSet(_ set: NamedSet, id: UInt32 = 1) -> Request {
        var attributes = set.names
        attributes.add(NFTA_SET_FLAGS, bigEndian: set.flags)
        attributes.add(NFTA_SET_KEY_TYPE, bigEndian: DataType.number(of: set.key))
        attributes.add(NFTA_SET_KEY_LEN, bigEndian: UInt32(DataType.size(of: set.key)))
        switch set.content {
        case .none: break
        case .values(let types):
            attributes.add(NFTA_SET_DATA_TYPE, bigEndian: DataType.number(of: types))
            attributes.add(NFTA_SET_DATA_LEN, bigEndian: UInt32(DataType.size(of: types)))
        case .verdicts:
            attributes.add(NFTA_SET_DATA_TYPE, bigEndian: UInt32(NFT_DATA_VERDICT.rawValue))
        }
        attributes.add(NFTA_SET_ID, bigEndian: id)
        attributes.add(NFTA_SET_USERDATA, bytes: UserData.encoded(key: set.key, data: set.content.types))
        if set.isInterval, set.key.count > 1 {
            // The kernel's search through ranges of concatenated keys goes part by part.
            attributes.nest(NFTA_SET_DESC) { description in
                description.nest(NFTA_SET_DESC_CONCAT) { parts in
                    for type in set.key {
                        parts.nest(NFTA_LIST_ELEM) { $0.add(NFTA_SET_FIELD_LEN, bigEndian: UInt32(type.size)) }
                    }
                }
            }
        }
        return set.table.request(
            NFT_MSG_NEWSET,
            flags: NLM_F_CREATE,
            attributes,
            action: "add set \(set.name) to"
        )
    }

    /// Removes a set with its elements; no rule may use it.
    package static func deleteSet(_ set: NamedSet) -> Request {
        set.table.request(NFT_MSG_DELSET, set.names, action: "delete set \(set.name) of")
    }
}

extension NetlinkSocket {
    /// The names of the sets and maps of a table.
    package func setNames(of table: Table) throws(NetlinkError) -> [String] {
        var attributes = Attributes()
        attributes.add(NFTA_SET_TABLE, text: table.name)
        let request = table.request(NFT_MSG_GETSET, attributes, action: "list the sets of")
        let type = Request.netfilterType(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWSET.rawValue)
        return try dump(request).decoded(type, request.action) { (reply) throws(MalformedReply) in
            try reply.parsed(as: nfgenmsg.self).attributes.text(NFTA_SET_NAME).required("the name of a set")
        }
    }
}
