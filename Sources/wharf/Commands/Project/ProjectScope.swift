// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient

/// The project that a command is about, with its containers as they are now.
struct ProjectScope {
    let client: EngineClient
    let name: String
    /// Whether the project is named and no files are: then those here may be others, or leave out what profiles have brought up.
    let isNamedAlone: Bool
    /// What the compose files say; nil where there are none, or where they are not those of the containers.
    let project: Project?
    /// All containers of the project, those of `run` and those that do not run among them, in the order of their names; none where
    /// they were not asked for.
    let containers: [ContainerSummary]

    /// Looks for the project that the global options name, and asks the engine for its containers.
    ///
    /// - Parameters:
    ///   - global: The options.
    ///   - service: The service that the command is about, if it is one: where the files have it under this name, only its
    ///     containers are asked for.
    ///   - isQuiet: Whether nothing is printed, and no engine started where none runs.
    ///   - isBrief: Whether containers have no networks and mounts, and no labels that do not say where they belong.
    ///   - needsContainers: Whether the command wants to know of the containers.
    /// - Throws: ``CommandFailure`` where there is no project, and what the client throws.
    init(
        _ global: GlobalOptions,
        of service: String? = nil,
        isQuiet: Bool = false,
        isBrief: Bool = true,
        needsContainers: Bool = true
    ) throws {
        let found = try ProjectLoading(options: global).find(isQuiet: isQuiet)
        client = try global.client(startsEngine: !isQuiet)
        name = found.name
        isNamedAlone = global.projectName != nil && global.files.isEmpty
        // Others matter only where it is not sure what the name means.
        let isSure = !isNamedAlone && service.map { found.project?.services[$0] != nil } ?? false
        let filters = Self.containerFilters(name, of: isSure ? service : nil)
        let unsorted =
            needsContainers || isNamedAlone
            ? try client.listContainers(showsAll: true, isBrief: isBrief, filters) : []
        let names = unsorted.map(\.name)
        containers = unsorted.indices.sorted { names[$0] < names[$1] }.map { unsorted[$0] }
        // With a name given, the files here may be those of another project: then the containers know better.
        let ownsContainers = containers.allSatisfy { container in
            container.configFiles.isEmpty || container.configFiles.contains { found.files.contains($0) }
        }
        project = isNamedAlone && !ownsContainers ? nil : found.project
    }

    /// What asks for all that belongs to the project.
    var filters: Filters { Filters(["label": ["\(ProjectLabel.project)=\(name)"]]) }

    /// What asks for its containers.
    var containerFilters: Filters { Self.containerFilters(name) }

    private static func containerFilters(_ name: String, of service: String? = nil) -> Filters {
        Filters(["label": ProjectLabel.containers(of: name, service: service)])
    }

    // MARK: Services

    /// The names of all services: those of the files, whatever their profiles, and those that only containers have.
    var knownServices: [String] {
        var names = Set(containers.map(\.service).filter { !$0.isEmpty })
        if let project {
            names.formUnion(project.services.keys)
            names.formUnion(project.disabledServices.keys)
        }
        return names.sorted()
    }

    /// The services that the user names.
    ///
    /// - Parameter patterns: Names, or patterns as shells have them.
    /// - Returns: Their names in the order given, each once; none where no pattern is given.
    /// - Throws: ``CommandFailure`` for a pattern that no service fits.
    func services(_ patterns: [String]) throws -> [String] {
        let known = knownServices
        var chosen: [String] = []
        for pattern in patterns {
            let fitting = known.contains(pattern) ? [pattern] : known.filter { GlobPattern.matches($0, pattern) }
            if fitting.isEmpty { throw unknown(pattern, known) }
            chosen += fitting.filter { !chosen.contains($0) }
        }
        return chosen
    }

    /// The one service that the user names; see ``services(_:)``.
    func service(_ pattern: String) throws -> String {
        let fitting = try services([pattern])
        if fitting.count > 1 {
            throw CommandFailure(message: "`\(pattern)` fits several services: \(fitting.joined(separator: ", "))")
        }
        return fitting[0]
    }

    private func unknown(_ name: String, _ known: [String]) -> CommandFailure {
        var message = "no such service: `\(name)`"
        if let near = Suggestions.nearest(to: name, in: known) {
            message += "; did you mean `\(near)`?"
        } else if known.isEmpty {
            message += "; project `\(self.name)` has neither a compose file here nor containers"
        } else {
            message += "; project `\(self.name)` has \(known.prefix(20).joined(separator: ", "))"
        }
        return CommandFailure(message: message)
    }

    // MARK: Containers

