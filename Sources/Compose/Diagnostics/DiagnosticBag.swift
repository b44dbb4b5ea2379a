// SPDX-License-Identifier: Apache-2.0

import YAML

/// Collects the problems that the phases of a load find.
///
/// A phase reports a problem, repairs or drops what is wrong and goes on, so that one load shows all problems.
final class DiagnosticBag {
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var hasErrors = false

    /// A load that finds more problems than this stops collecting them; nobody reads on.
    static let limit = 1000

    func report(_ diagnostic: Diagnostic) {
        hasErrors = hasErrors || diagnostic.severity == .error
        if diagnostics.count < Self.limit {
            diagnostics.append(diagnostic)
        }
    }

    func error(
        _ code: Diagnostic.Code,
        _ message: String,
        at origin: Origin?,
        path: NodePath = NodePath(),
        suggestion: String? = nil,
        notes: [Diagnostic.Note] = []
    ) {
        report(Diagnostic(.error, code, message, at: origin, path: path, suggestion: suggestion, notes: notes))
    }

    func warning(_ code: Diagnostic.Code, _ message: String, at origin: Origin?, path: NodePath = NodePath()) {
        report(Diagnostic(.warning, code, message, at: origin, path: path))
    }

    /// Whether an unknown key was reported below a place; a key that seems to be missing may be that one, misspelt.
    func hasUnknownKey(below path: NodePath) -> Bool {
        diagnostics.contains { $0.code == .unknownKey && $0.path.components.starts(with: path.components) }
    }

    /// The problems in the order of the files and, within a file, of the lines; each once.
    var sorted: [Diagnostic] {
        var seen: Set<String> = []
        return diagnostics.enumerated().sorted { left, right in
            let (first, second) = (Self.rank(left.element), Self.rank(right.element))
            return first == second ? left.offset < right.offset : first < second
        }
        .map(\.element)
        .filter { diagnostic in
            let origin = diagnostic.origin ?? .none
            let place = "\(origin.file.rawValue):\(origin.line):\(origin.column)"
            return seen.insert("\(place) \(diagnostic.message)").inserted
        }
    }

    /// Problems without a place come last.
    private static func rank(_ diagnostic: Diagnostic) -> (UInt32, UInt32, UInt32) {
        guard let origin = diagnostic.origin else {
            return (.max, .max, .max)
        }
        return (origin.file.rawValue, origin.line, origin.column)
    }
}
