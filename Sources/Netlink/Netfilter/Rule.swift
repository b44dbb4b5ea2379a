// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A rule of a chain.
package struct Rule: Equatable, Sendable {
    /// Where a rule goes.
    package enum Position: Equatable, Sendable {
        case last
        case first
    }

    package var table: Table
    package var chain: String
    package var steps: [Expression]
    /// What nft(8) shows as comment: a mark by which rules in a chain of others are found again.
    package var comment: String?

    package init(_ table: Table, _ chain: String, _ steps: [Expression], comment: String? = nil) {
        self.table = table
        self.chain = chain
        self.steps = steps
        self.comment = comment
    }
}

/// A rule as the kernel shows it; of its steps only what is simple.
package struct RuleState: Equatable, Sendable {
    package var chain: String
    /// The number by which it is deleted.
    package var handle: UInt64
    package var comment: String?
    /// What it accepts; nil where it does something else, or looks at more than interfaces.
    package var acceptance: RuleAcceptance?

    /// Reads a message of type `NFT_MSG_NEWRULE`.
    ///
    /// - Parameter reply: The message.
    /// - Throws: Where something is missing or a length does not fit.
    package init(_ reply: Reply) throws(MalformedReply) {
        let attributes = try reply.parsed(as: nfgenmsg.self).attributes
        chain = try attributes.text(NFTA_RULE_CHAIN).required("the chain of a rule")
        handle = try attributes.bigEndian(NFTA_RULE_HANDLE).required("the handle of a rule")
        comment = attributes[NFTA_RULE_USERDATA].flatMap(UserData.comment)
        acceptance = try attributes.nested(NFTA_RULE_EXPRESSIONS).flatMap(RuleAcceptance.init)
    }
}

extension Request {
    /// Adds a rule.
    ///
    /// - Parameters:
    ///   - rule: The rule, with a comment of at most 253 bytes.
    ///   - position: Where in the chain.
    /// - Returns: The request.
    package static func addRule(_ rule: Rule, at position: Rule.Position = .last) -> Request {
        var attributes = Attributes()
        attributes.add(NFTA_RULE_TABLE, text: rule.table.name)
        attributes.add(NFTA_RULE_CHAIN, text: rule.chain)
        attributes.nest(NFTA_RULE_EXPRESSIONS) { list in
            for step in rule.steps { list.nest(NFTA_LIST_ELEM, step.attributes) }
        }
        if let data = rule.comment.map(UserData.encoded) { attributes.add(NFTA_RULE_USERDATA, bytes: data) }
        return rule.table.request(
            NFT_MSG_NEWRULE,
            flags: NLM_F_CREATE | (position == .last ? NLM_F_APPEND : 0),
            attributes,
            action: "add a rule to chain \(rule.chain) of"
        )
    }

    /// Removes a rule.
    package static func deleteRule(_ handle: UInt64, of chain: Chain) -> Request {
        var attributes = Attributes()
        attributes.add(NFTA_RULE_TABLE, text: chain.table.name)
        attributes.add(NFTA_RULE_CHAIN, text: chain.name)
        attributes.add(NFTA_RULE_HANDLE, bigEndian: handle)
        let action = "delete rule \(handle) of chain \(chain.name) of"
        return chain.table.request(NFT_MSG_DELRULE, attributes, action: action)
    }

    /// Removes all rules of a chain.
    package static func flushChain(_ chain: Chain) -> Request {
        var attributes = Attributes()
        attributes.add(NFTA_RULE_TABLE, text: chain.table.name)
        attributes.add(NFTA_RULE_CHAIN, text: chain.name)
        return chain.table.request(NFT_MSG_DELRULE, attributes, action: "flush chain \(chain.name) of")
    }
}

extension NetlinkSocket {
    /// The rules of a table in the order of each chain.
    package func rules(of table: Table) throws(NetlinkError) -> [RuleState] {
        var attributes = Attributes()
        attributes.add(NFTA_RULE_TABLE, text: table.name)
        let request = table.request(NFT_MSG_GETRULE, attributes, action: "list the rules of")
        let type = Request.netfilterType(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE.rawValue)
        return try dump(request).decoded(type, request.action, RuleState.init)
    }
}
