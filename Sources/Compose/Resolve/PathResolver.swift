// SPDX-License-Identifier: Apache-2.0

import YAML

/// Makes the relative paths of a canonical tree start from a folder, and `~` from the home folder.
struct PathResolver {
    /// How the path at a place is read.
    private enum Rule {
        /// A folder, or the address of something that is fetched or another service.
        case buildContext
        /// A path on this machine.
        case path
        /// A path that may be one of Windows.
        case portablePath
        /// A path whose symbolic links are followed.
        case watchedPath
        /// A file that may be remote.
        case extendedFile
        /// The source of a bind mount.
        case mount
        /// The device of a volume of the local driver that is a bind mount.
        case volume
    }

    private static let rules = PathRules<Rule>([
        "services.*.build.context": .buildContext,
        "services.*.build.additional_contexts.*": .buildContext,
        "services.*.build.ssh.*": .portablePath,
        "services.*.env_file.*.path": .path,
        "services.*.label_file.*": .path,
        "services.*.extends.file": .extendedFile,
        "services.*.develop.watch.*.path": .watchedPath,
        "services.*.volumes.*": .mount,
        "configs.*.file": .portablePath,
        "secrets.*.file": .portablePath,
        "volumes.*": .volume,
    ])

    /// The folder: absolute for a project, relative for one that another project includes or extends.
    let base: String
    let context: LoadContext
    let environment: ProjectEnvironment
    private var path = NodePath()

    init(base: String, context: LoadContext, environment: ProjectEnvironment) {
        self.base = base
        self.context = context
        self.environment = environment
    }

    /// Resolves all paths of a tree in place.
    func resolve(_ root: inout Node) {
        var resolver = self
        resolver.resolve(&root, rules: Self.rules)
    }

    private mutating func resolve(_ node: inout Node, rules: PathRules<Rule>) {
        if let rule = rules.rule {
            resolve(&node, by: rule)
            return
        }
        switch node.value {
        case .mapping:
            node.withMapping { mapping in
                mapping.updateValues { key, value in
                    if let below = rules.below(key) {
                        path.components.append(.key(key))
                        resolve(&value, rules: below)
                        path.components.removeLast()
                    }
                }
            }
        case .sequence:
            guard let below = rules.belowItems else {
                return
            }
            node.withSequence { items in
                for index in items.indices {
                    path.components.append(.index(index))
                    resolve(&items[index], rules: below)
                    path.components.removeLast()
                }
            }
        default:
            return
        }
    }

    private func resolve(_ node: inout Node, by rule: Rule) {
        switch rule {
        case .buildContext:
            rewrite(&node) { $0.isEmpty || isAddress($0) ? $0 : absolute($0) }
        case .path:
            rewrite(&node) { $0.isEmpty ? $0 : absolute($0) }
        case .portablePath:
            rewrite(&node, portable)
        case .extendedFile:
            rewrite(&node) { RemoteReference.isRemote($0) ? $0 : absolute($0) }
        case .watchedPath:
            resolveWatchedPath(&node)
        case .mount:
            resolveMount(&node)
        case .volume:
            resolveVolume(&node)
        }
    }

    private func rewrite(_ node: inout Node, _ body: (String) -> String) {
        if case .string(let text) = node.value {
            node.value = .string(body(text))
        }
    }

    private var home: String? { context.home }

    private func absolute(_ written: String) -> String {
        let expanded = FilePath.expandingHome(written, home: home)
        return FilePath.isAbsolute(expanded) ? expanded : FilePath.join(base, expanded)
    }

    private func portable(_ written: String) -> String {
        FilePath.isAbsoluteOnWindows(written) ? written : absolute(written)
    }

    /// What `docker build` fetches, or takes from another service.
    private func isAddress(_ context: String) -> Bool {
        ["service:", "https://", "http://", "git://", "ssh://", "github.com/", "git@"]
            .contains { context.hasPrefix($0) } || context.contains("://")
    }

    private func resolveWatchedPath(_ node: inout Node) {
        guard case .string(let text) = node.value, !text.isEmpty else {
            return
        }
        let full = absolute(text)
        var part = FilePath.isAbsolute(full) ? "/" : ""
        for component in full.split(separator: "/") {
            part = FilePath.join(part, String(component))
            guard FilePath.isSymbolicLink(part) else {
                continue
            }
            guard let target = FilePath.resolvingLinks(part) else {
                context.diagnostics.error(
                    .unreadableFile,
                    "the watched path `\(full)` leads through the symbolic link `\(part)`, which leads nowhere",
                    at: node.origin,
                    path: path
                )
                return
            }
            node.value = .string(target + full.dropFirst(part.count))
            return
        }
        node.value = .string(full)
    }

    private func resolveMount(_ node: inout Node) {
        guard node["type"]?.string == "bind" else {
            return
        }
        guard node["source"] != nil else {
            context.diagnostics.error(
                .missingKey,
                "a bind mount needs a `source`, the path on this machine",
                at: node.origin,
                path: path
            )
            node.value = .invalid
            return
        }
        node.withValue(forKey: "source") { rewrite(&$0, portable) }
    }

    private func resolveVolume(_ node: inout Node) {
        guard node["driver"]?.string == "local",
            let options = node["driver_opts"], options["o"]?.string == "bind"
        else {
            return
        }
        node.withValue(forKey: "driver_opts") { options in
            options.withValue(forKey: "device") { rewrite(&$0, portable) }
        }
    }
}
