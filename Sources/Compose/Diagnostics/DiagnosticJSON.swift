// SPDX-License-Identifier: Apache-2.0

package import YAML

/// Diagnostics as editors and scripts read them.
///
/// The shape is `{"version": 1, "diagnostics": [{"severity", "code", "message", "keyPath", "suggestion", "location":
/// {"file", "line", "column"}, "notes": [{"message", "location"}]}]}`; what a diagnostic does not have is left out.
/// Lines and columns count from 1, columns in characters.
package enum DiagnosticJSON {
    package static func node(of diagnostics: [Diagnostic], sources: SourceMap) -> Node {
        let items = diagnostics.map { node(of: $0, sources: sources) }
        return Node(.mapping(["version": Node(.int(1)), "diagnostics": Node(.sequence(items))]))
    }

    private static func node(of diagnostic: Diagnostic, sources: SourceMap) -> Node {
        var mapping: Mapping = [
            "severity": Node(diagnostic.severity.rawValue),
            "code": Node(diagnostic.code.rawValue),
            "message": Node(diagnostic.message),
        ]
        if !diagnostic.path.components.isEmpty {
            mapping["keyPath"] = Node(diagnostic.path.description)
        }
        if let suggestion = diagnostic.suggestion {
            mapping["suggestion"] = Node(suggestion)
        }
        if let origin = diagnostic.origin, let location = location(origin, sources) {
            mapping["location"] = location
        }
        if !diagnostic.notes.isEmpty {
            let notes = diagnostic.notes.map { note in
                var mapping: Mapping = ["message": Node(note.message)]
                if let location = location(note.origin, sources) {
                    mapping["location"] = location
                }
                return Node(.mapping(mapping))
            }
            mapping["notes"] = Node(.sequence(notes))
        }
        return Node(.mapping(mapping))
    }

    private static func location(_ origin: Origin, _ sources: SourceMap) -> Node? {
        guard let source = sources[origin.file] else {
            return nil
        }
        return Node(
            .mapping([
                "file": Node(source.path),
                "line": Node(.int(Int(origin.line))),
                "column": Node(.int(Int(origin.column))),
            ])
        )
    }
}
