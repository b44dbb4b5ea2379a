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
    ///   - part: What of it may be wrong: only what stands under the same keys here is looked at; nil for everything.
    ///   - report: Receives the violations, in the order of the tree.
    package static func validate(_ root: inout Node, within part: Node? = nil, into report: (Diagnostic) -> Void) {
        guard !Schema.project.accepts(root.value, within: part?.value) else {
            return
        }
        var repair = SchemaRepair()
        repair.run(on: &root)
        for diagnostic in repair.diagnostics {
            report(diagnostic)
        }
    }
}
