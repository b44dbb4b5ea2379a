// SPDX-License-Identifier: Apache-2.0

import Compose
import Diagram
import EngineAPI
import EngineClient
import Terminal

/// The start of a project as the engine's events tell it.
struct ProjectTimeline {
    let client: EngineClient
    /// The name of the project.
    let name: String
    /// What its services wait for; nil for what the engine knows of it.
    let project: Project?

    /// Reads the events, and computes the timeline.
    ///
    /// - Parameters:
    ///   - services: The services that are shown, with what they depend on; none for all.
    ///   - since: From when on, as the engine reads it.
    ///   - begin: When the start began; nil where that is the first event.
    /// - Returns: The timeline; one without bars where nothing happened.
    /// - Throws: What the client throws.
    func read(services: [String], since: String, begin: Timestamp? = nil) throws -> Timeline {
        let project = try self.project ?? client.project(name)
        let shown = services.isEmpty ? nil : DependencyGraph(project.services).closure(of: services)
        let filters = Filters([
            "type": ["container"], "label": ProjectLabel.containers(of: name),
            "event": ["create", "start", "health_status", "die"],
        ])
        var records: [Timeline.Record] = []
        var response = try client.events(since: since, until: PointInTime.now, filters)
        while let event = try response.nextValue(EngineEvent.self) {
            guard let record = Timeline.Record(event), shown?.contains(record.service) ?? true else { continue }
            records.append(record)
        }
        let dependencies = project.services.sorted { $0.key < $1.key }.flatMap { name, service in
            service.dependsOn.sorted { $0.key < $1.key }.map { target, dependency in
                ServiceGraph.Dependency(
                    from: name,
                    to: target,
                    condition: ServiceGraph.Condition(composeName: dependency.condition.rawValue)
                )
            }
        }
        return Timeline(project: name, records: records, dependencies: dependencies, begin: begin?.unixNanoseconds)
    }

    /// A timeline in the colours of the terminal, and of its width.
    static func text(_ timeline: Timeline, _ global: GlobalOptions) -> String {
        let stream = OutputStream.standard
        let style = stream.style(global.colour(nil))
        return TimelineText.render(timeline, width: stream.isTerminal ? stream.width : 80) { role, text in
            switch role {
            case .title, .critical: style.bold(text)
            case .scale, .created, .remark: style.faint(text)
            case .starting: style.yellow(text)
            case .ready: style.green(text)
            case .failure: style.red(text)
            case .name: text
            }
        }
    }

    /// Shows the timeline of a start that this command has just made.
    ///
    /// - Parameters:
    ///   - begin: When it began.
    ///   - services: The services that were started; none for all.
    ///   - global: How it is shown.
    /// - Throws: What the client throws.
    func show(since begin: Timestamp, services: [String], _ global: GlobalOptions) throws {
        let timeline = try read(services: services, since: begin.query, begin: begin)
        OutputStream.standard.write(
            timeline.bars.isEmpty ? "\(name): nothing had to be started\n" : Self.text(timeline, global)
        )
    }
}

extension Timeline.Record {
    /// What an event of the engine tells of a container of a service; nil where it tells nothing.
    fileprivate init?(_ event: EngineEvent) {
        let attributes = event.actor.attributes
        guard let service = attributes[ProjectLabel.service], attributes[ProjectLabel.oneOff] != "True",
            attributes[ProjectLabel.hook] == nil
        else { return nil }
        let kind: Kind
        switch event.action {
        case "create": kind = .created
        case "start": kind = .started
        case "health_status: healthy": kind = .healthy
        case "die": kind = .ended(status: attributes["exitCode"].flatMap { Int($0) } ?? 0)
        default: return nil
        }
        let number = attributes[ProjectLabel.number].flatMap { Int($0) } ?? 1
        self.init(kind, service, number, container: event.actor.id, at: event.time.unixNanoseconds)
    }
}

extension Timestamp {
    /// As the engine reads it in `since`: seconds since 1970 with nine decimals.
    var query: String { "\(seconds).\(String(1_000_000_000 + Int64(nanoseconds)).dropFirst())" }
}
