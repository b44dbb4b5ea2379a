// SPDX-License-Identifier: Apache-2.0

import YAML

/// Loads compose files into a project, as Docker Compose would.
///
/// The phases and their order stand in ``DocumentProcessor`` (once for each document), ``ProjectTree`` (once
/// for each project, included ones too) and here (once for each load).
package enum Loader {
    /// Loads the project that a request asks for.
    ///
    /// Never throws: whatever is wrong is among the result's diagnostics.
    package static func load(_ request: LoadRequest) -> LoadResult {
        let context = LoadContext(options: request.options, home: request.environment["HOME"])
        let assembled = EnvironmentAssembler(request: request, context: context).assemble()
        var result = LoadResult(
            diagnostics: [],
            sources: SourceMap(),
            environment: assembled.environment,
            files: assembled.files,
            workingDirectory: assembled.workingDirectory
        )
        load(request, into: &result, context: context)
        result.diagnostics = context.diagnostics.sorted
        result.sources = context.sources
        result.overridden = context.history?.replaced ?? [:]
        return result
    }

    private static func load(_ request: LoadRequest, into result: inout LoadResult, context: LoadContext) {
        guard !result.files.isEmpty else {
            context.diagnostics.error(
                .unreadableFile,
                "no compose file found in `\(result.workingDirectory)` or any parent folder",
                at: nil,
                suggestion: "name one with -f, or create compose.yaml"
            )
            return
        }
        guard result.files.filter({ RemoteReference.refuse($0, at: nil, context) }).isEmpty else {
            return
        }
        LargeHeap.prepare(forFiles: result.files)
        let name = ProjectNaming(
            request: request,
            context: context,
            environment: result.environment,
            workingDirectory: result.workingDirectory
        ).name(of: result.files)
        result.environment.set("COMPOSE_PROJECT_NAME", to: name)
        var processor = DocumentProcessor(
            context: context,
            environment: result.environment,
            workingDirectory: result.workingDirectory
        )
        guard var tree = ProjectTree.load(result.files, with: &processor), tree.mapping?.isEmpty == false else {
            reportEmpty(result.files, context)
            return
        }
        if context.options.normalises {
            tree.withMapping { $0["name"] = Node(name, at: $0["name"]?.origin ?? .none) }
            let environment = context.options.interpolates ? result.environment : ProjectEnvironment()
            Normaliser(projectName: name, environment: environment).normalise(&tree)
        }
        guard context.options.interpolates else {
            result.tree = tree
            return
        }
        KeyValueForm.apply(to: &tree, context.diagnostics)
        result.project = project(named: name, from: tree, request: request, result: result, context: context)
        for (path, node) in context.history?.added ?? [:] {
            tree.set(node, at: path.components[...])
        }
        result.tree = tree
    }

    private static func reportEmpty(_ files: [String], _ context: LoadContext) {
        guard !context.diagnostics.hasErrors else {
            return
        }
        for file in files {
            let origin = Origin(file: context.add(file, []), line: 1, column: 1)
            context.diagnostics.error(.syntax, "the compose file is empty", at: origin)
        }
    }

    /// The typed project with the asked-for services; nil where something is wrong.
    private static func project(
        named name: String,
        from tree: Node,
        request: LoadRequest,
        result: LoadResult,
        context: LoadContext
    ) -> Project? {
        var decoding = DecodingContext()
        var project = Project(decoding: tree, in: &decoding)
        project.name = name
        project.workingDirectory = result.workingDirectory
        project.files = result.files
        for diagnostic in decoding.diagnostics {
            context.diagnostics.report(diagnostic)
        }
        var selection = ServiceSelection(
            all: project.services,
            profiles: profiles(of: request, result.environment)
        )
        project.services = selection.enabled
        if context.options.checksConsistency {
            ConsistencyChecker(tree: tree, disabled: selection.disabled, diagnostics: context.diagnostics)
                .check(&project)
        }
        selection.select(context.options.services, in: &project, context.diagnostics)
        project.disabledServices = selection.disabled
        let serviceEnvironment = ServiceEnvironment(environment: result.environment, tree: tree, context: context)
        if context.options.resolvesEnvironment {
            serviceEnvironment.resolve(&project)
            project.takeContents(from: result.environment)
        }
        serviceEnvironment.resolveLabels(&project)
        if !context.options.keepsUnusedResources {
            project.removeUnusedResources()
        }
        return context.diagnostics.hasErrors ? nil : project
    }

    private static func profiles(of request: LoadRequest, _ environment: ProjectEnvironment) -> [String] {
        guard request.profiles.isEmpty else {
            return request.profiles
        }
        return (environment["COMPOSE_PROFILES"] ?? "").split(separator: ",").map { part in
            String(part.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        }
    }
}
