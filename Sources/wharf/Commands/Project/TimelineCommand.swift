// SPDX-License-Identifier: Apache-2.0

import Arguments
import Diagram
import EngineAPI
import EngineClient
import Terminal

/// `wharf timeline`: draws when the containers of a project were made, started and ready, and what took longest.
final class TimelineCommand {
    /// The forms of the drawing.
    private enum Form: String, CaseIterable {
        case text, svg, json
    }

    private let global: GlobalOptions
    private var format = Form.text
    private var output: String?
    private var since: String?
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "timeline",
            summary: "Draw the start of the project over time, and what took longest.",
            section: ProjectCommands.section
        ) { TimelineCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf timeline                          the last `wharf up`
                wharf timeline web                      only web and what it depends on
                wharf timeline --since 10m              whatever was started in the last ten minutes
                wharf timeline --format svg -o up.svg   a picture
                """,
            options: [
                .value(
                    "format",
                    "form",
                    help: "The form of the drawing.",
                    allowed: Form.allCases.map(\.rawValue),
                    default: "text"
                ) { if let form = Form(rawValue: $0) { self.format = form } },
                .value(
                    "output",
                    short: "o",
                    "path",
                    help: "Write to a file instead of standard output.",
                    completion: .files()
                ) { self.output = $0 },
                .value(
                    "since",
                    "time",
                    help: "Begin at a time, seconds since 1970, or 10m for ago; unless given, with the last `wharf up`."
                ) { text throws(InvalidValue) in self.since = try EventTime.query(text) },
            ],
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global)
        let chosen = try scope.services(services)
        let source = ProjectTimeline(client: scope.client, name: scope.name, project: scope.project)
        let timeline: Timeline
        if let since {
            timeline = try source.read(services: chosen, since: since)
        } else {
            let begin = try scope.client.projects().first { $0.name == scope.name }?.changed
            if begin == nil, scope.containers.isEmpty {
                throw CommandFailure(message: "project `\(scope.name)` is not up: bring it up with `wharf up`")
            }
            timeline = try source.read(services: chosen, since: begin?.query ?? "0", begin: begin)
        }
        guard !timeline.bars.isEmpty else { throw CommandFailure(message: nothing(scope.name)) }
        let drawing =
            switch format {
            case .text: output == nil ? ProjectTimeline.text(timeline, global) : TimelineText.render(timeline)
            case .svg: TimelineSVG.render(timeline)
            case .json: TimelineJSON.render(timeline)
            }
        if let output {
            try OutputFile.write(Array(drawing.utf8), to: output)
        } else {
            OutputStream.standard.write(drawing)
        }
    }

    private func nothing(_ project: String) -> String {
        since == nil
            ? "the last `wharf up` of project `\(project)` had nothing to start: look further back with `--since 1h`"
            : "nothing of project `\(project)` was started in that time: look further back with another `--since`"
    }
}
