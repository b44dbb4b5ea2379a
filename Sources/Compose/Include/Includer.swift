// SPDX-License-Identifier: Apache-2.0

import YAML

/// Loads the projects that a document names under `include` and copies their resources into it.
///
/// Compose specification, "include". Each one is loaded with its own folder and its own env files; the including
/// project's variables win over the latter.
struct Includer {
    let processor: DocumentProcessor
    /// The including file.
    let file: String

    private var context: LoadContext { processor.context }

    /// The sections that an included project adds to.
    private static let sections = ["services", "volumes", "networks", "secrets", "configs", "models"]

    /// One item of the list.
    private struct Item {
        /// The first is the main file, the others override it.
        var paths: [Node]
        var projectDirectory: String?
        var envFiles: [Node]
        var origin: Origin
    }

    /// Takes the list out of the document and puts the resources in.
    func apply(to root: inout Node) {
        guard let include = root["include"] else {
            return
        }
        let items = items(of: include)
        for item in items {
            guard let imported = load(item) else {
                continue
            }
            for section in Self.sections {
                importSection(section, of: imported, into: &root, from: item)
            }
        }
        root.withMapping { $0.removeValue(forKey: "include") }
    }

    // MARK: - The list

    private func items(of include: Node) -> [Item] {
        switch include.value {
        case .null, .invalid:
            return []
        case .sequence(let nodes):
            return nodes.enumerated().compactMap { index, node in item(node, path: [.key("include"), .index(index)]) }
        default:
            report(.wrongType, "`include` must be a list, not \(include.kindWithArticle)", include, [.key("include")])
            return []
        }
    }

    private func item(_ node: Node, path: NodePath) -> Item? {
        switch node.value {
        case .string:
            return Item(paths: [node], envFiles: [], origin: node.origin)
        case .mapping(let mapping):
            return item(mapping, node: node, path: path)
        case .invalid:
            return nil
        default:
            report(
                .wrongType,
                "an item of `include` must be a path or a mapping with `path`, not \(node.kindWithArticle)",
                node,
                path
            )
            return nil
        }
    }

    private func item(_ mapping: Mapping, node: Node, path: NodePath) -> Item? {
        for entry in mapping.entries where !["path", "project_directory", "env_file"].contains(entry.key) {
            let near = Suggestions.nearest(to: entry.key, in: ["path", "project_directory", "env_file"])
            context.diagnostics.warning(
                .unknownKey,
                "unknown key `\(entry.key)` in `include` is ignored" + (near.map { "; did you mean `\($0)`?" } ?? ""),
                at: entry.keyOrigin,
                path: path.appending(entry.key)
            )
        }
        guard let paths = strings(mapping["path"], path.appending("path")),
            let envFiles = strings(mapping["env_file"], path.appending("env_file"))
        else {
            return nil
        }
        var item = Item(paths: paths, envFiles: envFiles, origin: node.origin)
        if let directory = mapping["project_directory"], !directory.isNull {
            guard let text = directory.string else {
                report(
                    .wrongType,
                    "`project_directory` must be a string, not \(directory.kindWithArticle)",
                    directory,
                    path.appending("project_directory")
                )
                return nil
            }
            item.projectDirectory = text
        }
        return item
    }

    /// A string or a list of strings; nil after reporting that it is something else.
    private func strings(_ node: Node?, _ path: NodePath) -> [Node]? {
        switch node?.value {
        case nil, .null:
            return []
        case .string:
            return node.map { [$0] }
        case .sequence(let items):
            for (index, item) in items.enumerated() where item.string == nil {
                if !item.isInvalid {
                    report(
                        .wrongType,
                        "`\(path)` must hold strings, not \(item.kindWithArticle)",
                        item,
                        path.appending(index)
                    )
                }
                return nil
            }
            return items
        case .invalid:
            return nil
        default:
            if let node {
                report(
                    .wrongType,
                    "`\(path)` must be a string or a list of strings, not \(node.kindWithArticle)",
                    node,
                    path
                )
            }
            return nil
        }
    }

    // MARK: - Loading

