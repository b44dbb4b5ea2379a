// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

/// A compose file after validation.
struct SchemaSample {
    private(set) var root: Node
    private(set) var diagnostics: [Diagnostic] = []

    /// Validates a file.
    init(_ text: String) throws {
        let documents = try Parser.parse(Array(text.utf8), source: SourceID(rawValue: 0))
        root = documents.first?.root ?? Node(.null)
        validate()
    }

    /// Validates a file with the service `web`, whose keys are given: on one line, in braces or not, or on several.
    init(service text: String) throws {
        let body = text.hasPrefix("{") ? text : text.split(separator: "\n").map { "\n    \($0)" }.joined()
        try self.init("services:\n  web: \(body)\n")
    }

    /// Validates what the last validation has left.
    mutating func validate() {
        var found: [Diagnostic] = []
        SchemaValidator.validate(&root) { found.append($0) }
        diagnostics = found
    }

    /// The diagnostics as a person reads them: `line:column message; suggestion`.
    var lines: [String] {
        diagnostics.map { diagnostic in
            let place = diagnostic.origin.map { "\($0.line):\($0.column) " } ?? ""
            return place + diagnostic.message + (diagnostic.suggestion.map { "; \($0)" } ?? "")
        }
    }
}
