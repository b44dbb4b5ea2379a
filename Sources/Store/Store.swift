// SPDX-License-Identifier: Apache-2.0

import GRDB
import Glibc

/// The engine's records, in a SQLite database of its own.
///
/// All calls are synchronous, come one after the other and may be made on any thread; other processes may have the same
/// database open. What a call has written is there after the death of the process. Nothing is ever deleted because it could
/// not be read.
package final class Store: Sendable {
    /// What a write has to outlive.
    package enum Durability: Sendable {
        /// The end of the process, however sudden; enough for what says nothing after a crash of the machine.
        ///
        /// That are states and events: no process that they speak of lives on, and the engine looks for itself. And
        /// containers that remove themselves at their end.
        case process
        /// The end of the machine.
        ///
        /// For what a user has made and cannot be found out again: that a container exists, under which name, and what it is
        /// to be. Without its record, the files of a container belong to nobody.
        case machine
    }

    package let path: String
    let eventLimit: Int
    private let queue: DatabaseQueue
    private let log: WriteAheadLog

    /// Opens a database, or makes one, readable for its owner only since environments hold secrets.
    ///
    /// - Parameters:
    ///   - path: The path of the file, whose folder exists.
    ///   - eventLimit: How many events are kept.
    ///   - schema: The tables to read and write; others than the current ones are for tests.
    /// - Throws: Why the file cannot be used. It is unchanged where it is damaged, newer or of another program.
    package init(path: String, eventLimit: Int = 10_000, schema: Schema = .current) throws(StoreError) {
        precondition(eventLimit > 0, "there is room for an event")
        self.path = path
        self.eventLimit = eventLimit
        do {
            if try !Self.create(path) { try Self.inspect(path, schema) }
            var configuration = Configuration()
            configuration.busyMode = .timeout(Double(Self.patience.components.seconds))
            configuration.label = "wharf.store"
            configuration.prepareDatabase { try Self.prepare($0) }
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { try schema.migrate($0, path: path) }
        } catch {
            throw StoreError(error, path: path)
        }
        log = try WriteAheadLog(of: path)
    }

    /// Chooses write-ahead logging, with which readers and a writer do not wait for each other.
    ///
    /// The wrapper's own setting writes to the database every time.
    private static func prepare(_ database: Database) throws {
        let deadline = ContinuousClock.now + patience
        // A change of the mode does not wait for other processes by itself.
        while try String.fetchOne(database, sql: "PRAGMA journal_mode") != "wal" {
            do {
                try database.execute(sql: "PRAGMA journal_mode = WAL")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                if ContinuousClock.now > deadline { throw error }
                usleep(10_000)
            }
        }
        try database.execute(sql: "PRAGMA synchronous = NORMAL")
    }

    /// How long a call waits for another process.
    private static let patience = Duration.seconds(10)

    /// Makes an empty file, whose permissions SQLite takes for those beside it.
    ///
    /// - Returns: Whether there was none.
    private static func create(_ path: String) throws(StoreError) -> Bool {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            close(descriptor)
            // SQLite syncs the names of its logs but not that of the database.
            let folder = open(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
            if folder >= 0 {
                fsync(folder)
                close(folder)
            }
            return true
        }
        let number = errno
        if number == EEXIST { return try checkFile(path) }
        throw StoreError(
            number == ENOSPC ? .diskFull : .inaccessible,
            "cannot create the database \(path): \(String(cString: strerror(number)).lowercased()); "
                + "check that its folder exists and can be written, and that its disk has room"
        )
    }

    /// Checks that what is there could be a database.
    ///
    /// - Returns: Whether it is still empty.
    private static func checkFile(_ path: String) throws(StoreError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let answer = String(cString: strerror(errno)).lowercased()
            throw StoreError(.inaccessible, "cannot open the database \(path): \(answer); check where the link leads")
        }
        if status.st_mode & S_IFMT != S_IFREG {
            throw StoreError(.inaccessible, "cannot open the database \(path): it is no file; move away what is there")
        }
        // SQLite would take a file without a whole header for an empty database and write to it.
        if (1..<512).contains(status.st_size) {
            throw StoreError(DatabaseError(resultCode: .SQLITE_NOTADB, message: "the file is too short"), path: path)
        }
        return status.st_size == 0
    }

    /// Looks at a database before anything is written to it.
    ///
    /// A connection that may write would change even a newer file when it closes.
    private static func inspect(_ path: String, _ schema: Schema) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(Double(patience.components.seconds))
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        _ = try queue.read { try schema.check($0, path: path) }
        try queue.close()
    }

    /// Reads, from one state of the database.
    ///
    /// - Parameter body: What reads; it must not call the store.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or why the database could not be read.
    package func read<Value>(_ body: (StoreReader) throws -> Value) throws(StoreError) -> Value {
        do {
            return try queue.read { try body(StoreReader(database: $0)) }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Writes all or nothing.
    ///
    /// - Parameters:
    ///   - durability: What the changes have to outlive.
    ///   - body: What reads and writes; it must not call the store. Where it throws, nothing is changed.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or why the database could not be written.
    package func write<Value>(
        _ durability: Durability,
        _ body: (StoreWriter) throws -> Value
    ) throws(StoreError) -> Value {
        let value: Value
        do {
            value = try queue.writeWithoutTransaction { database in
                var result: Value?
                try database.inTransaction(.immediate) {
                    result = try body(StoreWriter(database: database, eventLimit: eventLimit))
                    return .commit
                }
                guard let result else { preconditionFailure("a transaction without an error has a result") }
                return result
            }
        } catch {
            throw StoreError(error, path: path)
        }
        log.noteWrite()
        if durability == .machine { try sync() }
        return value
    }

    /// Waits until all that was written before outlives the end of the machine.
    ///
    /// Other calls go on meanwhile, and several that wait at a time share what they wait for.
    ///
    /// - Throws: Why the disk did not take it; what was written is there all the same, as long as the machine runs.
    package func sync() throws(StoreError) { try log.sync() }

    /// Reads every page and looks for damage.
    ///
    /// - Throws: `damagedFile` with what SQLite has found.
    package func verify() throws(StoreError) {
        let findings = try read { try String.fetchAll($0.database, sql: "PRAGMA integrity_check(10)") }
        if findings != ["ok"] {
            let failure = DatabaseError(resultCode: .SQLITE_CORRUPT, message: findings.joined(separator: "; "))
            throw StoreError(failure, path: path)
        }
    }
}
