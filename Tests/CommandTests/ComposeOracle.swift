// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import ConformanceKit
import EngineAPI
import EngineClient
import Linux
import TestSupport

/// A project that both Docker Compose and wharf make on one engine.
struct OracleCase: Sendable {
    /// The compose file.
    var text: String
    /// Further files of the project, by their paths.
    var files: [String: String] = [:]

    /// A service `web` with some keys.
    static func web(_ keys: String, and rest: String = "", files: [String: String] = [:]) -> Self {
        Self(text: "services:\n  web:\n    image: busybox\n    \(keys)\n\(rest)", files: files)
    }

    static func project(_ text: String, files: [String: String] = [:]) -> Self { Self(text: text, files: files) }
}

/// A difference that is meant.
struct MeantDifference: Sendable {
    /// A part of the compose files of which it is true; empty for all.
    var text = ""
    /// Parts of the path of a value.
    var paths: [String]
    var reason: String
}

/// Docker Compose and wharf beside each other, on an engine of their own.
struct ComposeOracle: Sendable {
    let host: Installation
    /// Docker Compose.
    let program: String

    private var client: EngineClient { EngineClient(socket: host.root + "/run/wharf.sock") }

    /// What differs between what both make of a project, a line for each value, with `-` for Docker Compose's.
    func differences(of oracleCase: OracleCase, in folder: String) async throws -> [String] {
        for (path, text) in oracleCase.files { try host.scratch.write("\(folder)/\(path)", text) }
        let path = try host.scratch.write("\(folder)/compose.yaml", "name: p\n" + oracleCase.text)
        let outcome = try await host.shell("cd \(folder) && export FROM_HOST=here && \(program) create --no-build")
        guard outcome.end == .exit(0) else {
            try await BlockingCall.run { try clear() }
            return ["Docker Compose fails: \(outcome.errors)"]
        }
        return try await BlockingCall.run {
            let theirs = try snapshot()
            try clear()
            do { try create(path) } catch {
                try clear()
                return ["wharf fails: \(error)"]
            }
            let ours = try snapshot()
            try clear()
            let (theirLines, ourLines) = (Set(theirs.lines), Set(ours.lines))
            return theirs.lines.filter { !ourLines.contains($0) }.map { "- \($0)" }
                + ours.lines.filter { !theirLines.contains($0) }.map { "+ \($0)" }
        }
    }

    // MARK: Making

    /// Makes what a compose file asks for.
    private func create(_ path: String) throws {
        var request = LoadRequest(currentDirectory: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        request.environment = ["FROM_HOST": "here", "HOME": host.scratch.path]
        let result = Loader.load(request)
        guard let project = result.project else {
            throw SystemFailure(message: result.diagnostics.map(\.message).joined(separator: "\n"))
        }
        var surroundings = Surroundings { try readBytes($0) }
        surroundings.engineSocket = client.socket
        let composer = ProjectComposer(project, surroundings: surroundings)
        let client = client
        for key in project.networks.keys.sorted() { _ = try client.createNetwork(composer.networkRequest(key)) }
        for key in project.volumes.keys.sorted() { _ = try client.createVolume(composer.volumeRequest(key)) }
        var containers: [String: String] = [:]
        while let name = Self.next(of: project, after: containers) {
            let image = try client.inspectImage(composer.imageName(of: name)).id
            for number in 1...(project.services[name]?.deploy?.replicas ?? project.services[name]?.scale ?? 1) {
                let container = try composer.containerRequest(of: name, number: number, imageID: image) {
                    containers[$0]
                }
                let made = try client.createContainer(
                    container.request,
                    named: container.name,
                    platform: container.platform
                )
                containers[name] = containers[name] ?? made.id
            }
        }
    }

    /// A service whose dependencies are there.
    private static func next(of project: Project, after made: [String: String]) -> String? {
        project.services.filter { name, service in
            made[name] == nil && service.dependsOn.keys.allSatisfy { made[$0] != nil }
        }.keys.min()
    }

    // MARK: Looking

    private var mine: Filters { Filters(["label": ["com.docker.compose.project=p"]]) }

    /// All that there is of the project, without identifiers and times.
    private func snapshot() throws -> JSONValue {
        let client = client
        var names: [String: String] = [:]
        let networks = try client.listNetworks(mine)
        for network in networks {
            names[network.id] = "<\(network.name)>"
            // Those that the engine chooses go by the order in which networks are made.
            for range in network.ipam.config ?? [] where range.subnet.hasPrefix("172.") {
                names[range.subnet] = "<subnet of \(network.name)>"
                names[range.gateway] = "<gateway of \(network.name)>"
            }
        }
        let containers = try client.listContainers(showsAll: true, mine)
        for container in containers {
            let name = container.names.first.map { String($0.dropFirst()) } ?? ""
            names[container.id] = "<\(name)>"
            names[String(container.id.prefix(12))] = "<short \(name)>"
            for mount in container.mounts where mount.name.utf8.count == 64 {
                names[mount.name] = "<anonymous \(mount.destination)>"
            }
        }
        let volumes = try client.listVolumes(mine).volumes
        func named(_ bytes: [UInt8]) throws -> JSONValue {
            guard let value = JSONValue.parse(bytes) else { throw SystemFailure(message: "this is not JSON") }
            return value.normalized(names)
        }
        var result: [String: JSONValue] = [:]
        for container in containers {
            result["container \(names[container.id] ?? "")"] = try named(client.rawContainer(container.id))
        }
        for network in networks { result["network \(network.name)"] = try named(client.rawNetwork(network.id)) }
        for volume in volumes { result["volume \(volume.name)"] = try named(client.rawVolume(volume.name)) }
        return .object(result)
    }

    /// Removes all that there is of the project.
    private func clear() throws {
        let client = client
        // Those that share something come after the ones that they share it with.
        for container in try client.listContainers(showsAll: true, mine) {
            try client.removeContainer(container.id, force: true, volumes: true)
        }
        for network in try client.listNetworks(mine) { try client.removeNetwork(network.id) }
        for volume in try client.listVolumes(mine).volumes { try client.removeVolume(volume.name, force: true) }
    }
}

extension JSONValue {
    /// The value with names in the place of identifiers, without times, and with lists sorted that have no order.
    fileprivate func normalized(_ names: [String: String], at key: String = "") -> JSONValue {
        switch self {
        case .string(let text): .string(Self.replaced(text, names))
        case .array(let values):
            .array(Self.sorted(values.map { $0.normalized(names) }, at: key))
        case .object(let members):
            .object(
                Dictionary(
                    members.filter { !["Created", "CreatedAt"].contains($0.key) }.map { key, value in
                        (Self.replaced(key, names), value.normalized(names, at: key))
                    }
                ) { $1 }
            )
        case .null, .bool, .integer, .number: self
        }
    }

    /// Docker Compose takes these from mappings, in no order.
    private static let unordered: Set<String> = [
        "Binds", "Env", "ExtraHosts", "Mounts", "Ulimits",
    ]

    private static func sorted(_ values: [JSONValue], at key: String) -> [JSONValue] {
        guard unordered.contains(key) else { return values }
        return values.map { ($0.lines.joined(separator: "\n"), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private static func replaced(_ text: String, _ names: [String: String]) -> String {
        // Long names first: a short one is the start of a long one.
        names.sorted { $0.key.utf8.count > $1.key.utf8.count }.reduce(text) { text, name in
            text.split(separator: name.key, omittingEmptySubsequences: false).joined(separator: name.value)
        }
    }
}
