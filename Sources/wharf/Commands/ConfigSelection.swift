// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import YAML

/// The parts of a project that `wharf config` can print instead of the whole.
final class ConfigSelection {
    private var printsServices = false
    private var printsVolumes = false
    private var printsNetworks = false
    private var printsModels = false
    private var printsImages = false
    private var printsProfiles = false
    private var printsVariables = false
    private var printsEnvironment = false
    private var hash: String?
    private var explain: String?

    /// The table of the options.
    func options() -> [Option] {
        [
            .flag("services", help: "Print the names of the services.") { self.printsServices = $0 },
            .flag("volumes", help: "Print the names of the volumes.") { self.printsVolumes = $0 },
            .flag("networks", help: "Print the names of the networks.") { self.printsNetworks = $0 },
            .flag("models", help: "Print the names of the models.") { self.printsModels = $0 },
            .flag("images", help: "Print the names of the images.") { self.printsImages = $0 },
            .flag("profiles", help: "Print the names of the profiles.") { self.printsProfiles = $0 },
            .flag("variables", help: "Print the variables that the files use, with their defaults.") {
                self.printsVariables = $0
            },
            .flag("environment", help: "Print the environment that variables are taken from.") {
                self.printsEnvironment = $0
            },
            .value("hash", "service", help: "Print the hash of a service's configuration; * for all.") {
                self.hash = $0
            },
            .value("explain", "key path", help: "Show which file, line and variable gave a value.") {
                self.explain = $0
            },
        ]
    }

    /// The part that is asked for, or nil for the whole project; of several the first counts, as in Docker Compose.
    var section: ConfigSection? {
        if printsServices { return .services }
        if printsVolumes { return .volumes }
        if let hash, !hash.isEmpty { return .hash(hash) }
        if printsProfiles { return .profiles }
        if printsImages { return .images }
        if printsVariables { return .variables }
        if printsEnvironment { return .environment }
        if printsNetworks { return .networks }
        if printsModels { return .models }
        return explain.map(ConfigSection.explain)
    }
}

/// One of the parts that `wharf config` prints by itself.
enum ConfigSection {
    case services, volumes, networks, models, images, profiles, variables, environment
    case hash(String)
    case explain(String)

    /// The lines to print.
    func lines(loading: ProjectLoading, command: ConfigCommand) throws -> [UInt8] {
        switch self {
        case .services:
            let project = try project(loading, command, selecting: false)
            return Self.lines(DependencyGraph(project.services).dependencyOrder)
        case .volumes:
            return Self.lines(try project(loading, command, selecting: false).volumes.keys.sorted())
        case .networks:
            return Self.lines(try project(loading, command, selecting: false).networks.keys.sorted())
        case .models:
            let models = try project(loading, command, selecting: false).models
            return Self.lines(models.values.compactMap(\.model).sorted())
        case .images:
            let (project, environment) = try load(loading, command, selecting: true)
            let separator = loading.options.separator(environment)
            return Self.lines(project.services.keys.sorted().map { project.imageName(of: $0, separator: separator) })
        case .profiles:
            let project = try project(loading, command, selecting: true)
            let services = Array(project.services.values) + Array(project.disabledServices.values)
            return Self.lines(Set(services.flatMap(\.profiles)).sorted())
        case .variables:
            return try variables(loading, command)
        case .environment:
            let result = try loading.load(command.configure)
            return Self.lines(result.environment.values.map { "\($0.key)=\($0.value.text)" }.sorted())
        case .hash(let names):
            return try ServiceHashes.lines(names, of: project(loading, command, selecting: false))
        case .explain(let path):
            return try Explanation.lines(of: path, loading: loading, command: command)
        }
    }

    private func project(
        _ loading: ProjectLoading,
        _ command: ConfigCommand,
        selecting: Bool
    ) throws -> Project {
        try load(loading, command, selecting: selecting).project
    }

    private func load(
        _ loading: ProjectLoading,
        _ command: ConfigCommand,
        selecting: Bool
    ) throws -> (project: Project, environment: ProjectEnvironment) {
        let result = try loading.load { options in
            command.configure(&options)
            options.interpolates = true
            options.resolvesEnvironment = false
            if !selecting {
                options.services = []
            }
        }
        guard let project = result.project else {
            throw CommandFailure()
        }
        return (project, result.environment)
    }

    private func variables(_ loading: ProjectLoading, _ command: ConfigCommand) throws -> [UInt8] {
        let result = try loading.load { options in
            command.configure(&options)
            options.interpolates = false
            options.resolvesEnvironment = false
        }
        return Self.lines(VariableTable.lines(of: result.tree ?? Node(.null)))
    }

    private static func lines(_ lines: [String]) -> [UInt8] {
        lines.flatMap { Array($0.utf8) + [UInt8(ascii: "\n")] }
    }
}