    /// The containers of services.
    ///
    /// - Parameters:
    ///   - services: The services; none for all.
    ///   - includesStopped: Whether those count that do not run.
    ///   - includesOneOffs: Whether those of `run` count.
    /// - Returns: The containers in the order of their names.
    func containers(
        of services: [String] = [],
        includesStopped: Bool,
        includesOneOffs: Bool
    ) -> [ContainerSummary] {
        containers.filter { container in
            (services.isEmpty || services.contains(container.service))
                && (includesStopped || container.isAlive)
                && (includesOneOffs || !container.isOneOff)
        }
    }

    /// The container of a service: the one with a number, or the first, those of `run` last.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - index: The number; nil for the first.
    ///   - includesStopped: Whether one counts that does not run.
    /// - Returns: The container.
    /// - Throws: ``CommandFailure`` where there is none.
    func container(of service: String, index: Int?, includesStopped: Bool = false) throws -> ContainerSummary {
        let all = containers(of: [service], includesStopped: true, includesOneOffs: true).sorted { one, other in
            (one.isOneOff ? 1 : 0, one.number ?? 0) < (other.isOneOff ? 1 : 0, other.number ?? 0)
        }
        let found = all.filter { includesStopped || $0.isAlive }
        guard let index else {
            if let first = found.first { return first }
            throw missing(service, nil, among: all, includesStopped)
        }
        if let container = found.first(where: { $0.number == index && !$0.isOneOff }) { return container }
        if found.isEmpty { throw missing(service, index, among: all, includesStopped) }
        let numbers = found.compactMap(\.number).map { "#\($0)" }
        let others = numbers.isEmpty ? "" : "; there is \(numbers.joined(separator: ", "))"
        // These words are Docker Compose's, which scripts look for.
        throw CommandFailure(message: "service \"\(service)\" is not running container #\(index)\(others)")
    }

    private func missing(
        _ service: String,
        _ index: Int?,
        among all: [ContainerSummary],
        _ includesStopped: Bool
    ) -> CommandFailure {
        let own = "or use `wharf run \(service)` for a container of its own"
        // What stands first is in Docker Compose's words, which scripts look for.
        if includesStopped {
            return CommandFailure(
                message: "no container found for service \"\(service)\": make it with `wharf up -d \(service)`"
            )
        }
        let number = index.map { " container #\($0)" } ?? ""
        let verb = all.contains { !$0.isOneOff } ? "start it with `wharf start" : "make it with `wharf up -d"
        return CommandFailure(message: "service \"\(service)\" is not running\(number): \(verb) \(service)`, \(own)")
    }
}

extension ContainerSummary {
    /// The name without its slash.
    var name: String {
        let own = names.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
        // What has a slash inside is the name that a link gave.
        return own.first { !$0.contains("/") } ?? own.first ?? id.shortID
    }

    /// The service; empty where it belongs to none.
    var service: String { labels[ProjectLabel.service] ?? "" }
    /// The number of a replica; nil for a container of `run`.
    var number: Int? { labels[ProjectLabel.number].flatMap { Int($0) } }
    /// Whether `run` made it.
    var isOneOff: Bool { labels[ProjectLabel.oneOff] == "True" }
    /// The compose files that it was made by.
    var configFiles: [String] {
        (labels[ProjectLabel.configFiles] ?? "").utf8.split(separator: UInt8(ascii: ",")).compactMap(String.init)
    }

    /// Whether it has processes.
    var isAlive: Bool {
        switch state {
        case .running, .paused, .restarting: true
        case .created, .removing, .exited, .dead: false
        }
    }
}

extension Completion {
    /// The services of the project that the global options name, as its files and its containers have them.
    static func knownServices(of global: GlobalOptions) -> Completion {
        .computed {
            let written = ProjectLoading(options: global).serviceNames()
            let known = quickly { try ProjectScope(global, isQuiet: true).knownServices }
            return Set(written + known).sorted()
        }
    }
}

extension Positional {
    /// Services, all where none is named.
    static func services(of global: GlobalOptions, store: @escaping (String) -> Void) -> Positional {
        .any(
            "SERVICE",
            help: "The services, also as patterns such as 'db*'; all unless given.",
            completion: .knownServices(of: global)
        ) { store($0) }
    }

    /// One service.
    static func service(of global: GlobalOptions, store: @escaping (String) -> Void) -> Positional {
        .one("SERVICE", help: "The service.", completion: .knownServices(of: global)) { store($0) }
    }
}

extension Option {
    /// The option that chooses one of the containers of a service.
    static func index(store: @escaping (Int?) -> Void) -> Option {
        .number("index", "number", help: "The number of the container, where the service has several.") {
            number throws(InvalidValue) in
            guard number >= 0 else { throw InvalidValue("a number from 1 on") }
            store(number == 0 ? nil : number)
        }
    }
}
