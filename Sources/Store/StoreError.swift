// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Why a record could not be read or written.
package struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Equatable, Sendable {
        case notFound
        /// Several identifiers start with the text.
        case ambiguous
        /// The identifier or name belongs to the container with the given identifier.
        case taken(holder: String)
        /// What was to be written is no record.
        case invalid
        /// A record that cannot be read, which is left as it is.
        case unreadableRecord
        /// The file is damaged, or no database.
        case damagedFile
        /// The database is of a later version, or of another program.
        case foreignFile
        case diskFull
        /// The file or its folder cannot be written, or not be opened at all.
        case inaccessible
        /// Another process has been writing all the time.
        case busy
        /// The system failed to read or write.
        case failed
    }

    package var code: Code
    /// What was tried, on what, what the system answered, and what to do next.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// The error for what went wrong below.
    ///
    /// - Parameters:
    ///   - cause: What SQLite or its wrapper threw; a `StoreError` stays what it is.
    ///   - path: The path of the database.
    init(_ cause: any Error, path: String) {
        if let known = cause as? StoreError {
            self = known
            return
        }
        guard let failure = cause as? DatabaseError else {
            self.init(.failed, "cannot use the database \(path): \(cause)")
            return
        }
        let answer = failure.message ?? "\(failure.extendedResultCode)"
        switch failure.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                .damagedFile,
                "the database \(path) is damaged: \(answer); nothing in it was changed. "
                    + "Stop the engine and copy the file; `sqlite3 \(path) .recover` shows what can still be read. "
                    + "Move the file away to begin with an empty one"
            )
        case .SQLITE_FULL:
            self.init(.diskFull, "cannot write the database \(path): \(answer); make room on its disk and try again")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                .inaccessible,
                "cannot open the database \(path) for writing: \(answer); "
                    + "check that its folder exists and that the folder and the file can be written"
            )
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .busy,
                "cannot write the database \(path): \(answer); another process has been using it for too long"
            )
        default:
            self.init(.failed, "cannot use the database \(path): \(answer) (\(failure.extendedResultCode))")
        }
    }
}
