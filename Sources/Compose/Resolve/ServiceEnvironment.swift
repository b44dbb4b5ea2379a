// SPDX-License-Identifier: Apache-2.0

import YAML

/// Puts the variables of each service's `env_file` into its `environment`, and `label_file` into `labels`.
///
/// A service's own `environment` wins over later env files, and those over earlier ones.
struct ServiceEnvironment {
    let environment: ProjectEnvironment
    /// The canonical tree, for the places of the files' names.
    let tree: Node
    let context: LoadContext

    /// Resolves the variables of all services of a project.
    func resolve(_ project: inout Project) {
        let names = project.services.filter { Self.needsResolving($0.value) }.keys
        for name in names.sorted() {
            if let service = project.services[name] {
                project.services[name] = resolved(service, named: name)
            }
        }
    }

    private static func needsResolving(_ service: Service) -> Bool {
        !service.envFiles.isEmpty || service.environment.values.contains(nil)
    }

    private func resolved(_ service: Service, named name: String) -> Service {
        var service = service
        for (key, value) in service.environment where value == nil {
            if let text = environment[key] {
                service.environment[key] = .some(text)
            }
        }
        guard !service.envFiles.isEmpty else {
            return service
        }
        let own = service.environment
        var variables: [String: String] = own.compactMapValues { $0 }
        for (index, file) in service.envFiles.enumerated() {
            let path: NodePath = [.key("services"), .key(name), .key("env_file"), .index(index), .key("path")]
            let read = read(file, at: tree.origin(at: path), path: path, after: variables) { key in
                environment[key] ?? own[key] ?? nil
            }
            variables.merge(read.mapValues(\.text)) { $1 }
            for (key, value) in read where own[key] == nil {
                let path: NodePath = [.key("services"), .key(name), .key("environment"), .key(key)]
                context.history?.note(path, added: Node(value.text, at: value.origin))
            }
        }
        service.environment = variables.mapValues { .some($0) }.merging(own) { $1 }
        service.envFiles = []
        return service
    }

    private func read(
        _ file: EnvFile,
        at origin: Origin?,
        path: NodePath,
        after earlier: [String: String],
        lookup: (String) -> String?
    ) -> [String: ProjectEnvironment.Value] {
        guard let format = EnvFileReader.Format(rawValue: file.format ?? "dotenv") else {
            context.diagnostics.error(
                .invalidValue,
                "the env file format `\(file.format ?? "")` is unknown",
                at: origin,
                path: path,
                suggestion: "use `raw`, or leave it out"
            )
            return [:]
        }
        let filePath = file.path ?? ""
        if FilePath.kind(of: filePath) == .missing {
            if file.required {
                context.diagnostics.error(
                    .unreadableFile,
                    "cannot find the env file `\(filePath)`",
                    at: origin,
                    path: path,
                    suggestion: "create it, or set `required: false`"
                )
            }
            return [:]
        }
        let variables = EnvFileReader(context: context)
            .read(filePath, format: format, referrer: origin, after: earlier, lookup: lookup)
        return variables?.values ?? [:]
    }

    /// Resolves the labels of all services of a project.
    func resolveLabels(_ project: inout Project) {
        for (name, service) in project.services.filter({ !$0.value.labelFiles.isEmpty }).sorted(by: { $0.key < $1.key })
        {
            var labels: [String: String] = [:]
            for (index, file) in service.labelFiles.enumerated() {
                let path: NodePath = [.key("services"), .key(name), .key("label_file"), .index(index)]
                let origin = tree.origin(at: path)
                guard FilePath.kind(of: file) != .missing else {
                    context.diagnostics.error(
                        .unreadableFile,
                        "cannot find the label file `\(file)`",
                        at: origin,
                        path: path
                    )
                    continue
                }
                let read = EnvFileReader(context: context)
                    .read(file, format: .dotenv, referrer: origin) { _ in nil }
                labels.merge(read?.values.mapValues(\.text) ?? [:]) { $1 }
            }
            project.services[name]?.labels = labels.merging(service.labels) { $1 }
            project.services[name]?.labelFiles = []
        }
    }
}
