// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Takes the columns of a row one after the other, and nothing for granted.
struct RowReader {
    /// A column that is not what it has to be.
    struct Problem: Error {
        var reason: String
    }

    private let row: Row
    private var index = 0

    init(_ row: Row) {
        self.row = row
    }

    mutating func text() throws(Problem) -> String {
        guard let text = try optionalText() else { throw problem("is null") }
        return text
    }

    mutating func optionalText() throws(Problem) -> String? {
        let value: DatabaseValue = row[index]
        index += 1
        switch value.storage {
        case .string(let text): return text
        case .null: return nil
        default: throw problem("is no text")
        }
    }

    mutating func bytes() throws(Problem) -> [UInt8] {
        Array(try text().utf8)
    }

    mutating func optionalInteger<Value: FixedWidthInteger>(_ type: Value.Type) throws(Problem) -> Value? {
        let value: DatabaseValue = row[index]
        index += 1
        switch value.storage {
        case .int64(let number):
            guard let exact = Value(exactly: number) else { throw problem("is \(number), out of its range") }
            return exact
        case .null: return nil
        default: throw problem("is no integer")
        }
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(Problem) -> Value {
        guard let number = try optionalInteger(type) else { throw problem("is null") }
        return number
    }

    mutating func optionalTime() throws(Problem) -> UnixTime? {
        try optionalInteger(Int64.self).map { UnixTime(nanoseconds: $0) }
    }

    mutating func time() throws(Problem) -> UnixTime {
        UnixTime(nanoseconds: try integer(Int64.self))
    }

    /// Takes a column that has to be true.
    mutating func check(_ what: String) throws(Problem) {
        if try optionalInteger(Int64.self) == 0 { throw Problem(reason: "\(what) is no JSON") }
    }

    /// The problem of the column that was taken last.
    func problem(_ reason: String) -> Problem {
        let names = Array(row.columnNames)
        return Problem(reason: "\(names[index - 1]) \(reason)")
    }
}

/// A record that a row stands for.
protocol StoredRecord: Sendable {
    static var table: String { get }
    /// What `init` takes, in its order; the first column is the key.
    static var columns: String { get }

    init(from row: inout RowReader) throws(RowReader.Problem)
}

extension StoredRecord {
    /// The record of a row, or why it is none.
    static func read(_ row: Row) -> Result<Self, UnreadableRecordError> {
        var reader = RowReader(row)
        do {
            return .success(try Self(from: &reader))
        } catch {
            let key: DatabaseValue = row[0]
            let name =
                switch key.storage {
                case .string(let text): String(text.prefix(128))
                case .int64(let number): String(number)
                default: "without a key"
                }
            return .failure(
                UnreadableRecordError(record: UnreadableRecord(table: table, key: name, reason: error.reason))
            )
        }
    }

    /// The records that a condition selects.
    static func list(
        _ database: Database,
        _ condition: String = "",
        _ arguments: StatementArguments = StatementArguments()
    ) throws -> Listing<Self> {
        var listing = Listing<Self>(records: [], unreadable: [])
        let statement = try database.cachedStatement(sql: "SELECT \(columns) FROM \(table) \(condition)")
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try rows.next() {
            switch read(row) {
            case .success(let record): listing.records.append(record)
            case .failure(let error): listing.unreadable.append(error.record)
            }
        }
        return listing
    }

    /// The one record that a condition selects.
    ///
    /// - Throws: `unreadableRecord`, or what SQLite throws.
    static func find(_ database: Database, _ condition: String, _ arguments: StatementArguments) throws -> Self? {
        let listing = try list(database, condition, arguments)
        if let unreadable = listing.unreadable.first {
            throw StoreError(.unreadableRecord, "\(unreadable); repair it or remove it by hand")
        }
        return listing.records.first
    }
}

/// Carries an unreadable record where an error is wanted.
struct UnreadableRecordError: Error {
    var record: UnreadableRecord
}
