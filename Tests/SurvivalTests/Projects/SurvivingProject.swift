// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport

/// A project in a folder of its own, brought up by the program on the command line.
final class SurvivingProject: Sendable {
    let engine: SurvivingEngine
    private let folder: Scratch

    init(_ engine: SurvivingEngine) throws {
        self.engine = engine
        folder = try Scratch()
    }

    /// The name of the project.
    static let name = "shop"

    /// Puts a text in the place of the compose file.
    func edit(_ text: String) throws { _ = try folder.write("compose.yaml", "name: \(Self.name)\n" + text) }

    private var environment: [String: String] {
        let programs = Binaries.path(of: "wharf").dropLast("/wharf".count)
        return [
            "PATH": "\(programs):/usr/sbin:/usr/bin:/sbin:/bin", "WHARF_ROOT": engine.scratch.path,
            "HOME": folder.path, "TERM": "dumb", "LC_ALL": "C.UTF-8", "MARK": "none",
        ]
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - arguments: What is to be done.
    ///   - limit: After how many milliseconds it is killed; nil for never.
    /// - Returns: How it ended.
    /// - Throws: Where it cannot be started.
    func run(_ arguments: [String], killedAfter limit: Int? = nil) throws -> Command.Outcome {
        let kill = limit.map { ["timeout", "-s", "KILL", "\(Double($0 + 1) / 1000)"] } ?? []
        return try Command("/usr/bin/env", kill + ["wharf"] + arguments, in: folder.path, environment: environment)
            .run()
    }

    /// Runs the program, which must succeed.
    @discardableResult
    func succeed(_ arguments: [String]) throws -> String {
        let outcome = try run(arguments)
        guard outcome.end == .exit(0) else {
            let words = arguments.joined(separator: " ")
            throw SystemFailure(message: "wharf \(words): \(outcome.end)\n\(outcome.output)\(outcome.errors)")
        }
        return outcome.output + outcome.errors
    }

    // MARK: What there is

    /// The containers of the project, in the order of their names.
    func containers() throws -> [ContainerInspection] {
        let filters = Filters(["label": ["\(ProjectLabel.project)=\(Self.name)"]])
        let found = try engine.insist { try $0.listContainers(showsAll: true, filters) }
        return try found.compactMap { try engine.find($0.id) }.sorted { $0.name < $1.name }
    }

    /// How often is looked again at what comes to be by itself.
    private static let looks = 1000

    /// What there is once no health check has yet to speak.
    ///
    /// - Parameter wanted: What it has to become; nil where nobody knows.
    /// - Returns: What it has become.
    /// - Throws: What the engine answers.
    func settledState(_ wanted: [String]? = nil) throws -> [String] {
        var found: [String] = []
        for _ in 0..<Self.looks {
            found = try state()
            if let wanted {
                if found == wanted { break }
            } else if !found.contains(where: { $0.hasSuffix("starting") }) {
                break
            }
        }
        return found
    }

    /// What the engine says there is of the project, without what is another each time.
    func state() throws -> [String] {
        var lines: [String] = []
        for container in try containers() {
            let labels = container.config.labels ?? [:]
            let isThere = container.state.pid > 0 && kill(pid_t(container.state.pid), 0) == 0
            let networks = container.networkSettings.networks.sorted { $0.key < $1.key }.map { name, endpoint in
                // Names may be hexadecimal as well: `db` is.
                let own = container.id.prefix(12)
                let aliases = (endpoint.aliases ?? []).filter { $0 != own }.sorted()
                return "\(name)[\(aliases.joined(separator: ","))]" + (endpoint.ipAddress.isEmpty ? "" : "+")
            }
            let mounts = container.mounts.map {
                $0.name.count == 64 ? "\($0.destination)" : "\($0.name):\($0.destination)"
            }
            // One that uses what belongs to another has that one's identifier in its definition.
            let hash = networks.isEmpty ? "" : (labels[ProjectLabel.configHash] ?? "").prefix(12)
            let state = container.state
            let parts: [String] = [
                container.name, state.status.rawValue, String(state.exitCode), String(isThere), String(hash),
                networks.joined(separator: " "), mounts.sorted().joined(separator: " "),
                String(container.hostConfig.resources.memory), state.health.map(\.status) ?? "-",
            ]
            lines.append(parts.joined(separator: " "))
        }
        let networks = try engine.insist { try $0.listNetworks() }.map(\.name).filter { $0.hasPrefix(Self.name) }
        let volumes = try engine.insist { try $0.listVolumes() }.volumes.map(\.name)
        lines.append("networks \(networks.sorted().joined(separator: " "))")
        lines.append("volumes \(volumes.filter { $0.count < 64 }.sorted().joined(separator: " "))")
        return lines
    }

    /// The volumes without a name, which `down` leaves.
    func unnamedVolumes() throws -> Set<String> {
        Set(try engine.insist { try $0.listVolumes() }.volumes.map(\.name).filter { $0.count == 64 })
    }
}
