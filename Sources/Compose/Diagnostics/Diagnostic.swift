// SPDX-License-Identifier: Apache-2.0

package import YAML

/// One problem of a set of compose files, or one remark about it.
package struct Diagnostic: Error, Equatable, Sendable {
    package enum Severity: String, Sendable, Codable {
        case error
        case warning
    }

    /// Whether the project can be used all the same.
    package var severity: Severity
    /// The kind of problem: a short stable name such as `unknown-key`, for editors and scripts.
    package var code: Code
    /// What is wrong, in lower case and without a full stop: "unknown key `imagee` in service `web`".
    package var message: String
    /// Where the problem stands; nil where it has no place in a file.
    package var origin: Origin?
    /// The key that it concerns; empty where it concerns a whole file.
    package var path: NodePath
    /// A near correction: "did you mean `image`?".
    package var suggestion: String?
    /// Other places that matter to the problem.
    package var notes: [Note]

    /// A remark about another place.
    package struct Note: Equatable, Sendable {
        package var message: String
        package var origin: Origin

        package init(_ message: String, at origin: Origin) {
            self.message = message
            self.origin = origin
        }
    }

    package init(
        _ severity: Severity = .error,
        _ code: Code,
        _ message: String,
        at origin: Origin?,
        path: NodePath = NodePath(),
        suggestion: String? = nil,
        notes: [Note] = []
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.origin = origin
        self.path = path
        self.suggestion = suggestion
        self.notes = notes
    }
}

extension Diagnostic {
    /// The kinds of problem.
    ///
    /// The raw value is part of the JSON form and does not change.
    package enum Code: String, Sendable, Codable, CaseIterable {
        /// The text is not YAML, or goes past a limit of the parser.
        case syntax
        /// A file could not be read.
        case unreadableFile = "unreadable-file"
        /// A key that the compose specification does not have at this place.
        case unknownKey = "unknown-key"
        /// A key that must be there is not.
        case missingKey = "missing-key"
        /// A value of the wrong kind.
        case wrongType = "wrong-type"
        /// A value of the right kind that is not among the accepted ones.
        case invalidValue = "invalid-value"
        /// Two items of a list that must differ.
        case duplicateItem = "duplicate-item"
        /// `$…` that is not a variable reference, or a required variable that is not set.
        case interpolation
        /// A variable that is not set and has no default.
        case unsetVariable = "unset-variable"
        /// A reference to a service, network, volume, config, secret or model that does not exist.
        case undefinedReference = "undefined-reference"
        /// Keys that cannot stand together.
        case conflict
        /// A circle of `depends_on`, `extends` or `include`.
        case cycle
        /// An override that cannot be merged into what it overrides.
        case merge
        /// A name that is not allowed for a project.
        case projectName = "project-name"
        /// A key that is read but obsolete.
        case obsolete
        /// Something that wharf does not do yet.
        case unsupported
        /// Something in a Dockerfile that no image can be made of.
        case dockerfile
        /// Something in a Dockerfile that a rule advises against.
        case lint
    }
}
