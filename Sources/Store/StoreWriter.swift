// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What can be read and written; valid within the call that gave it.
///
/// Statements are compiled once: a start has some twenty of them, and compiling one took longer than running it.
package struct StoreWriter {
    let database: Database
    let eventLimit: Int

    /// The database as it is with the changes up to now.
    package var reader: StoreReader { StoreReader(database: database) }

    /// Adds a container.
    ///
    /// - Throws: `taken` with the holder where the identifier or the name is in use, or `invalid`.
    package func add(_ container: ContainerRecord) throws {
        guard ContainerRecord.isIdentifier(container.id) else {
            throw StoreError(.invalid, "`\(container.id.prefix(80))` is no identifier of 64 hexadecimal digits")
        }
        let configuration = try text(container.configuration, "the configuration of the container \(container.id)")
        let details = try container.state.details.map { try text($0, "the details of \(container.id)") }
        let ids = "SELECT id FROM containers WHERE id = ?"
        if try String.fetchOne(database.cachedStatement(sql: ids), arguments: [container.id]) != nil {
            throw StoreError(.taken(holder: container.id), "there is a container \(container.id) already")
        }
        try checkFree(name: container.name, for: container.id)
        let state = container.state
        try execute(
            sql: "INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                container.id, container.name, container.created.nanoseconds, configuration, state.phase.rawValue,
                state.started?.nanoseconds, state.finished?.nanoseconds, state.exitStatus, state.restartCount,
                state.processName, state.pid, details,
            ]
        )
    }

    /// Gives a container another name.
    ///
    /// - Parameters:
    ///   - id: The identifier of the container.
    ///   - name: The name, without a leading `/`.
    /// - Throws: `notFound`, `unreadableRecord`, `invalid`, or `taken` with the holder of the name.
    package func rename(_ id: String, to name: String) throws {
        try checkReadable(id)
        try checkFree(name: name, for: id)
        try execute(sql: "UPDATE containers SET name = ? WHERE id = ?", arguments: [name, id])
    }

    /// Replaces what a container is to be.
    ///
    /// - Parameters:
    ///   - id: The identifier of the container.
    ///   - configuration: JSON.
    /// - Throws: `notFound`, `unreadableRecord` or `invalid`.
    package func setConfiguration(of id: String, to configuration: [UInt8]) throws {
        try checkReadable(id)
        let text = try text(configuration, "the configuration of the container \(id)")
        try execute(sql: "UPDATE containers SET configuration = ? WHERE id = ?", arguments: [text, id])
    }

    /// Replaces what became of a container.
    ///
    /// - Parameters:
    ///   - id: The identifier of the container.
    ///   - state: The state.
    /// - Throws: `notFound`, `unreadableRecord` or `invalid`.
    package func setState(of id: String, to state: ContainerRecord.State) throws {
        try checkReadable(id)
        try execute(
            sql: """
                UPDATE containers SET phase = ?, started = ?, finished = ?, exit_status = ?, restart_count = ?,
                process_name = ?, pid = ?, details = ? WHERE id = ?
                """,
            arguments: [
                state.phase.rawValue, state.started?.nanoseconds, state.finished?.nanoseconds, state.exitStatus,
                state.restartCount, state.processName, state.pid,
                try state.details.map { try text($0, "the details of \(id)") }, id,
            ]
        )
    }

    /// Removes the record of a container, and those of its execs.
    ///
    /// - Parameter id: The identifier of the container.
    /// - Throws: `notFound`, or `unreadableRecord` where it or one of its execs cannot be read.
    package func removeContainer(_ id: String) throws {
        try checkReadable(id)
        if let unreadable = try reader.execs(of: id).unreadable.first {
            throw StoreError(.unreadableRecord, "cannot remove the container \(id): \(unreadable)")
        }
        try execute(sql: "DELETE FROM containers WHERE id = ?", arguments: [id])
    }

    /// Adds an exec, or replaces what is known about it.
    ///
    /// - Throws: `notFound` where there is no such container, `unreadableRecord` or `invalid`.
    package func put(_ exec: ExecRecord) throws {
        guard ContainerRecord.isIdentifier(exec.id) else {
            throw StoreError(.invalid, "`\(exec.id.prefix(80))` is no identifier of 64 hexadecimal digits")
        }
        try checkReadable(exec.container)
        _ = try ExecRecord.find(database, "WHERE id = ?", [exec.id])
        try execute(
            sql: "INSERT OR REPLACE INTO execs VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                exec.id, exec.container, exec.created.nanoseconds,
                try text(exec.configuration, "the configuration of the exec \(exec.id)"), exec.processName, exec.pid,
                exec.exitStatus,
            ]
        )
    }

    /// Removes the record of an exec.
    ///
    /// - Throws: `notFound` or `unreadableRecord`.
    package func removeExec(_ id: String) throws {
        _ = try reader.exec(id)
        try execute(sql: "DELETE FROM execs WHERE id = ?", arguments: [id])
    }

    /// Adds an event, and drops the oldest where there are too many.
    ///
    /// - Throws: `invalid` where its body is no JSON.
    package func append(_ event: EventRecord) throws {
        try execute(
            sql: "INSERT INTO events (time, body) VALUES (?, ?)",
            arguments: [event.time.nanoseconds, try text(event.body, "the event")]
        )
        try execute(
            sql: "DELETE FROM events WHERE number <= ?",
            arguments: [database.lastInsertedRowID - Int64(eventLimit)]
        )
    }

    /// Sets a setting.
    ///
    /// - Parameters:
    ///   - key: Its name.
    ///   - value: Its value; nil removes it.
    /// - Throws: `invalid` where a text has a NUL character.
    package func setSetting(_ key: String, to value: String?) throws {
        guard let value else {
            try execute(sql: "DELETE FROM settings WHERE key = ?", arguments: [key])
            return
        }
        if (key + value).utf8.contains(0) {
            throw StoreError(.invalid, "the setting \(key) has a NUL character, which the database cannot keep")
        }
        try execute(sql: "INSERT OR REPLACE INTO settings VALUES (?, ?)", arguments: [key, value])
    }

    func execute(sql: String, arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Checks that a record is there and makes sense, so that no change hides what cannot be read.
    private func checkReadable(_ id: String) throws {
        if try ContainerRecord.find(database, "WHERE id = ?", [id]) == nil {
            throw StoreError(.notFound, "there is no container \(id)")
        }
    }

    private func checkFree(name: String, for id: String) throws {
        if name.isEmpty || name.utf8.contains(0) {
            throw StoreError(.invalid, "the name of the container \(id) is empty or has a NUL character")
        }
        let holders = "SELECT id FROM containers WHERE name = ? AND id <> ?"
        if let holder = try String.fetchOne(database.cachedStatement(sql: holders), arguments: [name, id]) {
            throw StoreError(
                .taken(holder: holder),
                "the name \(name) belongs to the container \(holder); remove or rename that one, or choose another name"
            )
        }
    }

    /// The text of a JSON value.
    ///
    /// - Parameters:
    ///   - json: The bytes.
    ///   - subject: What the bytes are, for the error.
    /// - Returns: The same as text.
    /// - Throws: `invalid` where they are no JSON.
    func text(_ json: [UInt8], _ subject: String) throws -> String {
        // SQLite ends a text at the first NUL, which JSON has none of.
        guard !json.contains(0), let text = String(validating: json, as: UTF8.self),
            try Bool.fetchOne(database.cachedStatement(sql: "SELECT json_valid(?)"), arguments: [text]) == true
        else { throw StoreError(.invalid, "\(subject) is no JSON") }
        return text
    }
}
