// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Which of a process's streams something was written to.
package enum LogStream: UInt32, CaseIterable, Sendable {
    case standardOutput = 1
    case standardError = 2

    /// The first part of the names of its files.
    var name: String {
        switch self {
        case .standardOutput: "stdout"
        case .standardError: "stderr"
        }
    }
}

/// A part of a log: a line, or a piece of a long one.
package struct LogPiece: Equatable, Sendable {
    package var stream: LogStream
    /// When its last byte arrived, in nanoseconds since 1970.
    package var time: UInt64
    /// The bytes as they were written, with the newline where one ends the line.
    package var bytes: [UInt8]
    /// Whether a line starts here.
    package var startsLine: Bool
    /// Bytes that came before this piece and are not in the log.
    ///
    /// The disk was full, or the reader fell too far behind and segments went: then it is a guess by the size of the segment
    /// before them. A piece may have nothing but these.
    package var droppedBefore: UInt64 = 0

    /// Whether the line ends here.
    package var endsLine: Bool { bytes.last == UInt8(ascii: "\n") }
}

/// What somebody wants to see of a log.
package struct LogQuery: Sendable {
    package var streams: Set<LogStream> = Set(LogStream.allCases)
    /// The first and the last time, in nanoseconds since 1970; nil is no bound.
    package var since: UInt64?
    package var until: UInt64?
    /// How many of the last lines; nil is all.
    package var tail: Int?
    /// Whether to wait for more at the end; otherwise the log ends where it does when it is opened.
    package var follows = false
    /// Whether pieces are wanted as they arrive, and not line by line; ``tail`` then holds for each stream.
    package var isRaw = false

    package init() {}
}

/// Why a log could not be read.
package enum LogError: Error, Equatable, CustomStringConvertible {
    /// The log's directory or a file in it cannot be read.
    case unreadable(SystemError)

    package var description: String {
        switch self {
        case .unreadable(let error): "cannot read the log: \(error)"
        }
    }
}
