// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A list of rules (nft(8), "CHAINS").
package struct Chain: Equatable, Sendable {
    /// Where the kernel enters a base chain.
    package struct Hook: Equatable, Sendable {
        /// A place on the way of a packet (`enum nf_inet_hooks` of linux/netfilter.h).
        package enum Point: UInt32, Sendable {
            case prerouting = 0
            case input = 1
            case forward = 2
            case output = 3
            case postrouting = 4
        }

        /// What the chain may do.
        package enum Kind: String, Sendable {
            case filter
            case nat
            case route
        }

        package var kind: Kind
        package var point: Point
        /// Chains with a lower number come first.
        package var priority: Int32
        /// What becomes of a packet that no rule decides about.
        package var drops: Bool

        package init(_ kind: Kind, _ point: Point, priority: Int32, drops: Bool = false) {
            self.kind = kind
            self.point = point
            self.priority = priority
            self.drops = drops
        }
    }

    package var table: Table
    package var name: String
    /// nil for a chain that only other chains lead to.
    package var hook: Hook?

    package init(_ table: Table, _ name: String, hook: Hook? = nil) {
        self.table = table
        self.name = name
        self.hook = hook
    }

    /// Reads a message of type `NFT_MSG_NEWCHAIN`; nil for a family, a kind or a place that is not known here.
    ///
    /// - Parameter reply: The message.
    /// - Throws: Where something is missing or a length does not fit.
    package init?(_ reply: Reply) throws(MalformedReply) {
        let (header, attributes) = try reply.parsed(as: nfgenmsg.self)
        guard let family = NetfilterFamily(rawValue: header.nfgen_family) else { return nil }
        let table = try attributes.text(NFTA_CHAIN_TABLE).required("the table of a chain")
        self.init(Table(family, table), try attributes.text(NFTA_CHAIN_NAME).required("the name of a chain"))
        guard let hook = try attributes.nested(NFTA_CHAIN_HOOK) else { return }
        let number: UInt32 = try hook.bigEndian(NFTA_HOOK_HOOKNUM).required("the place of a chain")
        guard let point = Hook.Point(rawValue: number),
            let kind = Hook.Kind(rawValue: attributes.text(NFTA_CHAIN_TYPE) ?? "")
        else { return nil }
        let policy: UInt32 = try attributes.bigEndian(NFTA_CHAIN_POLICY) ?? NetfilterVerdict.accept.code
        self.hook = Hook(
            kind,
            point,
            priority: Int32(bitPattern: try hook.bigEndian(NFTA_HOOK_PRIORITY) ?? 0),
            drops: policy == NetfilterVerdict.drop.code
        )
    }

    fileprivate var names: Attributes {
        var attributes = Attributes()
        attributes.add(NFTA_CHAIN_TABLE, text: table.name)
        attributes.add(NFTA_CHAIN_NAME, text: name)
        return attributes
    }
}

/// What becomes of a packet (nft(8), "VERDICT STATEMENT").
package enum NetfilterVerdict: Equatable, Sendable {
    case accept
    case drop
    /// Goes on with the next rule.
    case next
    /// Goes on in the chain that led here.
    case back
    case jump(String)
    case goto(String)

    var code: UInt32 {
        switch self {
        // NF_ACCEPT and NF_DROP of linux/netfilter.h, which clashes with netinet/in.h.
        case .drop: 0
        case .accept: 1
        case .next: UInt32(bitPattern: NFT_CONTINUE.rawValue)
        case .jump: UInt32(bitPattern: NFT_JUMP.rawValue)
        case .goto: UInt32(bitPattern: NFT_GOTO.rawValue)
        case .back: UInt32(bitPattern: NFT_RETURN.rawValue)
        }
    }

    /// The chain that it leads to.
    var chain: String? {
        switch self {
        case .jump(let chain), .goto(let chain): chain
        default: nil
        }
    }

    /// Reads the attributes of `NFTA_DATA_VERDICT`.
    init?(_ attributes: ParsedAttributes) throws(MalformedReply) {
        let code: UInt32 = try attributes.bigEndian(NFTA_VERDICT_CODE).required("the code of a verdict")
        let chain = attributes.text(NFTA_VERDICT_CHAIN) ?? ""
        let all: [NetfilterVerdict] = [.accept, .drop, .next, .back, .jump(chain), .goto(chain)]
        guard let verdict = all.first(where: { $0.code == code }) else { return nil }
        self = verdict
    }

    /// A value of type `nft_data` (`NFTA_DATA_VERDICT`).
    var data: Attributes {
        var data = Attributes()
        data.nest(NFTA_DATA_VERDICT) { verdict in
            verdict.add(NFTA_VERDICT_CODE, bigEndian: code)
            if let chain { verdict.add(NFTA_VERDICT_CHAIN, text: chain) }
        }
        return data
    }
}

extension Request {
    /// Adds a chain; one that is there stays, with its rules.
    package static func addChain(_ chain: Chain) -> Request {
        var attributes = chain.names
        if let hook = chain.hook {
            attributes.nest(NFTA_CHAIN_HOOK) {
                $0.add(NFTA_HOOK_HOOKNUM, bigEndian: hook.point.rawValue)
                $0.add(NFTA_HOOK_PRIORITY, bigEndian: hook.priority)
            }
            let policy: NetfilterVerdict = hook.drops ? .drop : .accept
            attributes.add(NFTA_CHAIN_POLICY, bigEndian: policy.code)
            attributes.add(NFTA_CHAIN_TYPE, text: hook.kind.rawValue)
        }
        return chain.table.request(
            NFT_MSG_NEWCHAIN,
            flags: NLM_F_CREATE,
            attributes,
            action: "add chain \(chain.name) to"
        )
    }

    /// Removes a chain with its rules; no other rule and no element may lead to it.
    package static func deleteChain(_ chain: Chain) -> Request {
        chain.table.request(NFT_MSG_DELCHAIN, chain.names, action: "delete chain \(chain.name) of")
    }
}

extension NetlinkSocket {
    /// All chains of the namespace, those of other programs too.
    package func chains() throws(NetlinkError) -> [Chain] {
        let action = "list chains of nftables"
        let request = Request.netfilter(
            NFNL_SUBSYS_NFTABLES,
            NFT_MSG_GETCHAIN.rawValue,
            family: UInt8(AF_UNSPEC),
            Attributes(),
            action: action
        )
        return try dump(request).decoded(
            Request.netfilterType(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWCHAIN.rawValue),
            action,
            Chain.init
        )
    }
}
