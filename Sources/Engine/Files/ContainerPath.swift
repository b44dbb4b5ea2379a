// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux

/// A path inside a container as a client gives it.
///
/// It starts at the container's root whether it has a slash in front or not, and `.` and `..` are taken by the text, as
/// Docker does.
struct ContainerPath: Equatable, Sendable {
    /// As it was given.
    let text: String
    /// The names from the root on.
    let components: [FilePath]
    /// What entries of an archive of it are called: the last name, `.` after `/.`, and `/` for the root itself.
    let baseName: FilePath
    /// Whether a slash or `/.` at the end demands a directory, and a link there is followed.
    let demandsDirectory: Bool

    /// Linux opens no longer ones (`PATH_MAX`).
    private static let longest = 4095

    /// - Parameter text: The path.
    /// - Throws: `badParameter` for one that no file can have.
    init(_ text: String) throws(EngineError) {
        guard !text.isEmpty else { throw EngineError(.badParameter, "the path in the container cannot be empty") }
        guard text.utf8.count <= Self.longest, let path = FilePath(text.utf8) else {
            throw EngineError(
                .badParameter,
                "the path in the container has a zero or more than \(Self.longest) bytes: \(text.prefix(64))…"
            )
        }
        self.text = text
        var components: [FilePath] = []
        for component in path.components {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        self.components = components
        let last = text.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        demandsDirectory = last.isEmpty || last == "." || components.isEmpty
        baseName = last == "." ? "." : components.last ?? "/"
    }

    /// The path from the root on, without links being followed yet; `.` for the root.
    var path: FilePath { FilePath(joining: components) }
}
