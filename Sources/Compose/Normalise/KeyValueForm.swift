// SPDX-License-Identifier: Apache-2.0

import YAML

/// Turns lists of `name=value` into mappings once no further file can append to them.
///
/// From here on every variable and label has a key path of its own, with the place of its list item.
enum KeyValueForm {
    private enum Rule {
        /// A name without a value means something: it has none.
        case nullable
        /// A name without a value has the empty one.
        case emptyByDefault
    }

    private static let rules = PathRules<Rule>([
        "networks.*.labels": .emptyByDefault,
        "volumes.*.labels": .emptyByDefault,
        "secrets.*.labels": .emptyByDefault,
        "configs.*.labels": .emptyByDefault,
        "services.*.annotations": .emptyByDefault,
        "services.*.build.args": .nullable,
        "services.*.build.labels": .emptyByDefault,
        "services.*.deploy.labels": .emptyByDefault,
        "services.*.environment": .nullable,
        "services.*.labels": .emptyByDefault,
        "services.*.sysctls": .emptyByDefault,
    ])

    /// Converts the lists of a whole tree.
    static func apply(to root: inout Node, _ diagnostics: DiagnosticBag) {
        apply(to: &root, rules: rules, diagnostics)
    }

    private static func apply(to node: inout Node, rules: PathRules<Rule>, _ diagnostics: DiagnosticBag) {
        if let rule = rules.rule {
            if let items = node.sequence, let mapping = mapping(of: items, rule, diagnostics) {
                node.value = .mapping(mapping)
            }
            return
        }
        node.withMapping { mapping in
            mapping.updateValues { key, value in
                if let below = rules.below(key) {
                    apply(to: &value, rules: below, diagnostics)
                }
            }
        }
    }

    /// The mapping of a list; nil where an item is no string, which decoding reports.
    private static func mapping(of items: [Node], _ rule: Rule, _ diagnostics: DiagnosticBag) -> Mapping? {
        var mapping = Mapping()
        for item in items {
            guard let text = item.string else {
                return nil
            }
            var key = text
            var value: Node.Value = rule == .nullable ? .null : .string("")
            if let split = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                key = String(text[..<split])
                value = .string(String(text[text.utf8.index(after: split)...]))
            }
            if rule == .nullable, let last = key.unicodeScalars.last, isWhiteSpace(last) {
                diagnostics.error(
                    .invalidValue,
                    "the name of the variable `\(key)` ends in white space",
                    at: item.origin,
                    suggestion: "remove the space before `=`"
                )
            }
            mapping[key] = Node(value, at: item.origin)
        }
        return mapping
    }

    private static func isWhiteSpace(_ scalar: Unicode.Scalar) -> Bool {
        // The table of all characters is not asked about those that most names end in.
        scalar.isASCII ? scalar == " " || ("\t"..."\r").contains(scalar) : scalar.properties.isWhitespace
    }
}