    private func load(_ item: Item) -> Node? {
        let isRemote = item.paths.map { RemoteReference.refuse($0.string ?? "", at: $0.origin, context) }
        guard !isRemote.contains(true) else {
            return nil
        }
        let paths = item.paths.map { absolute($0.string ?? "") }
        guard let main = paths.first else {
            _ = environment(of: item, in: processor.workingDirectory)
            context.diagnostics.warning(.missingKey, "an item of `include` has no `path`", at: item.origin)
            return nil
        }
        guard !closesCircle(main, item) else {
            return nil
        }
        let (directory, base) = directories(of: item, main: main)
        guard let environment = environment(of: item, in: directory) else {
            return nil
        }
        var inner = DocumentProcessor(
            context: context,
            environment: environment,
            workingDirectory: directory,
            pathBase: base
        )
        inner.includeChain = processor.includeChain + [file]
        return ProjectTree.load(paths, with: &inner, referrer: item.paths.first?.origin)
    }

    private func absolute(_ path: String) -> String {
        FilePath.isAbsolute(path) ? path : FilePath.join(processor.workingDirectory, path)
    }

    /// The absolute folder of an included project, and the same folder as seen from the including one.
    private func directories(of item: Item, main: String) -> (absolute: String, relative: String) {
        guard let written = item.projectDirectory, !written.isEmpty else {
            let directory = FilePath.directory(main)
            return (directory, FilePath.relative(from: processor.workingDirectory, to: directory))
        }
        guard !FilePath.isAbsolute(written) else {
            return (written, written)
        }
        let directory = FilePath.join(processor.workingDirectory, written)
        let shown = FilePath.kind(of: directory) == .directory ? directory : FilePath.directory(directory)
        return (directory, FilePath.relative(from: processor.workingDirectory, to: shown))
    }

    private func environment(of item: Item, in directory: String) -> ProjectEnvironment? {
        var files: [String] = []
        if item.envFiles.isEmpty {
            let automatic = FilePath.join(directory, ".env")
            if FilePath.kind(of: automatic) == .file {
                files = [automatic]
            }
        }
        for node in item.envFiles {
            let file = absolute(node.string ?? "")
            switch FilePath.kind(of: file) {
            case .file:
                files.append(file)
            case .directory:
                report(.unreadableFile, "the env file `\(file)` is a directory", node, [.key("include")])
                return nil
            case .missing:
                report(.unreadableFile, "cannot find the env file `\(file)`", node, [.key("include")])
                return nil
            case .unknown(let reason):
                report(.unreadableFile, "cannot read the env file `\(file)`: \(reason)", node, [.key("include")])
                return nil
            }
        }
        var environment = processor.environment
        environment.fill(
            from: .reading(files, outer: processor.environment, context: context, referrer: item.origin)
        )
        return environment
    }

    private func closesCircle(_ main: String, _ item: Item) -> Bool {
        let chain = processor.includeChain + [file]
        guard let start = chain.firstIndex(of: main) else {
            return false
        }
        let circle = (chain[start...] + [main]).map(FilePath.base).joined(separator: " → ")
        context.diagnostics.error(
            .cycle,
            "compose files include each other in a circle: \(circle)",
            at: item.paths.first?.origin ?? item.origin,
            path: [.key("include")]
        )
        return true
    }

    // MARK: - Importing

    private func importSection(_ section: String, of imported: Node, into root: inout Node, from item: Item) {
        guard let entries = imported[section]?.mapping, let origin = imported[section]?.origin else {
            return
        }
        root.withMapping { mapping in
            if mapping[section].map(\.isNull) ?? true {
                mapping[section] = Node(.mapping([:]), at: origin)
            }
        }
        root.withValue(forKey: section) { target in
            target.withMapping { mapping in
                for entry in entries.entries {
                    guard let own = mapping.entry(forKey: entry.key) else {
                        mapping.append(entry)
                        continue
                    }
                    if own.value != entry.value {
                        reportConflict(section, own, entry)
                    }
                }
            }
        }
    }

    private func reportConflict(_ section: String, _ own: Mapping.Entry, _ imported: Mapping.Entry) {
        context.diagnostics.error(
            .conflict,
            "`\(section).\(own.key)` is defined here and, differently, in an included file",
            at: own.keyOrigin,
            path: [.key(section), .key(own.key)],
            suggestion: "change included resources in an override file, given by a further `-f` or in `include.path`",
            notes: [Diagnostic.Note("the included definition", at: imported.keyOrigin)]
        )
    }

    private func report(_ code: Diagnostic.Code, _ message: String, _ node: Node, _ path: NodePath) {
        context.diagnostics.error(code, message, at: node.origin, path: path)
    }
}
