// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// One of the sixteen registers of four bytes that the expressions of a rule work on.
///
/// A longer value fills those that follow, too.
package struct Register: Equatable, Sendable {
    fileprivate let number: UInt32

    /// A register.
    ///
    /// - Parameter index: From 0 to 15.
    package init(_ index: UInt8) {
        precondition(index < 16, "there are sixteen registers")
        number = NFT_REG32_00.rawValue + UInt32(index)
    }
}

/// A step of a rule (linux/netfilter/nf_tables.h, documentation/netlink/specs/nftables).
///
/// A rule goes on to its next step as long as no comparison and no lookup fails.
package enum Expression: Equatable, Sendable {
    /// What the kernel knows about a packet besides its bytes.
    package enum MetaKey: Sendable {
        case mark
        case inputInterface
        case outputInterface
        /// What sort of virtual device it came in by, as a name: `bridge` for example.
        case inputKind
        case outputKind
        /// `AF_INET` or `AF_INET6`, in one byte.
        case networkProtocol
        /// `IPPROTO_TCP` and its like, in one byte.
        case transportProtocol

        fileprivate var number: UInt32 {
            switch self {
            case .mark: NFT_META_MARK.rawValue
            case .inputInterface: NFT_META_IIFNAME.rawValue
            case .outputInterface: NFT_META_OIFNAME.rawValue
            case .inputKind: NFT_META_IIFKIND.rawValue
            case .outputKind: NFT_META_OIFKIND.rawValue
            case .networkProtocol: NFT_META_NFPROTO.rawValue
            case .transportProtocol: NFT_META_L4PROTO.rawValue
            }
        }
    }

    /// Which header an offset counts from.
    package enum Header: Sendable {
        case link
        case network
        case transport

        fileprivate var number: UInt32 {
            switch self {
            case .link: NFT_PAYLOAD_LL_HEADER.rawValue
            case .network: NFT_PAYLOAD_NETWORK_HEADER.rawValue
            case .transport: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue
            }
        }
    }

    /// What connection tracking knows about the connection of a packet.
    package enum ConnectionKey: Sendable {
        /// A bit of `ConnectionStates`.
        case state
        /// Bits of `enum ip_conntrack_status`.
        case status
        case mark

        fileprivate var number: UInt32 {
            switch self {
            case .state: NFT_CT_STATE.rawValue
            case .status: NFT_CT_STATUS.rawValue
            case .mark: NFT_CT_MARK.rawValue
            }
        }
    }

    /// Whose route to look at.
    package enum AddressOf: Sendable {
        case source
        case destination

        fileprivate var flag: UInt32 {
            switch self {
            case .source: UInt32(NFTA_FIB_F_SADDR.rawValue)
            case .destination: UInt32(NFTA_FIB_F_DADDR.rawValue)
            }
        }
    }

    case meta(MetaKey, to: Register)
    case setMark(from: Register)
    case payload(Header, offset: UInt32, length: UInt32, to: Register)
    case compare(Register, isEqual: Bool = true, to: [UInt8])
    /// The bits of a value that a mask keeps.
    case mask(Register, by: [UInt8], to: Register)
    /// Ends the rule where the value is not in a set, or where it is.
    case lookup(Register, in: String, isInverted: Bool = false)
    /// Ends the rule where the value is no key of a map, else gives what it leads to.
    case map(Register, by: String, to: Register)
    /// Does what the map of verdicts says.
    case verdictMap(Register, by: String)
    case immediate([UInt8], to: Register)
    case verdict(NetfilterVerdict)
    case counter
    case connection(ConnectionKey, to: Register)
    /// The kind of an address by the routes, `RTN_LOCAL` for example, in four bytes.
    case addressType(AddressOf, to: Register)
    case destinationNAT(isV4: Bool = true, address: Register, port: Register? = nil)
    case sourceNAT(isV4: Bool = true, address: Register, port: Register? = nil)
    /// Gives the packet the address of the interface that it leaves by.
    case masquerade

    fileprivate var name: String {
        switch self {
        case .meta, .setMark: "meta"
        case .payload: "payload"
        case .compare: "cmp"
        case .mask: "bitwise"
        case .lookup, .map, .verdictMap: "lookup"
        case .immediate, .verdict: "immediate"
        case .counter: "counter"
        case .connection: "ct"
        case .addressType: "fib"
        case .destinationNAT, .sourceNAT: "nat"
        case .masquerade: "masq"
        }
    }

    /// The attributes of `NFTA_LIST_ELEM`.
    var attributes: Attributes {
        var attributes = Attributes()
        attributes.add(NFTA_EXPR_NAME, text: name)
        attributes.nest(NFTA_EXPR_DATA) { addData(to: &$0) }
        return attributes
    }

    private func addData(to data: inout Attributes) {
        switch self {
        case .meta(let key, let register):
            data.add(NFTA_META_KEY, bigEndian: key.number)
            data.add(NFTA_META_DREG, bigEndian: register.number)
        case .setMark(let register):
            data.add(NFTA_META_KEY, bigEndian: MetaKey.mark.number)
            data.add(NFTA_META_SREG, bigEndian: register.number)
        case .payload(let header, let offset, let length, let register):
            data.add(NFTA_PAYLOAD_DREG, bigEndian: register.number)
            data.add(NFTA_PAYLOAD_BASE, bigEndian: header.number)
            data.add(NFTA_PAYLOAD_OFFSET, bigEndian: offset)
            data.add(NFTA_PAYLOAD_LEN, bigEndian: length)
        case .compare(let register, let isEqual, let value):
            data.add(NFTA_CMP_SREG, bigEndian: register.number)
            data.add(NFTA_CMP_OP, bigEndian: UInt32((isEqual ? NFT_CMP_EQ : NFT_CMP_NEQ).rawValue))
            data.nest(NFTA_CMP_DATA) { $0.add(NFTA_DATA_VALUE, bytes: value) }
        case .mask(let source, let mask, let register):
            data.add(NFTA_BITWISE_SREG, bigEndian: source.number)
            data.add(NFTA_BITWISE_DREG, bigEndian: register.number)
            data.add(NFTA_BITWISE_LEN, bigEndian: UInt32(mask.count))
            data.nest(NFTA_BITWISE_MASK) { $0.add(NFTA_DATA_VALUE, bytes: mask) }
            data.nest(NFTA_BITWISE_XOR) { $0.add(NFTA_DATA_VALUE, bytes: [UInt8](repeating: 0, count: mask.count)) }
        case .lookup(let register, let set, let isInverted):
            addLookup(register, set, to: &data)
            if isInverted { data.add(NFTA_LOOKUP_FLAGS, bigEndian: UInt32(NFT_LOOKUP_F_INV.rawValue)) }
        case .map(let register, let set, let result):
            addLookup(register, set, to: &data)
            data.add(NFTA_LOOKUP_DREG, bigEndian: result.number)
        case .verdictMap(let register, let set):
            addLookup(register, set, to: &data)
            data.add(NFTA_LOOKUP_DREG, bigEndian: UInt32(NFT_REG_VERDICT.rawValue))
        case .immediate(let value, let register):
            data.add(NFTA_IMMEDIATE_DREG, bigEndian: register.number)
            data.nest(NFTA_IMMEDIATE_DATA) { $0.add(NFTA_DATA_VALUE, bytes: value) }
        case .verdict(let verdict):
            data.add(NFTA_IMMEDIATE_DREG, bigEndian: UInt32(NFT_REG_VERDICT.rawValue))
            data.nest(NFTA_IMMEDIATE_DATA, verdict.data)
        case .counter:
            data.add(NFTA_COUNTER_BYTES, bigEndian: UInt64(0))
            data.add(NFTA_COUNTER_PACKETS, bigEndian: UInt64(0))
        case .connection(let key, let register):
            data.add(NFTA_CT_KEY, bigEndian: key.number)
            data.add(NFTA_CT_DREG, bigEndian: register.number)
        case .addressType(let address, let register):
            data.add(NFTA_FIB_DREG, bigEndian: register.number)
            data.add(NFTA_FIB_RESULT, bigEndian: UInt32(NFT_FIB_RESULT_ADDRTYPE.rawValue))
            data.add(NFTA_FIB_FLAGS, bigEndian: address.flag)
        case .destinationNAT(let isV4, let address, let port):
            addTranslation(NFT_NAT_DNAT, isV4, address, port, to: &data)
        case .sourceNAT(let isV4, let address, let port):
            addTranslation(NFT_NAT_SNAT, isV4, address, port, to: &data)
        case .masquerade: break
        }
    }

    private func addLookup(_ register: Register, _ set: String, to data: inout Attributes) {
        data.add(NFTA_LOOKUP_SET, text: set)
        data.add(NFTA_LOOKUP_SREG, bigEndian: register.number)
    }

    private func addTranslation(
        _ type: nft_nat_types,
        _ isV4: Bool,
        _ address: Register,
        _ port: Register?,
        to data: inout Attributes
    ) {
        data.add(NFTA_NAT_TYPE, bigEndian: UInt32(type.rawValue))
        data.add(NFTA_NAT_FAMILY, bigEndian: UInt32(isV4 ? AF_INET : AF_INET6))
        data.add(NFTA_NAT_REG_ADDR_MIN, bigEndian: address.number)
        if let port { data.add(NFTA_NAT_REG_PROTO_MIN, bigEndian: port.number) }
    }
}
