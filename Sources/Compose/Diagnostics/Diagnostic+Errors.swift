// SPDX-License-Identifier: Apache-2.0

import YAML

extension Diagnostic {
    /// The diagnostic of a value that one of the small grammars refused.
    init(_ error: ValueError, at origin: Origin?, path: NodePath) {
        self.init(.error, .invalidValue, error.message, at: origin, path: path, suggestion: error.suggestion)
    }
}

extension TemplateError {
    /// The diagnostic of a value whose variables could not be filled in.
    func diagnostic(at origin: Origin, path: NodePath) -> Diagnostic {
        Diagnostic(.error, .interpolation, message, at: origin, path: path)
    }
}
