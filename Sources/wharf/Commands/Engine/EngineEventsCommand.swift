// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import GoTemplate
import JSONTree
import Terminal

/// `wharf engine events`: what happens to containers and images, as it happens.
final class EngineEventsCommand {
    private let global: GlobalOptions
    private var filters = FilterOptions()
    private var format = ""
    private var since: String?
    private var until: String?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("events", summary: "Show what happens, as it happens.") { EngineEventsCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf engine events
                wharf engine events -f event=die --format '{{.Actor.Attributes.name}}: {{.Actor.Attributes.exitCode}}'
                wharf engine events --since 1h --until 0s   the last hour, and no more
                """,
            options: [
                .value(
                    "filter",
                    short: "f",
                    "name=value",
                    help: "Show only some, by type, event, container, image or label.",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .value("format", "form", help: "The form: json, or a Go template.", completion: .words(["json"])) {
                    self.format = $0
                },
            ] + EventTime.options(since: { self.since = $0 }, until: { self.until = $0 }),
            run: run
        )
    }

    private func run() throws {
        let template = try format.isEmpty || format == "json" ? nil : EventText.template(format)
        var response = try global.client().events(since: since, until: until, filters.filters)
        while let line = try response.nextLine() {
            OutputStream.standard.write(
                try EventText.text(of: line, template: template, isJSON: format == "json") + "\n"
            )
        }
    }
}

/// Events as `docker events` prints them.
enum EventText {
    /// Reads the template of `--format`.
    static func template(_ format: String) throws -> Template {
        do {
            return try Template(TemplateText.read(format))
        } catch {
            throw CommandFailure(message: "cannot use the template of `--format`: \(error.message)")
        }
    }

    /// An event on one line.
    ///
    /// - Parameters:
    ///   - line: The event as the engine sends it.
    ///   - template: A template; nil for none.
    ///   - isJSON: Whether the event is printed as JSON where there is no template.
    /// - Returns: The line without its end.
    /// - Throws: ``CommandFailure`` where the template does not fit, ``ClientError`` where the line is no event.
    static func text(of line: [UInt8], template: Template?, isJSON: Bool) throws -> String {
        let event = try EngineClient.decode(EngineEvent.self, line)
        guard let template else { return isJSON ? json(of: event).text() : text(of: event) }
        var value = Value(json(of: event), shape: shape)
        if case .structure(var structure) = value {
            structure.fields = structure.fields.map { (fieldNames[$0.name] ?? $0.name, $0.value) }
            for name in ["Status", "ID", "From"] where structure[name] == nil {
                structure.fields.append((name, .string("")))
            }
            structure.typeName = "*events.Message"
            value = .structure(structure)
        }
        do {
            return try template.text(for: value)
        } catch {
            throw CommandFailure(message: "cannot use the template of `--format`: \(error.message)")
        }
    }

    private static let shape: Value.Shape = {
        var shape = Value.Shape()
        shape.maps = ["Attributes": .string("")]
        return shape
    }()

    /// The names that Go's struct has for fields that JSON writes small.
    private static let fieldNames = [
        "status": "Status", "id": "ID", "from": "From", "scope": "Scope", "time": "Time", "timeNano": "TimeNano",
    ]

    /// The event with its fields in Go's order, those left out that are empty.
    private static func json(of event: EngineEvent) -> JSON {
        var members: [JSON.Member] = []
        if event.type == "container" || event.type == "image" {
            members.append(JSON.Member("status", .string(event.action)))
            members.append(JSON.Member("id", .string(event.actor.id)))
        }
        if event.type == "container", let image = event.actor.attributes["image"] {
            members.append(JSON.Member("from", .string(image)))
        }
        let attributes = event.actor.attributes.sorted { $0.key < $1.key }.map {
            JSON.Member($0.key, .string($0.value))
        }
        let rest: JSON = [
            "Type": .string(event.type), "Action": .string(event.action),
            "Actor": ["ID": .string(event.actor.id), "Attributes": .object(attributes)],
            "scope": .string(event.scope), "time": .integer(event.time.seconds),
            "timeNano": .integer(event.time.unixNanoseconds),
        ]
        return .object(members + (rest.members ?? []))
    }

    private static func text(of event: EngineEvent) -> String {
        let time = HumanUnits.localTimestamp(event.time.seconds, nanoseconds: event.time.nanoseconds)
        let attributes = event.actor.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let tail = attributes.isEmpty ? "" : " (\(attributes.joined(separator: ", ")))"
        return "\(time) \(event.type) \(event.action) \(event.actor.id)\(tail)"
    }
}

/// Times of `--since` and `--until`.
enum EventTime {
    /// The options that choose a time of events.
    ///
    /// - Parameters:
    ///   - since: Gets the time of `--since` as the engine reads it.
    ///   - until: Gets that of `--until`.
    /// - Returns: The options.
    static func options(since: @escaping (String) -> Void, until: @escaping (String) -> Void) -> [Option] {
        [
            .value(
                "since",
                "time",
                help: "Show also what happened since: a time, seconds since 1970, or 10m for ago."
            ) { text throws(InvalidValue) in since(try query(text)) },
            .value("until", "time", help: "End at a time, written as for --since.") { text throws(InvalidValue) in
                until(try query(text))
            },
        ]
    }

    /// The time as the engine reads it.
    ///
    /// - Parameters:
    ///   - text: RFC 3339, a date with or without a time of day, seconds since 1970, or a duration for so long ago.
    ///   - now: Seconds since 1970; nil for this instant.
    /// - Returns: Seconds since 1970 with a fraction.
    /// - Throws: ``InvalidValue`` for anything else.
    static func query(_ text: String, now: Int64? = nil) throws(InvalidValue) -> String {
        for candidate in [text, text + "Z", text + ":00Z", text + "T00:00:00Z"] {
            if let instant = Timestamp(candidate) { return seconds(instant) }
        }
        if let instant = Timestamp(query: text) { return seconds(instant) }
        if let ago = duration(text) {
            // What has just happened is in this second.
            var clock = timespec()
            clock_gettime(CLOCK_REALTIME, &clock)
            let present = now.map { $0 * 1_000_000_000 } ?? Int64(clock.tv_sec) * 1_000_000_000 + Int64(clock.tv_nsec)
            let nanoseconds = present - ago
            return seconds(Timestamp(unixNanoseconds: nanoseconds))
        }
        throw InvalidValue("a time such as 2026-01-31T12:00:00, seconds since 1970, or a duration such as 1h30m")
    }

    private static func seconds(_ instant: Timestamp) -> String {
        let fraction = String(instant.nanoseconds)
        return "\(instant.seconds).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)"
    }

    /// A duration of Go, such as `1h30m`, in nanoseconds.
    private static func duration(_ text: String) -> Int64? {
        let units: [String: Double] = ["h": 3.6e12, "m": 6e10, "s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1]
        var rest = text[...]
        var sum = 0.0
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = units[String(unit)] else { return nil }
            sum += value * factor
        }
        return Int64(exactly: sum.rounded())
    }
}
