// SPDX-License-Identifier: Apache-2.0

import YAML

/// Replaces each service's `extends` by the definition that it points to, merged under the service's own.
///
/// Compose specification, "extends". A base may extend further services, in the same file or in others.
final class Extender {
    private let context: LoadContext
    private let environment: ProjectEnvironment
    private let workingDirectory: String
    /// Base files, canonical and with their paths rebased, by the absolute path.
    private var baseFiles: [String: BaseFile?] = [:]

    /// A chain longer than this is refused, so that a hostile one cannot exhaust the stack.
    private static let depthLimit = 500

    /// A file that services extend from.
    private struct BaseFile {
        var services: Node?
        var directives: [Document.Directive]
    }

    /// A service in a file, as one link of a chain.
    private struct Link: Hashable {
        var file: String
        var service: String
        var origin: Origin

        static func == (left: Link, right: Link) -> Bool {
            left.file == right.file && left.service == right.service
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(file)
            hasher.combine(service)
        }
    }

    /// Makes an extender for the files of one project.
    ///
    /// - Parameters:
    ///   - context: The load.
    ///   - environment: The variables that base files see.
    ///   - workingDirectory: The absolute folder that the paths of the extending files are relative to.
    init(context: LoadContext, environment: ProjectEnvironment, workingDirectory: String) {
        self.context = context
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// Applies `extends` in every service of a document.
    func apply(to root: inout Node, file: String, directives: [Document.Directive]) {
        root.withValue(forKey: "services") { services in
            guard let names = services.mapping?.entries.filter({ $0.value["extends"] != nil }) else {
                return
            }
            for entry in names {
                let extended = resolve(
                    entry.key,
                    in: &services,
                    file: file,
                    directives: directives,
                    chain: []
                )
                services.withValue(forKey: entry.key) { $0 = extended }
            }
        }
    }

    /// The definition of a service with its `extends` applied.
    ///
    /// - Parameters:
    ///   - name: The service.
    ///   - services: The services of the file; a resolved definition is put back, so that it is resolved once.
    ///   - file: The absolute path of the file.
    ///   - directives: The tags of the files on the way here.
    ///   - chain: The services on the way here.
    /// - Returns: The definition; it keeps an invalid `extends` where that could not be applied.
    private func resolve(
        _ name: String,
        in services: inout Node,
        file: String,
        directives: [Document.Directive],
        chain: [Link]
    ) -> Node {
        guard let service = services[name] else {
            return Node(.null)
        }
        guard let extends = service["extends"], service.mapping != nil else {
            return service
        }
        let failed = { (node: Node) -> Node in
            var node = node
            node.withMapping { $0["extends"] = Node(.invalid, at: extends.origin) }
            return node
        }
        var directives = directives
        guard
            var base = resolveBase(
                of: name,
                extends,
                in: &services,
                file: file,
                directives: &directives,
                chain: chain
            )
        else {
            return failed(service)
        }
        guard !base.isNull else {
            return service
        }
        guard
            context.spend(
                base.size,
                of: &context.budget.extendedNodes,
                on: "the values that `extends` takes over",
                at: extends.origin
            )
        else {
            return failed(service)
        }
        DirectiveApplier.apply(directives, toService: name, &base)
        var merger = Merger(diagnostics: context.diagnostics, history: context.history)
        merger.mergeService(service, named: name, into: &base)
        base.withMapping { $0.removeValue(forKey: "extends") }
        base.origin = service.origin
        return base
    }

    /// The definition that a service extends, with its own `extends` applied; nil after reporting what is wrong.
    private func resolveBase(
        of name: String,
        _ extends: Node,
        in services: inout Node,
        file: String,
        directives: inout [Document.Directive],
        chain: [Link]
    ) -> Node? {
        guard let reference = reference(extends, of: name),
            let chain = link(Link(file: reference.file ?? file, service: name, origin: extends.origin), chain)
        else {
            return nil
        }
        guard let path = reference.file else {
            guard services[reference.service] != nil else {
                reportMissing(reference, extends, of: name, in: services, file: nil)
                return nil
            }
            let base = resolve(reference.service, in: &services, file: file, directives: directives, chain: chain)
            services.withValue(forKey: reference.service) { $0 = base }
            return base
        }
        guard let baseFile = baseFile(path, reference, extends, of: name, in: file) else {
            return nil
        }
        directives += baseFile.directives
        var baseServices = baseFile.services ?? Node(.null)
        let base = resolve(reference.service, in: &baseServices, file: path, directives: directives, chain: chain)
        if directives.isEmpty {
            baseFiles[path] = BaseFile(services: baseServices, directives: [])
        }
        return base
    }

    // MARK: - References

    private struct Reference {
        var service: String
        var serviceOrigin: Origin
        /// The absolute path of the file, or nil for the same file.
        var file: String?
        /// The file as the user wrote it.
        var writtenFile: String?
    }

    private func reference(_ extends: Node, of name: String) -> Reference? {
        let path: NodePath = [.key("services"), .key(name), .key("extends")]
        switch extends.value {
        case .string(let service):
            return Reference(service: service, serviceOrigin: extends.origin)
        case .mapping(let mapping):
            guard let service = mapping["service"]?.string else {
                if mapping["service"]?.isInvalid != true {
                    context.diagnostics.error(
                        .missingKey,
                        "`extends` of service `\(name)` does not say which `service` to extend",
                        at: mapping["service"]?.origin ?? extends.origin,
                        path: path
                    )
                }
                return nil
            }
            var reference = Reference(service: service, serviceOrigin: mapping["service"]?.origin ?? extends.origin)
            switch mapping["file"]?.value {
            case nil, .null:
                break
            case .string(let file):
                guard !RemoteReference.refuse(file, at: mapping["file"]?.origin, context) else {
                    return nil
                }
                reference.writtenFile = file
                reference.file = FilePath.isAbsolute(file) ? file : FilePath.join(workingDirectory, file)
            default:
                context.diagnostics.error(
                    .wrongType,
                    "`extends.file` of service `\(name)` must be a string",
                    at: mapping["file"]?.origin,
                    path: path.appending("file")
                )
                return nil
            }
            return reference
        case .invalid:
            return nil
        default:
            context.diagnostics.error(
                .wrongType,
                "`extends` of service `\(name)` must be a string or a mapping, not \(extends.kindWithArticle)",
                at: extends.origin,
                path: path
            )
            return nil
        }
    }

    private func reportMissing(
        _ reference: Reference,
        _ extends: Node,
        of name: String,
        in services: Node?,
        file: String?
    ) {
        let names = services?.mapping?.entries.map(\.key) ?? []
        let place = file.map { " in `\($0)`" } ?? ""
        context.diagnostics.error(
            .undefinedReference,
            "service `\(name)` extends `\(reference.service)`, which does not exist\(place)",
            at: reference.serviceOrigin,
            path: [.key("services"), .key(name), .key("extends")],
            suggestion: Suggestions.nearest(to: reference.service, in: names).map { "did you mean `\($0)`?" }
        )
    }

    /// The chain with one more link, or nil after reporting that it closes a circle or is too long.
    private func link(_ link: Link, _ chain: [Link]) -> [Link]? {
        if let start = chain.firstIndex(of: link) {
            let circle = chain[start...] + [link]
            context.diagnostics.error(
                .cycle,
                "services extend each other in a circle: \(circle.map(\.service).joined(separator: " → "))",
                at: chain[start].origin,
                path: [.key("services"), .key(link.service), .key("extends")],
                notes: chain[(start + 1)...].map {
                    Diagnostic.Note("`\($0.service)` extends the next one here", at: $0.origin)
                }
            )
            return nil
        }
        guard chain.count < Self.depthLimit else {
            context.diagnostics.error(
                .cycle,
                "more than \(Self.depthLimit) services extend each other in a row",
                at: link.origin
            )
            return nil
        }
        return chain + [link]
    }

    // MARK: - Base files

    private func baseFile(
        _ path: String,
        _ reference: Reference,
        _ extends: Node,
        of name: String,
        in file: String
    ) -> BaseFile? {
        let fileOrigin = extends["file"]?.origin ?? extends.origin
        let loaded: BaseFile?
        if let known = baseFiles[path] {
            loaded = known
        } else {
            loaded = loadBaseFile(path, referrer: fileOrigin)
            baseFiles[path] = .some(loaded)
        }
        guard let loaded else {
            return nil
        }
        let written = reference.writtenFile ?? path
        guard let services = loaded.services else {
            context.diagnostics.error(
                .undefinedReference,
                "service `\(name)` extends `\(reference.service)`, but `\(written)` has no services",
                at: fileOrigin,
                path: [.key("services"), .key(name), .key("extends")]
            )
            return nil
        }
        guard services[reference.service] != nil else {
            reportMissing(reference, extends, of: name, in: services, file: written)
            return nil
        }
        return loaded
    }

    /// Reads a base file into canonical form, its relative paths rebased to this extender's folder.
    private func loadBaseFile(_ path: String, referrer: Origin) -> BaseFile? {
        var processor = DocumentProcessor(
            context: context,
            environment: environment,
            workingDirectory: FilePath.directory(path)
        )
        processor.skipsExtends = true
        processor.skipsInclude = true
        processor.skipsValidation = true
        guard context.documents(of: path, referrer: referrer) != nil else {
            return nil
        }
        guard var tree = processor.load(path, referrer: referrer) else {
            return BaseFile(services: nil, directives: [])
        }
        let folder = FilePath.relative(from: workingDirectory, to: FilePath.directory(path))
        PathResolver(base: folder, context: context, environment: environment).resolve(&tree)
        let services = tree["services"]
        if let services, services.mapping == nil, !services.isInvalid {
            context.diagnostics.error(
                .wrongType,
                "`services` must be a mapping, not \(services.kindWithArticle)",
                at: services.origin,
                path: "services"
            )
            return nil
        }
        return BaseFile(services: services, directives: processor.lastDirectives)
    }
}
