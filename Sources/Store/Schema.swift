// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables, as the steps that lead to them.
package struct Schema: Sendable {
    /// The SQL of each version, from 1 on; what has been released is never changed, only added to.
    package var migrations: [String]

    package init(migrations: [String]) {
        self.migrations = migrations
    }

    /// What this program reads and writes.
    package static let current = Self(migrations: [version1, version2, version3, version4, version5])

    /// `WHRF`, which tells the file from databases of other programs.
    static let applicationID = 0x5748_5246

    private static let version1 = """
        CREATE TABLE containers (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT UNIQUE NOT NULL,
            created INTEGER NOT NULL,
            configuration TEXT NOT NULL CHECK (json_valid(configuration)),
            phase TEXT NOT NULL,
            started INTEGER,
            finished INTEGER,
            exit_status INTEGER,
            restart_count INTEGER NOT NULL,
            process_name TEXT,
            pid INTEGER,
            log_state TEXT CHECK (log_state IS NULL OR json_valid(log_state))
        ) STRICT;
        CREATE TABLE execs (
            id TEXT PRIMARY KEY NOT NULL,
            container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
            created INTEGER NOT NULL,
            configuration TEXT NOT NULL CHECK (json_valid(configuration)),
            process_name TEXT,
            pid INTEGER,
            exit_status INTEGER
        ) STRICT;
        CREATE INDEX execs_of_container ON execs (container);
        CREATE TABLE events (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            body TEXT NOT NULL CHECK (json_valid(body))
        ) STRICT;
        CREATE INDEX events_by_time ON events (time);
        CREATE TABLE settings (
            key TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL
        ) STRICT;
        """

    /// What was to be the state of the log is everything that the engine knows of the state besides the columns.
    private static let version2 = "ALTER TABLE containers RENAME COLUMN log_state TO details;"

    private static let version3 = """
        CREATE TABLE volumes (
            name TEXT PRIMARY KEY NOT NULL,
            created INTEGER NOT NULL,
            configuration TEXT NOT NULL CHECK (json_valid(configuration)),
            phase TEXT NOT NULL
        ) STRICT;
        """

    private static let version4 = """
        CREATE TABLE networks (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT UNIQUE NOT NULL,
            created INTEGER NOT NULL,
            configuration TEXT NOT NULL CHECK (json_valid(configuration)),
            is_removing INTEGER NOT NULL CHECK (is_removing IN (0, 1))
        ) STRICT;
        """

    private static let version5 = """
        CREATE TABLE projects (
            name TEXT PRIMARY KEY NOT NULL,
            changed INTEGER NOT NULL,
            definition TEXT NOT NULL CHECK (json_valid(definition))
        ) STRICT;
        """

    /// Checks that a database is one of ours and not newer, without writing to it.
    ///
    /// - Parameters:
    ///   - database: The connection.
    ///   - path: The path for the error.
    /// - Returns: The version of the database; 0 for an empty one.
    /// - Throws: `foreignFile`, or what SQLite throws.
    func check(_ database: Database, path: String) throws -> Int {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let tableCount = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        let isEmpty = version == 0 && application == 0 && tableCount == 0
        guard isEmpty || application == Self.applicationID else {
            throw StoreError(
                .foreignFile,
                "the database \(path) belongs to another program (application id \(application)); "
                    + "nothing in it was changed. Choose another folder or move the file away"
            )
        }
        if version > migrations.count {
            throw StoreError(
                .foreignFile,
                "the database \(path) has version \(version), and this program reads versions up to "
                    + "\(migrations.count); nothing in it was changed. Use the newer program again, or another root folder"
            )
        }
        return version
    }

    /// Brings a database to the newest version, all steps or none.
    ///
    /// - Parameters:
    ///   - database: The connection, outside of a transaction.
    ///   - path: The path for the error.
    /// - Throws: `foreignFile` where another process was faster, or what SQLite throws.
    func migrate(_ database: Database, path: String) throws {
        var isCurrent = false
        // One look, not several: another process may be making the database.
        try database.inTransaction(.deferred) {
            isCurrent = try check(database, path: path) == migrations.count
            return .commit
        }
        if isCurrent { return }
        try database.inTransaction(.immediate) {
            let version = try check(database, path: path)
            for migration in migrations.dropFirst(version) { try database.execute(sql: migration) }
            try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(migrations.count)")
            return .commit
        }
    }
}
