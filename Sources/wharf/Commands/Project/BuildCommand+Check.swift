// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import JSONTree
import Terminal

// What is done with Dockerfiles but for building them.
extension BuildCommand {
    /// Checks, or tells what can be built.
    ///
    /// - Parameter folder: The folder that is meant; nil for services.
    /// - Throws: ``CommandFailure`` where something is wrong.
    func check(_ folder: String?) throws {
        var files: [ServiceDockerfile] = []
        var failures = Failures()
        if let folder {
            var build = Compose.Build()
            build.context = try BuildOptions.absolute(folder)
            build.dockerfile = try options.dockerfile.map(BuildOptions.absolute)
            build.target = options.request.target
            build.additionalContexts = options.request.contexts
            failures.collect {
                files.append(
                    try ServiceDockerfile(
                        folder,
                        build,
                        platform: options.request.platform,
                        arguments: options.request.arguments
                    )
                )
            }
        } else {
            let result = try load()
            guard let project = result.project else { throw CommandFailure() }
            let chosen = try choose(project)
            if chosen.isEmpty {
                OutputStream.error.write("No services to build\n")
                return
            }
            if isPrinted { return printBake(chosen, project, global.separator(result.environment)) }
            for (name, service) in chosen {
                guard let build = service.build else { continue }
                failures.collect {
                    files.append(
                        try ServiceDockerfile(
                            name,
                            build,
                            platform: service.platform,
                            arguments: options.request.arguments
                        )
                    )
                }
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

    private func printBake(_ chosen: [(name: String, service: Service)], _ project: Project, _ separator: String) {
        var bake = BakeDocument()
        for (name, service) in chosen {
            guard let build = service.build else { continue }
            let image = project.imageName(of: name, separator: separator)
            bake.add(name, build, image: image, arguments: options.request.arguments)
        }
        OutputStream.standard.write(bake.json.text(JSON.WritingStyle(indent: 2)) + "\n")
    }

    // MARK: Services

    /// The services with a `build` section that the user names; all where none is.
    ///
    /// - Parameter project: The project.
    /// - Returns: The services by name.
    /// - Throws: ``CommandFailure`` for one that is not there.
    func choose(_ project: Project) throws -> [(name: String, service: Service)] {
        let all = project.services.merging(project.disabledServices) { own, _ in own }
        var names: Set<String> = self.names.isEmpty ? Set(project.services.keys) : []
        for pattern in self.names {
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
