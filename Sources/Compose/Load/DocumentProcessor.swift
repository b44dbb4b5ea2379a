// SPDX-License-Identifier: Apache-2.0

import YAML

/// Brings the documents of compose files, one after the other, into one canonical tree.
///
/// Each document goes through interpolation, `extends`, `include`, the merge into what came before, the checks of the
/// schema and the expansion of short forms, in this order.
struct DocumentProcessor {
    let context: LoadContext
    let environment: ProjectEnvironment
    /// The absolute folder that the files' relative paths start from.
    let workingDirectory: String
    /// The same folder as relative paths of the files are rebased to; an included project's paths are first made
    /// relative to the including one.
    var pathBase: String
    /// The compose files on the way here through `include`, outermost first.
    var includeChain: [String] = []
    var skipsExtends = false
    var skipsInclude = false
    var skipsValidation = false
    /// The tags of the last document.
    private(set) var lastDirectives: [Document.Directive] = []

    init(context: LoadContext, environment: ProjectEnvironment, workingDirectory: String, pathBase: String? = nil) {
        self.context = context
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.pathBase = pathBase ?? workingDirectory
    }

    /// The canonical tree of several files, or nil after reporting that none could be read.
    mutating func load(_ files: [String], referrer: Origin? = nil) -> Node? {
        var tree: Node?
        for file in files {
            guard let documents = context.documents(of: file, referrer: referrer) else {
                continue
            }
            for document in documents {
                process(document, of: file, into: &tree)
            }
        }
        return tree
    }

    /// The canonical tree of one file, or nil after reporting that it could not be read.
    mutating func load(_ file: String, referrer: Origin? = nil) -> Node? {
        load([file], referrer: referrer)
    }

    private mutating func process(_ document: Document, of file: String, into tree: inout Node?) {
        var root = document.root
        lastDirectives = document.directives
        guard root.mapping != nil else {
            reportNoMapping(root)
            return
        }
        if context.options.interpolates {
            var interpolator = Interpolator(environment: environment, context: context)
            interpolator.interpolate(&root)
        }
        if !skipsExtends {
            refuseWrongServices(&root)
            Extender(context: context, environment: environment, workingDirectory: workingDirectory)
                .apply(to: &root, file: file, directives: document.directives)
        }
        if var base = tree {
            DirectiveApplier.apply(document.directives, to: &base)
            tree = base
        }
        if !skipsInclude {
            Includer(processor: self, file: file).apply(to: &root)
        }
        merge(root, document.directives, into: &tree)
    }

    /// Merges a document into what came before it and brings the result into canonical form.
    ///
    /// What came before is in that form already: only what the document names is gone through again.
    private func merge(_ root: Node, _ directives: [Document.Directive], into tree: inout Node?) {
        // What a tag took away stands in no document any more.
        let part = tree == nil || !directives.isEmpty ? nil : root
        var merged = tree ?? Node(.mapping([:]), at: root.origin)
        tree = nil
        var merger = Merger(diagnostics: context.diagnostics, history: context.history)
        merger.merge(root, into: &merged)
        var uniqueness = Uniqueness(diagnostics: context.diagnostics, history: context.history)
        uniqueness.enforce(on: &merged, within: part)
        if !skipsValidation {
            SchemaValidator.validate(&merged, within: part) { context.diagnostics.report($0) }
            dropVersion(&merged)
        }
        var canonicaliser = Canonicaliser(context: context)
        canonicaliser.canonicalise(&merged, within: part)
        uniqueness.enforceAfterExpansion(on: &merged, within: part)
        tree = merged
    }

    /// Takes out `services` that are no mapping, null included, after reporting them.
    private func refuseWrongServices(_ root: inout Node) {
        guard let services = root["services"], services.mapping == nil, !services.isInvalid else {
            return
        }
        context.diagnostics.error(
            .wrongType,
            "`services` must be a mapping, not \(services.kindWithArticle)",
            at: services.origin,
            path: "services"
        )
        root.withMapping { $0["services"] = Node(.invalid, at: services.origin) }
    }

    private func reportNoMapping(_ root: Node) {
        if root.isNull {
            context.diagnostics.error(.syntax, "the compose file is empty", at: root.origin)
        } else {
            context.diagnostics.error(
                .wrongType,
                "a compose file must be a mapping with `services`, not \(root.kindWithArticle)",
                at: root.origin
            )
        }
    }

    private func dropVersion(_ tree: inout Node) {
        guard let version = tree.mapping?.entry(forKey: "version") else {
            return
        }
        context.diagnostics.warning(
            .obsolete,
            "`version` is obsolete and ignored; remove it",
            at: version.keyOrigin,
            path: "version"
        )
        tree.withMapping { $0.removeValue(forKey: "version") }
    }
}
