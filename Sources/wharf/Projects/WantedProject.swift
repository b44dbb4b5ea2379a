// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Glibc
import Reconciler
import Terminal

/// The project that the files say, with the services that a command was given.
struct WantedProject {
    /// The project with its places, as the engine takes it.
    var project: Project
    /// The services that were named; none for all.
    var services: [String]
    /// The variables that interpolation saw.
    var environment: ProjectEnvironment
    /// What stands between the parts of names.
    var separator: String
    /// The absolute paths of the env files of the command line, or of `COMPOSE_ENV_FILES`.
    var environmentFiles: [String]
    /// Whether networks and volumes are made that no service uses.
    let includesUnused: Bool

    /// Loads the project.
    ///
    /// Naming a service activates its profiles.
    ///
    /// - Parameters:
    ///   - global: The options that name the files.
    ///   - patterns: Names of services, or patterns as shells have them; none for all.
    /// - Throws: ``CommandFailure`` where something is wrong with the files, or there is no such service.
    init(_ global: GlobalOptions, services patterns: [String]) throws {
        let loading = ProjectLoading(options: global)
        var result = try loading.load()
        guard var loaded = result.project else { throw CommandFailure() }
        let named = loaded.disabledServices.filter { name, _ in
            patterns.contains { loaded.services[$0] == nil && GlobPattern.matches(name, $0) }
        }
        if !named.isEmpty {
            let active = global.profiles.isEmpty ? result.environment.activeProfiles : global.profiles
            global.profiles = Set(active + named.values.flatMap(\.profiles)).sorted()
            result = try loading.load()
            guard let again = result.project else { throw CommandFailure() }
            loaded = again
        }
        project = loaded
        project.files = result.files
        project.workingDirectory = result.workingDirectory
        if let tree = result.tree { project.sources = ProjectSources(tree: tree, map: result.sources) }
        environment = result.environment
        services = try Self.choose(patterns, in: project)
        separator = global.separator(result.environment)
        let directory = try ProjectLoading.currentDirectory()
        let files = global.envFiles.isEmpty ? Self.namedEnvironmentFiles : global.envFiles
        environmentFiles = files.map { FilePath.isAbsolute($0) ? $0 : FilePath.clean(directory + "/" + $0) }
        includesUnused = global.allResources
    }

    private static var namedEnvironmentFiles: [String] {
        getenv("COMPOSE_ENV_FILES").map { String(cString: $0).split(separator: ",").map(String.init) } ?? []
    }

    private static func choose(_ patterns: [String], in project: Project) throws -> [String] {
        var chosen: [String] = []
        for pattern in patterns {
            let fitting =
                project.services[pattern] != nil
                ? [pattern] : project.services.keys.filter { GlobPattern.matches($0, pattern) }.sorted()
            if fitting.isEmpty { throw CommandFailure(message: unknown(pattern, in: project)) }
            chosen += fitting.filter { !chosen.contains($0) }
        }
        return chosen
    }

    private static func unknown(_ name: String, in project: Project) -> String {
        let known = project.services.keys.sorted()
        let near = Suggestions.nearest(to: name, in: known).map { "; did you mean `\($0)`?" }
        return "no such service: \(name)" + (near ?? "; there is: \(known.prefix(20).joined(separator: ", "))")
    }

    /// A truth value as Docker Compose reads it from the environment.
    static func isTrue(_ text: String?) -> Bool {
        ["1", "t", "true", "y", "yes", "on"].contains((text ?? "").lowercased())
    }

    /// Whether `up` is to remove what the project does not have any more without being told.
    var removesOrphans: Bool { Self.isTrue(environment["COMPOSE_REMOVE_ORPHANS"]) }

    /// What to ask the engine for, with what all commands that make containers have in common.
    func upRequest(_ options: UpOptions, parallelism: Int?) -> ProjectUpRequest {
        var request = ProjectUpRequest(project)
        request.options = options
        request.options.services = services
        request.options.separator = separator
        let ignoresOrphans = Self.isTrue(environment["COMPOSE_IGNORE_ORPHANS"])
        request.options.ignoresOrphans = ignoresOrphans
        request.options.includesUnused = includesUnused
        request.parallelism = parallelism ?? environment["COMPOSE_PARALLEL_LIMIT"].flatMap { Int($0) }
        request.environmentFiles = environmentFiles
        return request
    }
}

extension ProjectEnvironment {
    /// The profiles that `COMPOSE_PROFILES` names.
    var activeProfiles: [String] {
        (self["COMPOSE_PROFILES"] ?? "").split(separator: ",")
            .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    }
}
