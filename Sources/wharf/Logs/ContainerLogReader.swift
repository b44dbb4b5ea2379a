// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Terminal

/// A line that a container wrote.
struct ContainerLogLine: Sendable {
    /// Without the end of the line.
    var bytes: [UInt8]
    var stream: LogPresenter.Stream
    var time: Timestamp
    /// The time as the engine writes it: in UTC, with nine digits of the second.
    var timeText: String
}

/// The log of a container, taken apart into lines as it comes.
final class ContainerLogReader {
    private var response: Response
    private var decoder = StreamFrameDecoder()
    private let hasTerminal: Bool
    /// What has arrived of a line of each stream whose end has not.
    private var begun: [LogPresenter.Stream: [UInt8]] = [:]
    private var lastTime = Timestamp(seconds: 0)
    private var lastTimeText = ""
    /// Whether there is no more.
    private(set) var isAtEnd = false

    /// A line that is longer is cut, so that one without an end takes no more memory than this.
    private static let longestLine = 1 << 20

    /// Asks for a log.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - container: The container.
    ///   - hasTerminal: Whether it has a terminal, so that it writes one stream.
    ///   - request: The part of the log; its times are always asked for.
    /// - Throws: What the client throws.
    init(_ client: EngineClient, of container: String, hasTerminal: Bool, _ request: LogRequest) throws {
        var request = request
        request.timestamps = true
        response = try client.logs(of: container, request)
        self.hasTerminal = hasTerminal
    }

    /// The descriptor of the connection, for poll(2).
    var number: Int32 { response.number }

    /// Whether ``read()`` need not wait, though poll(2) may tell of nothing.
    var hasArrived: Bool { !isAtEnd && response.hasArrived }

    /// Waits for more of the log.
    ///
    /// - Returns: The lines that are complete; none at the end, and where only a part of one has arrived.
    /// - Throws: ``CommandFailure`` where it is no log, and what the client throws.
    func read() throws -> [ContainerLogLine] {
        var lines: [ContainerLogLine] = []
        repeat {
            guard let piece = try response.next() else {
                try finish(&lines)
                return lines
            }
            try take(piece, &lines)
        } while response.hasArrived
        return lines
    }

    private func take(_ piece: [UInt8], _ lines: inout [ContainerLogLine]) throws {
        if hasTerminal { return add(piece[...], .output, &lines) }
        do {
            try decoder.feed(piece) { stream, content in add(content, stream == .errors ? .errors : .output, &lines) }
        } catch {
            throw Self.unreadable(error)
        }
    }

    private func finish(_ lines: inout [ContainerLogLine]) throws {
        isAtEnd = true
        for stream in [LogPresenter.Stream.output, .errors] {
            if let rest = begun.removeValue(forKey: stream), !rest.isEmpty { lines.append(line(rest[...], stream)) }
        }
        if hasTerminal { return }
        do {
            try decoder.finish()
        } catch {
            throw Self.unreadable(error)
        }
    }

    private static func unreadable(_ problem: StreamFrameDecoder.Problem) -> CommandFailure {
        CommandFailure(message: "the engine's log cannot be read: \(problem)")
    }

    private func add(_ content: ArraySlice<UInt8>, _ stream: LogPresenter.Stream, _ lines: inout [ContainerLogLine]) {
        var text = begun.removeValue(forKey: stream) ?? []
        let scanned = text.count
        text += content
        var rest = text[...]
        var place = scanned
        while let end = rest[place...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(line(rest[..<end], stream))
            rest = rest[(end + 1)...]
            place = rest.startIndex
        }
        if rest.count > Self.longestLine {
            lines.append(line(rest, stream))
            rest = []
        }
        if !rest.isEmpty { begun[stream] = Array(rest) }
    }

    /// A line without the time that it begins with; the note of the engine that something is missing has none.
    private func line(_ bytes: ArraySlice<UInt8>, _ stream: LogPresenter.Stream) -> ContainerLogLine {
        var bytes = bytes
        if let space = bytes.prefix(40).firstIndex(of: UInt8(ascii: " ")) {
            let text = String(decoding: bytes[..<space], as: UTF8.self)
            if let time = Timestamp(text) {
                (lastTime, lastTimeText) = (time, text)
                bytes = bytes[(space + 1)...]
            }
        }
        return ContainerLogLine(bytes: Array(bytes), stream: stream, time: lastTime, timeText: lastTimeText)
    }
}
