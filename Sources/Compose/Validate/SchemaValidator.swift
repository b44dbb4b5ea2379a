// SPDX-License-Identifier: Apache-2.0

package import YAML

/// Holds a compose file against the compose specification: its keys, and the kinds of their values.
package struct SchemaValidator {
    private init() {}

    /// Reports every violation.
    ///
    /// A wrong value is replaced by ``Node/Value/invalid``, a missing key is added with that value, and an unknown key is
    /// removed, so that later phases can go on without follow-up errors. A tree without violations is not touched.
    ///
    /// - Parameters:
    ///   - root: The mapping of a whole compose file, or of several ones merged.
    ///   - report: Receives the violations, in the order of the tree.
    package static func validate(_ root: inout Node, into report: (Diagnostic) -> Void) {
        guard !Schema.project.accepts(root.value) else {
            return
        }
        var repair = SchemaRepair()
        repair.run(on: &root)
        for diagnostic in repair.diagnostics {
            report(diagnostic)
        }
    }
    /// Lists the keys that the specification names at a place, in alphabetical order.
    ///
    /// Empty where a place has no mapping, or one whose keys are all chosen by the user.
    package static func keys(at path: NodePath) -> [String] {
        var schema = Schema.project
        for component in path.components {
            switch component {
            case .key(let key):
                guard case .value(let value)? = schema.object?.verdict(on: key) else {
                    return []
                }
                schema = value
            case .index:
                guard let list = schema.list else {
                    return []
                }
                schema = list.items
            }
        }
        return schema.object?.keys.keys.sorted() ?? []
    }
}
