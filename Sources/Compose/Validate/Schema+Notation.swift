// SPDX-License-Identifier: Apache-2.0

/// The notation that the tables are written in.
extension Schema {
    static let string = Schema(.string)
    static let boolean = Schema(.boolean)
    static let integer = Schema(.integer)
    static let number = Schema(.number)
    static let null = Schema(.null)

    static let booleanOrString = either(.boolean, .string)
    static let integerOrString = either(.integer, .string)
    static let numberOrString = either(.number, .string)

    /// An integer within bounds.
    static func integer(from minimum: Int, through maximum: Int? = nil) -> Schema {
        Schema(.integer, range: NumberRange(minimum: minimum, maximum: maximum))
    }

    /// One of a few words.
    static func words(_ words: String...) -> Schema {
        Schema(.string, text: .words(words))
    }

    /// A list whose items are all alike.
    static func list(of items: Schema) -> Schema {
        Schema(.list, list: List(items: items, isUnique: false))
    }

    /// A list whose items are all alike and differ from each other.
    static func uniqueList(of items: Schema) -> Schema {
        Schema(.list, list: List(items: items, isUnique: true))
    }

    /// A mapping that has these keys, those that begin with `x-`, and no other.
    static func object(requiring required: String..., keys: [String: Schema]) -> Schema {
        object(keys, required: required)
    }

    /// A mapping that has these keys and no other.
    ///
    /// The specification forbids `x-` keys in a few places, it seems by accident.
    static func strictObject(requiring required: String..., keys: [String: Schema]) -> Schema {
        object(keys, required: required, allowsExtensions: false)
    }

    /// A mapping that has these keys, and any other one with any value.
    static func openObject(keys: [String: Schema]) -> Schema {
        object(keys, allowsExtensions: false, isClosed: false)
    }

    /// A mapping whose keys are all chosen by the user.
    ///
    /// A name against the rule is an error where the mapping is closed, and passes with any value where it is not.
    static func names(_ rule: NameRule, to values: Schema, isClosed: Bool) -> Schema {
        object(
            [:],
            allowsExtensions: false,
            names: Object.Names(rule: rule, values: values),
            isClosed: isClosed
        )
    }

    /// A value of one of several schemas that have no kind in common.
    static func either(_ alternatives: Schema...) -> Schema {
        var kinds: Kinds = []
        var text = TextRule.any
        var range = NumberRange()
        for alternative in alternatives {
            assert(kinds.isDisjoint(with: alternative.kinds), "alternatives that share a kind")
            kinds.formUnion(alternative.kinds)
            if alternative.kinds.contains(.string) {
                text = alternative.text
            }
            if alternative.kinds.contains(.integer) {
                range = alternative.range
            }
        }
        return Schema(
            kinds,
            text: text,
            range: range,
            list: alternatives.lazy.compactMap(\.list).first,
            object: alternatives.lazy.compactMap(\.object).first
        )
    }

    private static func object(
        _ keys: [String: Schema],
        required: [String] = [],
        allowsExtensions: Bool = true,
        names: Object.Names? = nil,
        isClosed: Bool = true
    ) -> Schema {
        Schema(
            .mapping,
            object: Object(
                keys: keys,
                required: required,
                allowsExtensions: allowsExtensions,
                names: names,
                isClosed: isClosed
            )
        )
    }
}
