// SPDX-License-Identifier: Apache-2.0

import GRDB

extension StoreWriter {
    /// Adds a project, or replaces what it was before.
    ///
    /// - Throws: `invalid` where it has no name or its definition is no text.
    package func put(_ project: ProjectRecord) throws {
        guard !project.name.isEmpty, !project.name.utf8.contains(0) else {
            throw StoreError(.invalid, "a project has no name, or one with a NUL character")
        }
        try execute(
            sql: "INSERT OR REPLACE INTO projects VALUES (?, ?, ?)",
            arguments: [
                project.name, project.changed.nanoseconds,
                try text(project.definition, "the definition of the project \(project.name)"),
            ]
        )
    }

    /// Removes the record of a project; nothing where there is none.
    package func removeProject(_ name: String) throws {
        try execute(sql: "DELETE FROM projects WHERE name = ?", arguments: [name])
    }
}
