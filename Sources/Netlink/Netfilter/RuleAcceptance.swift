// SPDX-License-Identifier: Apache-2.0

import CLinux

/// What a rule accepts that looks at nothing but the interfaces of packets.
package enum RuleAcceptance: Equatable, Sendable {
    case all
    case from(InterfacePattern)
    case to(InterfacePattern)

    /// Reads the steps of a rule (`NFTA_RULE_EXPRESSIONS`); nil where it does not accept, or looks at something else.
    ///
    /// - Parameter expressions: The list.
    /// - Throws: Where a length does not fit.
    init?(_ expressions: ParsedAttributes) throws(MalformedReply) {
        var key: UInt32?
        var result = Self.all
        for entry in expressions.entries {
            let expression = try ParsedAttributes(entry.value)
            let data = try expression.nested(NFTA_EXPR_DATA)
            switch expression.text(NFTA_EXPR_NAME) {
            case "counter": continue
            case "meta":
                key = try data?.bigEndian(NFTA_META_KEY)
            case "cmp":
                let operation: UInt32? = try data?.bigEndian(NFTA_CMP_OP)
                guard operation == NFT_CMP_EQ.rawValue, result == .all,
                    let bytes = try data?.nested(NFTA_CMP_DATA)?[NFTA_DATA_VALUE]
                else { return nil }
                switch key {
                case NFT_META_IIFNAME.rawValue: result = .from(InterfacePattern(bytes))
                case NFT_META_OIFNAME.rawValue: result = .to(InterfacePattern(bytes))
                default: return nil
                }
            case "immediate":
                let verdict = try data?.nested(NFTA_IMMEDIATE_DATA)?.nested(NFTA_DATA_VERDICT)
                guard let verdict, try NetfilterVerdict(verdict) == .accept else { return nil }
                self = result
                return
            default: return nil
            }
        }
        return nil
    }
}

/// The name of an interface, or how it begins.
package struct InterfacePattern: Equatable, Sendable {
    package let text: String
    package let isPrefix: Bool

    /// Reads what a name is compared with: the zero at its end is part of a whole name.
    init(_ bytes: ArraySlice<UInt8>) {
        text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        isPrefix = !bytes.contains(0)
    }

    package func matches(_ name: String) -> Bool { isPrefix ? name.hasPrefix(text) : name == text }
}
