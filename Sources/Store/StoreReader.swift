// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What can be read; valid within the call that gave it.
package struct StoreReader {
    let database: Database

    /// All containers, in the order of their creation.
    package func containers() throws -> Listing<ContainerRecord> {
        try ContainerRecord.list(database, "ORDER BY created, id")
    }

    /// The container that a text stands for: by its identifier, its name, or the start of the identifier.
    ///
    /// - Parameter reference: What the user calls it; a name with or without a leading `/`.
    /// - Returns: Its record.
    /// - Throws: `notFound`, `ambiguous` or `unreadableRecord`.
    package func container(_ reference: String) throws -> ContainerRecord {
        if let found = try ContainerRecord.find(database, "WHERE id = ?", [reference]) { return found }
        let name = reference.hasPrefix("/") ? String(reference.dropFirst()) : reference
        if let found = try ContainerRecord.find(database, "WHERE name = ?", [name]) { return found }
        if ContainerRecord.isIdentifierPrefix(reference) {
            // `g` follows the last hexadecimal digit.
            let ids = try String.fetchAll(
                database,
                sql: "SELECT id FROM containers WHERE id >= ? AND id < ? LIMIT 2",
                arguments: [reference, reference + "g"]
            )
            if ids.count > 1 {
                throw StoreError(
                    .ambiguous,
                    "several containers have an identifier that starts with \(reference); give more digits"
                )
            }
            if let id = ids.first, let found = try ContainerRecord.find(database, "WHERE id = ?", [id]) { return found }
        }
        throw StoreError(.notFound, "there is no container \(reference)")
    }

    /// The execs of a container, in the order of their creation.
    ///
    /// - Parameter container: The identifier of the container; nil for those of all.
    /// - Returns: Those that can be read, and those that cannot.
    /// - Throws: What SQLite throws.
    package func execs(of container: String? = nil) throws -> Listing<ExecRecord> {
        guard let container else { return try ExecRecord.list(database, "ORDER BY created, id") }
        return try ExecRecord.list(database, "WHERE container = ? ORDER BY created, id", [container])
    }

    /// The exec with an identifier.
    ///
    /// - Throws: `notFound` or `unreadableRecord`.
    package func exec(_ id: String) throws -> ExecRecord {
        guard let found = try ExecRecord.find(database, "WHERE id = ?", [id]) else {
            throw StoreError(.notFound, "there is no exec \(id)")
        }
        return found
    }

    /// All volumes, by their names.
    package func volumes() throws -> Listing<VolumeRecord> {
        try VolumeRecord.list(database, "ORDER BY name")
    }

    /// The volume with a name.
    ///
    /// - Throws: `notFound` or `unreadableRecord`.
    package func volume(_ name: String) throws -> VolumeRecord {
        guard let found = try VolumeRecord.find(database, "WHERE name = ?", [name]) else {
            throw StoreError(.notFound, "there is no volume \(name)")
        }
        return found
    }

    /// All networks, in the order of their creation.
    package func networks() throws -> Listing<NetworkRecord> {
        try NetworkRecord.list(database, "ORDER BY created, id")
    }

    /// The network with an identifier.
    ///
    /// - Throws: `notFound` or `unreadableRecord`.
    package func network(_ id: String) throws -> NetworkRecord {
        guard let found = try NetworkRecord.find(database, "WHERE id = ?", [id]) else {
            throw StoreError(.notFound, "there is no network \(id)")
        }
        return found
    }

    /// All projects, by their names.
    package func projects() throws -> Listing<ProjectRecord> {
        try ProjectRecord.list(database, "ORDER BY name")
    }

    /// The project with a name; nil where it was never brought up.
    ///
    /// - Throws: `unreadableRecord`.
    package func project(_ name: String) throws -> ProjectRecord? {
        try ProjectRecord.find(database, "WHERE name = ?", [name])
    }

    /// The events that are still kept, in the order in which they were added.
    ///
    /// - Parameters:
    ///   - since: The time of the first; nil has no bound.
    ///   - until: The time of the last; nil has no bound.
    /// - Returns: Those that can be read, and those that cannot.
    /// - Throws: What SQLite throws.
    package func events(since: UnixTime? = nil, until: UnixTime? = nil) throws -> Listing<EventRecord> {
        try EventRecord.list(
            database,
            "WHERE time BETWEEN ? AND ? ORDER BY number",
            [since?.nanoseconds ?? .min, until?.nanoseconds ?? .max]
        )
    }

    /// The value of a setting; nil where there is none.
    package func setting(_ key: String) throws -> String? {
        try String.fetchOne(database, sql: "SELECT value FROM settings WHERE key = ?", arguments: [key])
    }
}
