// SPDX-License-Identifier: Apache-2.0

import EngineAPI
package import Linux
package import Logs

/// What clients get of a container's log.
package enum ContainerLog {
    /// The log line by line, as `GET /containers/{id}/logs` gives it.
    ///
    /// - Parameters:
    ///   - directory: The log's directory.
    ///   - query: What the client wants to see.
    ///   - details: The labels and variables that the container's log options name.
    ///   - hasTerminal: Whether the container has a terminal, which writes one stream.
    ///   - end: Is signalled when the container has ended and everything is in the log.
    /// - Returns: The lines; long ones come in several pieces.
    /// - Throws: Why the log cannot be read.
    package static func lines(
        of directory: borrowing Descriptor,
        _ query: ContainerLogQuery,
        details: [String: String] = [:],
        hasTerminal: Bool,
        until end: EndSignal
    ) throws -> OutputStream {
        var wanted = LogQuery()
        wanted.streams = streams(output: query.showsOutput, errors: query.showsErrors, hasTerminal)
        wanted.since = query.since.map { UInt64(max(0, $0.unixNanoseconds)) }
        wanted.until = query.until.map { UInt64(max(0, $0.unixNanoseconds)) }
        wanted.tail = query.tail.map { max(0, $0) }
        wanted.follows = query.follows
        let prefix = LogLinePrefix(
            showsTimestamps: query.showsTimestamps,
            details: query.showsDetails ? details : nil
        )
        return try output(of: directory, wanted, prefix, until: end)
    }

    /// What the container writes as it comes, as `POST /containers/{id}/attach` gives it.
    ///
    /// - Parameters:
    ///   - directory: The log's directory, which may have nothing in it yet.
    ///   - request: What the client wants; its input is somebody else's.
    ///   - hasTerminal: Whether the container has a terminal, which writes one stream.
    ///   - end: Is signalled when the container has ended and everything is in the log.
    /// - Returns: The pieces: everything that is written after the return of this call, and what is there before where the
    ///   client wants that.
    /// - Throws: Why the log cannot be read.
    package static func arrivals(
        in directory: borrowing Descriptor,
        _ request: AttachRequest,
        hasTerminal: Bool,
        until end: EndSignal
    ) throws -> OutputStream {
        var wanted = LogQuery()
        wanted.streams = streams(output: request.output, errors: request.errors, hasTerminal)
        wanted.isRaw = true
        wanted.tail = request.includesLog ? nil : 0
        wanted.follows = request.streams
        return try output(of: directory, wanted, LogLinePrefix(), until: end)
    }

    private static func streams(output: Bool, errors: Bool, _ hasTerminal: Bool) -> Set<LogStream> {
        var streams: Set<LogStream> = []
        if output { streams.insert(.standardOutput) }
        if errors, !hasTerminal { streams.insert(.standardError) }
        return streams
    }

    private static func output(
        of directory: borrowing Descriptor,
        _ query: LogQuery,
        _ prefix: LogLinePrefix,
        until end: EndSignal
    ) throws -> OutputStream {
        let output = LogOutput(try LogFollower(directory, query, until: end), prefix)
        return OutputStream { try await output.next() }
    }
}

/// A log on its way to a client.
private actor LogOutput {
    private let follower: LogFollower
    private var prefix: LogLinePrefix
    /// What follows a note on missing bytes.
    private var waiting: LogPiece?

    init(_ follower: LogFollower, _ prefix: LogLinePrefix) {
        self.follower = follower
        self.prefix = prefix
    }

    func next() async throws -> OutputPiece? {
        while true {
            let piece: LogPiece
            if let waiting = waiting.take() {
                piece = waiting
            } else if let next = try await follower.next() {
                if next.droppedBefore > 0 {
                    waiting = next
                    return Self.note(next)
                }
                piece = next
            } else {
                return nil
            }
            if piece.bytes.isEmpty { continue }
            let stream: StandardStream = piece.stream == .standardOutput ? .output : .errors
            return OutputPiece(stream, prefix.bytes(of: piece))
        }
    }

    /// Says that something is missing, for nobody may take the rest for the whole.
    private static func note(_ piece: LogPiece) -> OutputPiece {
        let count = piece.droppedBefore
        let text =
            "[wharf: about \(count) bytes of output are missing here: the disk was full or they were read too late]"
        return OutputPiece(piece.stream == .standardOutput ? .output : .errors, Array("\(text)\n".utf8))
    }
}

/// What stands before each line: its time in nine digits of a second, then details, each with a space behind it.
struct LogLinePrefix: Sendable {
    private var showsTimestamps = false
    private var details: [UInt8] = []
    /// The last second, written out.
    private var second: (number: Int64, text: [UInt8]) = (.min, [])

    /// Nothing.
    init() {}

    /// What a client wants.
    ///
    /// - Parameters:
    ///   - showsTimestamps: Whether the time is there.
    ///   - details: The names and values; nil where the client does not want to see any.
    init(showsTimestamps: Bool, details: [String: String]?) {
        self.showsTimestamps = showsTimestamps
        guard let details else { return }
        let pairs = details.sorted { $0.key < $1.key }.map { Self.escaped($0.key) + "=" + Self.escaped($0.value) }
        self.details = Array("\(pairs.joined(separator: ",")) ".utf8)
    }

    /// The bytes of a piece with what stands before it.
    mutating func bytes(of piece: LogPiece) -> [UInt8] {
        guard piece.startsLine, showsTimestamps || !details.isEmpty else { return piece.bytes }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(piece.bytes.count + details.count + 32)
        if showsTimestamps { append(piece.time, to: &bytes) }
        bytes += details
        bytes += piece.bytes
        return bytes
    }

    private mutating func append(_ time: UInt64, to bytes: inout [UInt8]) {
        let number = Int64(time / 1_000_000_000)
        if number != second.number {
            // `2026-01-31T12:00:00Z` without its last letter.
            second = (number, Array(Timestamp(seconds: number).description.utf8.dropLast()))
        }
        bytes += second.text
        bytes.append(UInt8(ascii: "."))
        var (rest, unit) = (time % 1_000_000_000, UInt64(100_000_000))
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest / unit))
            rest %= unit
            unit /= 10
        }
        bytes += "Z ".utf8
    }

    /// A text as it stands in the query of an address, a space as `+`.
    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): result += "+"
            default: result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return result
    }
}
