// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import JSONTree
import Terminal

/// `wharf events`: what happens to the containers of a project, as it happens.
final class ProjectEventsCommand {
    private let global: GlobalOptions
    private var isJSON = false
    private var since: String?
    private var until: String?
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "events",
            summary: "Show what happens to the containers, as it happens.",
            section: ProjectCommands.section
        ) { ProjectEventsCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf events
                wharf events --json web            for scripts, a line for each
                wharf events --since 1h --until 0s the last hour, and no more
                """,
            options: [.flag("json", help: "Print a JSON object for each event.") { self.isJSON = $0 }]
                + EventTime.options(since: { self.since = $0 }, until: { self.until = $0 }),
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global)
        let chosen = try scope.services(services)
        var values = scope.filters.values
        values["type"] = ["container"]
        var response = try scope.client.events(since: since, until: until, Filters(values))
        while let event = try response.nextValue(EngineEvent.self) {
            let attributes = event.actor.attributes
            let service = attributes[ProjectLabel.service] ?? ""
            if attributes[ProjectLabel.oneOff] == "True" { continue }
            if !chosen.isEmpty, !chosen.contains(service) { continue }
            let shown = attributes.filter { !$0.key.hasPrefix("com.docker.compose.") }.sorted { $0.key < $1.key }
            OutputStream.standard.write(
                (isJSON ? Self.json(event, service, shown) : Self.text(event, shown)) + "\n"
            )
        }
    }

    private typealias Attributes = [(key: String, value: String)]

    private static func json(_ event: EngineEvent, _ service: String, _ attributes: Attributes) -> String {
        let json: JSON = [
            "action": .string(event.action),
            "attributes": .object(attributes.map { JSON.Member($0.key, .string($0.value)) }),
            "id": .string(event.actor.id), "service": .string(service), "time": .string(event.time.description),
            "type": "container",
        ]
        return json.text()
    }

    /// One line, such as `2026-11-29 04:11:40.512123 container create ID (image=busybox, name=shop-web-1)`.
    private static func text(_ event: EngineEvent, _ attributes: Attributes) -> String {
        let stamp = HumanUnits.localTimestamp(event.time.seconds, nanoseconds: event.time.nanoseconds)
        // The date, and the time of day to the microsecond.
        let time = String(stamp.prefix(26).map { $0 == "T" ? " " : $0 })
        let shown = attributes.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        return "\(time) container \(event.action) \(event.actor.id) (\(shown))"
    }
}
