// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import GoTemplate
import Terminal

/// `wharf ps`: the containers of a project.
final class ProjectStatusCommand {
    private let global: GlobalOptions
    private var showsAll = false
    private var statuses: Set<String> = []
    private var format = ""
    private var isWhole = false
    private var showsOrphans = true
    private var isQuiet = false
    private var printsServices = false
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("ps", summary: "List the containers of the project.", section: ProjectCommands.section) {
            ProjectStatusCommand(global).syntax()
        }
    }

    private static let states = ContainerState.Status.allCases.map(\.rawValue)

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf ps                        the containers that run
                wharf ps -a web                 all of one service, those of `run` among them
                wharf ps --status exited        those that have ended
                wharf ps --services             only the services of which something runs
                wharf ps --format json          for scripts, a line for each
                wharf ps --format 'table {{.Service}}\\t{{.Health}}'
                """,
            options: [
                .flag("all", short: "a", help: "Show also containers that do not run, and those of `run`.") {
                    self.showsAll = $0
                },
                .value("filter", "status=state", help: "Show only some, by status.", isRepeatable: true) {
                    text throws(InvalidValue) in try self.addFilter(text)
                },
                .listFormat { self.format = $0 },
                .flag("no-trunc", help: "Cut nothing.") { self.isWhole = $0 },
                .flag("orphans", help: "Show also services that the files do not have; true unless given.") {
                    self.showsOrphans = $0
                },
                .flag("quiet", short: "q", help: "Show only identifiers.") { self.isQuiet = $0 },
                .flag("services", help: "Show only the names of services.") { self.printsServices = $0 },
                .value(
                    "status",
                    "state",
                    help: "Show only containers in a state; repeat for several.",
                    allowed: Self.states,
                    isRepeatable: true
                ) { self.statuses.insert($0) },
            ],
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func addFilter(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts[0] == "status", Self.states.contains(parts[1]) else {
            throw InvalidValue("status=STATE, where STATE is one of \(Self.states.joined(separator: ", "))")
        }
        statuses.insert(parts[1])
    }

    /// The fields that are shown; nil where a template may show any.
    private var fields: Set<String>? { Listing.projectContainers.fields(shownBy: format) }

    private func run() throws {
        let scope = try ProjectScope(global, isBrief: fields != nil)
        let chosen = try scope.services(services)
        let showsAll = showsAll || !statuses.isEmpty
        let containers = scope.containers(of: chosen, includesStopped: showsAll, includesOneOffs: showsAll).filter {
            statuses.isEmpty || statuses.contains($0.state.rawValue)
        }
        .filter { container in
            showsOrphans || !chosen.isEmpty || scope.project.map { $0.services[container.service] != nil } ?? true
        }
        if isQuiet {
            OutputStream.standard.write(containers.map { $0.id + "\n" }.joined())
        } else if printsServices {
            let names = Set(containers.map(\.service)).sorted()
            // An empty line for none.
            OutputStream.standard.write(names.joined(separator: "\n") + "\n")
        } else {
            OutputStream.standard.write(try text(containers, scope.client))
        }
    }

    private func text(_ containers: [ContainerSummary], _ client: EngineClient) throws -> String {
        // A list does not tell the health and the exit status, which only templates show.
        let states =
            try fields != nil ? [] : Targets.results(of: containers) { try client.inspectContainer($0.id).state }
        let (now, fields) = (HumanUnits.now, fields)
        let rows = containers.enumerated().map { index, container in
            // One that went away meanwhile is as the list told it.
            let state = index < states.count ? try? states[index].get() : nil
            return container.projectRow(state: state, truncates: !isWhole, now: now, fields: fields)
        }
        return try Listing.projectContainers.text(rows, format: format)
    }
}

extension Listing {
    /// `docker compose ps`.
    static let projectContainers = Listing(
        typeName: "*formatter.ContainerContext",
        headers: [
            "ID": "CONTAINER ID", "Name": "NAME", "Names": "NAMES", "Project": "PROJECT", "Service": "SERVICE",
            "Image": "IMAGE", "Command": "COMMAND", "CreatedAt": "CREATED AT", "RunningFor": "CREATED",
            "Ports": "PORTS", "State": "STATE", "Status": "STATUS", "Health": "HEALTH", "ExitCode": "EXIT CODE",
            "Size": "SIZE", "Labels": "LABELS", "Mounts": "MOUNTS", "LocalVolumes": "LOCAL VOLUMES",
            "Networks": "NETWORKS", "Publishers": "PUBLISHERS",
        ],
        table: "{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}"
    )
}

extension ContainerSummary {
    /// The row of a list of the containers of a project.
    ///
    /// - Parameters:
    ///   - state: What an inspection tells of the state; nil where nobody asked.
    ///   - truncates: Whether long texts are cut.
    ///   - now: The time in seconds since 1970.
    ///   - fields: The fields that are shown; nil for all.
    /// - Returns: The row.
    fileprivate func projectRow(
        state: ContainerState?,
        truncates: Bool,
        now: Int64,
        fields: Set<String>?
    ) -> Value.Structure {
        var row = row(truncates: truncates, now: now, fields: fields)
        row.fields.removeAll { $0.name == "Platform" }
        let hasEnded = state?.status == .exited || state?.status == .dead
        row.fields += [
            ("Name", .string(name)),
            ("Project", .string(labels[ProjectLabel.project] ?? "")),
            ("Service", .string(service)),
            ("Health", .string(state?.status == .running ? state?.health?.status ?? "" : "")),
            ("ExitCode", .integer(hasEnded ? Int64(state?.exitCode ?? 0) : 0)),
            ("Publishers", .list(sortedPorts.map(\.publisher))),
        ]
        return row
    }

    private var sortedPorts: [Port] {
        ports.sorted { one, other in
            (one.privatePort, one.ip, one.publicPort, one.type)
                < (other.privatePort, other.ip, other.publicPort, other.type)
        }
    }
}

extension ContainerSummary.Port {
    fileprivate var publisher: Value {
        .structure(
            Value.Structure([
                ("URL", .string(ip)), ("TargetPort", .integer(Int64(privatePort))),
                ("PublishedPort", .integer(Int64(publicPort))), ("Protocol", .string(type)),
            ])
        )
    }
}
