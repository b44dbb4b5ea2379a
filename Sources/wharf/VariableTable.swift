// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

/// The table of `wharf config --variables`.
enum VariableTable {
    private static let header = ["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"]
    private static let gap = 3
    private static let minimumWidth = 20

    /// One line for each variable that a tree refers to, below a header.
    static func lines(of tree: Node) -> [String] {
        var references: [VariableReference] = []
        collect(tree, into: &references)
        let rows =
            [header]
            + VariableReference.combined(references).map { reference in
                [reference.name, String(reference.isRequired), reference.defaultValue, reference.alternateValue]
            }
        let widths = header.indices.map { column in
            max(minimumWidth, (rows.map { $0[column].unicodeScalars.count }.max() ?? 0) + gap)
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                column == row.count - 1
                    ? text : text + String(repeating: " ", count: widths[column] - text.unicodeScalars.count)
            }
            .joined()
        }
    }

    private static func collect(_ node: Node, into references: inout [VariableReference]) {
        switch node.value {
        case .string(let text):
            references += Template.references(in: text)
        case .sequence(let items):
            for item in items {
                collect(item, into: &references)
            }
        case .mapping(let mapping):
            for entry in mapping.entries {
                collect(entry.value, into: &references)
            }
        default:
            return
        }
    }
}
