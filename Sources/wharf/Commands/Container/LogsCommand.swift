// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import Terminal

import enum Compose.DurationText

/// `wharf container logs`: shows what a container has written.
final class LogsCommand {
    private let global: GlobalOptions
    private var container = ""
    private var request = LogRequest()

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("logs", summary: "Show what a container has written.") { LogsCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container logs -f web             as it is written
                wharf container logs --since 10m web    of the last ten minutes
                wharf container logs -n 20 -t web       the last lines, with their times
                """,
            options: [
                .flag("details", help: "Show what log options add to each line.") { self.request.details = $0 }
            ] + LogOptions.options { $0(&self.request) },
            positionals: [.one("CONTAINER", help: "The container.") { self.container = $0 }],
            run: run
        )
    }

    func run() throws {
        let client = try global.client()
        let found = try client.inspectContainer(container)
        var response = try client.logs(of: found.id, request)
        var decoder = StreamFrameDecoder()
        while let piece = try response.next() {
            var failure: Int32 = 0
            if found.config.tty {
                failure = OutputStream.standard.write(piece)
            } else {
                do {
                    try decoder.feed(piece) { stream, content in
                        let output = stream == .errors ? OutputStream.error : OutputStream.standard
                        if failure == 0 { failure = output.write(Array(content)) }
                    }
                } catch {
                    throw CommandFailure(message: "the engine's log cannot be read: \(error)")
                }
            }
            if failure != 0 {
                let reason = String(cString: strerror(failure)).lowercased()
                throw CommandFailure(message: "cannot write the log: \(reason)")
            }
        }
        if !found.config.tty {
            do {
                try decoder.finish()
            } catch {
                throw CommandFailure(message: "the engine's log cannot be read: \(error)")
            }
        }
    }
}

/// The options that choose a part of a log.
enum LogOptions {
    /// The options.
    ///
    /// - Parameter change: Changes the request that the command has.
    /// - Returns: The options.
    static func options(_ change: @escaping ((inout LogRequest) -> Void) -> Void) -> [Option] {
        [
            .flag("follow", short: "f", help: "Go on as more is written.") { value in change { $0.follows = value } },
            time("since", help: "Only what was written after a time, such as 2026-01-02T13:23:37Z or 42m.") { value in
                change { $0.since = value }
            },
            .value("tail", short: "n", "lines", help: "How many lines from the end.", default: "all") {
                text throws(InvalidValue) in
                guard text == "all" || Int(text) != nil else { throw InvalidValue("a number of lines, or all") }
                // A negative number is all of them.
                let tail = Int(text).map { $0 < 0 } == true ? "all" : text
                change { $0.tail = tail }
            },
            .flag("timestamps", short: "t", help: "Show the time of each line.") { value in
                change { $0.timestamps = value }
            },
            time("until", help: "Only what was written before a time.") { value in change { $0.until = value } },
        ]
    }

    private static func time(_ name: String, help: String, _ store: @escaping (String) -> Void) -> Option {
        .value(name, "time", help: help) { text throws(InvalidValue) in store(try PointInTime.read(text)) }
    }
}

/// A time as users write it.
enum PointInTime {
    /// Reads how long ago, RFC 3339, a date with or without a time in the zone of this machine, or seconds since 1970.
    ///
    /// - Parameter text: The time.
    /// - Returns: `seconds.nanoseconds` since 1970.
    /// - Throws: The refusal of anything else.
    static func read(_ text: String) throws(InvalidValue) -> String {
        if let duration = try? DurationText.parse(text), Int64(text) == nil {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            let (seconds, attoseconds) = duration.components
            var (whole, fraction) = (Int64(now.tv_sec) - seconds, Int64(now.tv_nsec) - attoseconds / 1_000_000_000)
            if fraction < 0 { (whole, fraction) = (whole - 1, fraction + 1_000_000_000) }
            if fraction >= 1_000_000_000 { (whole, fraction) = (whole + 1, fraction - 1_000_000_000) }
            return format(whole, fraction)
        }
        if let instant = Timestamp(query: text) { return format(instant.seconds, Int64(instant.nanoseconds)) }
        if let seconds = local(text) { return format(seconds, 0) }
        throw InvalidValue(
            "a time such as 2026-01-02T13:23:37Z, 2026-01-02 or 1767360217, or how long ago, such as 42m"
        )
    }

    private static func format(_ seconds: Int64, _ nanoseconds: Int64) -> String {
        let digits = String(nanoseconds)
        return "\(seconds)." + String(repeating: "0", count: 9 - digits.count) + digits
    }

    private static func local(_ text: String) -> Int64? {
        let instant = ["", ":00", ":00:00", "T00:00:00"].lazy.compactMap { Timestamp(text + $0 + "Z") }.first
        guard let instant else { return nil }
        var seconds = time_t(instant.seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        parts.tm_isdst = -1
        return Int64(mktime(&parts))
    }
}
