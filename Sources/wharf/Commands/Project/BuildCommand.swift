// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Glibc
import JSONTree
import Terminal

/// `wharf build`: so far it checks Dockerfiles and tells what they can be given and built to.
final class BuildCommand {
    /// What is done with the Dockerfiles.
    private enum Call: String, CaseIterable {
        case build, check, outline, targets
    }

    private let global: GlobalOptions
    private var call = Call.build
    private var isJSON = false
    private var isPrinted = false
    private var includesDependencies = false
    private var arguments: [String: String] = [:]
    private var services: [String] = []

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("build", summary: "Check the Dockerfiles of services.", section: ProjectCommands.section) {
            BuildCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf build --check             check the Dockerfiles of all services
                wharf build --check web         only that of web
                wharf build --call=outline web  what a build of web can be given
                wharf build --call=targets      the stages that can be built
                wharf build --print             what `docker buildx bake` would be told
                """,
            options: callOptions() + buildOptions(),
            positionals: [
                .any(
                    "SERVICE",
                    help: "The services, also as patterns such as 'db*'; all with a `build` section unless given.",
                    completion: .services(of: global)
                ) { self.services.append($0) }
            ],
            run: run
        )
    }

    private func callOptions() -> [Option] {
        [
            .flag("check", help: "Check the Dockerfiles; the same as --call=check.") { isSet in
                if isSet { self.call = .check }
            },
            .value(
                "call",
                "method",
                help: "What to do: build, check, outline or targets; with ,format=json behind it as JSON.",
                default: "build",
                completion: .words(Call.allCases.map(\.rawValue))
            ) { text throws(InvalidValue) in try self.setCall(text) },
            .value("format", "form", help: "The form of the output.", allowed: ["plain", "json"], default: "plain") {
                self.isJSON = $0 == "json"
            },
            .flag("print", help: "Print what `docker buildx bake` would be told.") { self.isPrinted = $0 },
            .flag("with-dependencies", help: "Include the services that those named depend on.") {
                self.includesDependencies = $0
            },
            .value(
                "build-arg",
                "name=value",
                help: "The value of an argument; without `=` that of the environment.",
                isRepeatable: true
            ) { text throws(InvalidValue) in try self.addArgument(text) },
        ]
    }

    /// What only matters to builds.
    private func buildOptions() -> [Option] {
        let later = "(for builds; not there yet)"
        return [
            .value("builder", "name", help: "Accepted for Docker Compose.") { _ in },
            .value("memory", short: "m", "bytes", help: "Accepted for Docker Compose.") { _ in },
            .flag("no-cache", help: "Do not use the cache. \(later)") { _ in },
            .value("provenance", "value", help: "Add an attestation of provenance. \(later)") { _ in },
            .flag("pull", help: "Always look for newer base images. \(later)") { _ in },
            .flag("push", help: "Push the images. \(later)") { _ in },
            .flag("quiet", short: "q", help: "Print nothing but errors. \(later)") { _ in },
            .value("sbom", "value", help: "Add an attestation of contents. \(later)") { _ in },
            .value("ssh", "key", help: "The SSH keys that builds may use. \(later)", isRepeatable: true) { _ in },
        ]
    }

    private func setCall(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: ",").map(String.init)
        guard let call = parts.first.flatMap({ Call(rawValue: $0) }), parts.count <= 2 else {
            throw InvalidValue("build, check, outline or targets")
        }
        self.call = call
        guard parts.count == 2 else { return }
        switch parts[1] {
        case "format=json": isJSON = true
        case "format=text", "format=plain": isJSON = false
        default: throw InvalidValue("format=json behind the comma")
        }
    }

    private func addArgument(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts[0].isEmpty { throw InvalidValue("a name, perhaps with `=` and a value") }
        // As with Docker, what is not in the environment has no value.
        arguments[parts[0]] = parts.count == 2 ? parts[1] : getenv(parts[0]).map { String(cString: $0) }
    }

    // MARK: Running

    private func run() throws {
        if call == .build, !isPrinted {
            throw CommandFailure(
                message: "wharf does not build images yet; a later version will. `wharf build --check` checks the "
                    + "Dockerfiles; make the images elsewhere, and bring them here with `wharf image load`"
            )
        }
        let result = try ProjectLoading(options: global).load { $0.resolvesEnvironment = false }
        guard let project = result.project else { throw CommandFailure() }
        let chosen = try choose(project)
        if chosen.isEmpty {
            OutputStream.error.write("No services to build\n")
            return
        }
        if isPrinted { return printBake(chosen, project) }
        var files: [ServiceDockerfile] = []
        var failures = Failures()
        for (name, service) in chosen {
            guard let build = service.build else { continue }
            do {
                files.append(
                    try ServiceDockerfile(name, build, platform: service.platform, arguments: arguments)
                )
            } catch {
                failures.add(error)
            }
        }
        try show(files)
        try failures.finish()
    }

    private func show(_ files: [ServiceDockerfile]) throws {
        var report = DockerfileReport()
        for file in files { report.add(file, includesFindings: call == .check) }
        if isJSON {
            let items = files.map { file in
                switch call {
                case .build, .check: DockerfileDocument.check(file)
                case .outline: DockerfileDocument.outline(file)
                case .targets: DockerfileDocument.targets(file)
                }
            }
            OutputStream.standard.write(JSON.array(items).text(JSON.WritingStyle(indent: 2)) + "\n")
        } else if call == .check {
            try report.write(to: .standard, global)
            OutputStream.standard.write(report.conclusion + "\n")
        } else {
            try report.write(to: .error, global)
            for (index, file) in files.enumerated() {
                if files.count > 1 {
                    OutputStream.standard.write("\(index > 0 ? "\n" : "")SERVICE: \(file.service)\n")
                }
                let text = call == .outline ? DockerfileTables.outline(file) : DockerfileTables.targets(file)
                OutputStream.standard.write(text)
            }
        }
        // As with Docker a check fails where a rule has found something.
        if report.errorCount > 0 || report.warningCount > 0 { throw CommandFailure() }
    }

    private func printBake(_ chosen: [(name: String, service: Service)], _ project: Project) {
        var bake = BakeDocument()
        for (name, service) in chosen {
            guard let build = service.build else { continue }
            let image = service.image?.description ?? "\(project.name)\(global.compatibility ? "_" : "-")\(name)"
            bake.add(name, build, image: image, arguments: arguments)
        }
        OutputStream.standard.write(bake.json.text(JSON.WritingStyle(indent: 2)) + "\n")
    }

    // MARK: Services

    /// The services with a `build` section that the user names; all where none is.
    private func choose(_ project: Project) throws -> [(name: String, service: Service)] {
        let all = project.services.merging(project.disabledServices) { own, _ in own }
        var names: Set<String> = services.isEmpty ? Set(project.services.keys) : []
        for pattern in services {
            let fitting = all[pattern] == nil ? all.keys.filter { GlobPattern.matches($0, pattern) } : [pattern]
            if fitting.isEmpty {
                let near = Suggestions.nearest(to: pattern, in: all.keys.sorted())
                let hint = near.map { "; did you mean `\($0)`?" } ?? ""
                throw CommandFailure(message: "no such service: `\(pattern)`\(hint)")
            }
            names.formUnion(fitting)
        }
        if includesDependencies {
            var open = Array(names)
            while let name = open.popLast() {
                for other in all[name]?.dependsOn.keys.sorted() ?? [] where names.insert(other).inserted {
                    open.append(other)
                }
            }
        }
        return names.sorted().compactMap { name in
            guard let service = all[name], service.build != nil else { return nil }
            return (name, service)
        }
    }
}
