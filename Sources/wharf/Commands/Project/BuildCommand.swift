// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import Glibc
import Terminal

/// `wharf build`: builds images of services or of a folder, checks Dockerfiles, and tells what they can be given and built to.
final class BuildCommand {
    /// What is done with the Dockerfiles.
    enum Call: String, CaseIterable {
        case build, check, outline, targets
    }

    let global: GlobalOptions
    private(set) var call = Call.build
    private(set) var isJSON = false
    private(set) var isPrinted = false
    private(set) var includesDependencies = false
    /// What builds are asked for.
    private(set) var options = BuildOptions()
    /// The services, or the folder.
    private(set) var names: [String] = []

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("build", summary: "Build images of services, or of a folder.", section: ProjectCommands.section) {
            BuildCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf build                     build the images of all services
                wharf build web                 only that of web
                wharf build -t app:1 .          build the Dockerfile of this folder
                wharf build --check             check the Dockerfiles of all services
                wharf build --call=outline web  what a build of web can be given
                wharf build --call=targets      the stages that can be built
                wharf build --print             what `docker buildx bake` would be told
                """,
            options: callOptions() + folderOptions() + resultOptions() + buildOptions() + outputOptions()
                + acceptedOptions(),
            positionals: [
                .any(
                    "SERVICE|PATH",
                    help: "The services, also as patterns such as 'db*', all with a `build` section unless given; or a "
                        + "folder with a Dockerfile: `.`, a path with a slash, or any with an option such as --tag.",
                    completion: .services(of: global)
                ) { self.names.append($0) }
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

    /// Notes that an option is about a folder.
    private func folder(_ option: String) { options.folderOption = options.folderOption ?? option }

    /// What is said of a folder, where a project says it for services.
    private func folderOptions() -> [Option] {
        [
            .value(
                "file",
                short: "f",
                "path",
                help: "The Dockerfile of a folder; - is standard input. (default: Dockerfile in it)",
                completion: .files()
            ) {
                self.folder("--file")
                self.options.dockerfile = $0
            },
            .value("tag", short: "t", "name", help: "A name of the image of a folder.", isRepeatable: true) {
                self.folder("--tag")
                self.options.request.tags.append($0)
            },
            .value("target", "stage", help: "The stage of a folder's Dockerfile that is built.") {
                self.folder("--target")
                self.options.request.target = $0
            },
            .value("build-context", "name=value", help: "A further context of a folder's build.", isRepeatable: true) {
                text throws(InvalidValue) in
                self.folder("--build-context")
                try self.options.addContext(text)
            },
            .value("label", "name=value", help: "A label of the image of a folder.", isRepeatable: true) {
                text throws(InvalidValue) in
                self.folder("--label")
                let pair = try BuildOptions.pair(text)
                self.options.request.labels[pair.name] = pair.value ?? ""
            },
        ]
    }

    /// What programs of a folder's build get, and what comes of it.
    private func resultOptions() -> [Option] {
        [
            .value("network", "mode", help: "The network of a folder's programs: default, none or host.") {
                self.folder("--network")
                self.options.request.network = $0
            },
            .value(
                "add-host",
                "name:address",
                help: "A name that programs of a folder's build know.",
                isRepeatable: true
            ) {
                self.folder("--add-host")
                self.options.request.extraHosts.append($0)
            },
            .value("shm-size", "bytes", help: "The size of /dev/shm in a folder's build.") {
                text throws(InvalidValue) in
                self.folder("--shm-size")
                self.options.request.sharedMemory = try ByteCountText.read(text)
            },
            .value(
                "ulimit",
                "name=soft[:hard]",
                help: "A limit of each process of a folder's build.",
                isRepeatable: true
            ) { text throws(InvalidValue) in
                self.folder("--ulimit")
                self.options.request.limits.append(try Ulimit(option: text))
            },
            .value(
                "platform",
                "os/arch",
                help: "What the image of a folder is for; several with commas between them are one image for each.",
                isRepeatable: true
            ) {
                self.folder("--platform")
                self.options.add(platforms: $0.split(separator: ",").map(String.init))
            },
            .value(
                "output",
                short: "o",
                "form",
                help: "Where what a folder's build makes goes as well: type=local, tar, oci or docker with dest=PATH.",
                isRepeatable: true
            ) { text throws(InvalidValue) in
                self.folder("--output")
                self.options.outputs.append(try BuildOutputTarget(text))
            },
            .value(
                "iidfile",
                "path",
                help: "A file that gets the identifier of a folder's image.",
                completion: .files()
            ) {
                self.folder("--iidfile")
                self.options.identifierFile = $0
            },
        ]
    }

    /// What matters to all builds.
    private func buildOptions() -> [Option] {
        [
            .flag("no-cache", help: "Do not use the cache.") { self.options.request.ignoresCache = $0 },
            .flag("pull", help: "Ask the registries for newer base images.") { self.options.request.pulls = $0 },
            .flag("push", help: "Push the images.") { self.options.pushes = $0 },
            .value(
                "no-cache-filter",
                "stage",
                help: "A stage for which the cache is not used.",
                isRepeatable: true
            ) { self.options.request.uncachedStages += $0.split(separator: ",").map(String.init) },
            .value(
                "cache-from",
                "fields",
                help: "Where builds of others are found: type=registry,ref=NAME or type=local,src=FOLDER.",
                isRepeatable: true
            ) { self.options.cachesFrom.append($0) },
            .value(
                "cache-to",
                "fields",
                help:
                    "Where builds are left for others: type=registry,ref=NAME, type=local,dest=FOLDER or type=inline; "
                    + "with mode=max also those of other stages.",
                isRepeatable: true
            ) { self.options.cachesTo.append($0) },
            .flag("explain-cache", help: "Say of each step why the cache does not have it.") {
                self.options.request.explainsCache = $0
            },
            .value(
                "secret",
                "fields",
                help: "A secret: id=NAME with src=FILE or env=VARIABLE.",
                isRepeatable: true
            ) { text throws(InvalidValue) in try self.options.addSecret(text) },
            .value(
                "ssh",
                "key",
                help: "An SSH agent that builds may use: default, or id=SOCKET.",
                isRepeatable: true
            ) { text throws(InvalidValue) in try self.options.addAgent(text) },
            .value(
                "allow",
                "right",
                help: "What programs may do: network.host or security.insecure.",
                isRepeatable: true
            ) { right throws(InvalidValue) in
                guard ["network.host", "security.insecure"].contains(right) else {
                    throw InvalidValue("network.host or security.insecure")
                }
                self.options.request.allowed.append(right)
            },
        ]
    }

    /// How builds are shown.
    private func outputOptions() -> [Option] {
        [
            .flag("quiet", short: "q", help: "Print nothing but errors, and the identifier of a folder's image.") {
                self.options.isQuiet = $0
            },
            .value(
                "progress",
                "form",
                help: "How builds are shown on standard error.",
                allowed: ["auto"] + BuildDisplay.Form.allCases.map(\.rawValue),
                default: "auto"
            ) { self.options.progress = BuildDisplay.Form(rawValue: $0) },
        ]
    }

    /// What Docker and Docker Compose know, and what changes nothing here.
    private func acceptedOptions() -> [Option] {
        [
            .value("builder", "name", help: "Accepted for Docker Compose.") { _ in },
            .value("memory", short: "m", "bytes", help: "Accepted for Docker Compose.") { _ in },
            .value("provenance", "value", help: "Accepted for Docker Compose: there are no attestations.") { _ in },
            .value("sbom", "value", help: "Accepted for Docker Compose: there are no attestations.") { _ in },
            .flag("load", help: "Accepted for Docker: images are always kept.") { _ in },
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
        let pair = try BuildOptions.pair(text)
        // As with Docker, what is not in the environment has no value.
        options.request.arguments[pair.name] = pair.value
    }

    // MARK: Running

    private func run() throws {
        let folder = try chosenFolder()
        if call != .build || isPrinted { return try check(folder) }
        if let folder { return try FolderBuild(global, options, folder).run() }
        let result = try load()
        guard let project = result.project else { throw CommandFailure() }
        let chosen = try choose(project).map(\.name)
        let builds = try ServiceBuilds(
            project,
            separator: global.separator(result.environment),
            options,
            options.display(global),
            environment: result.environment,
            parallelism: global.parallel
        )
        if chosen.isEmpty {
            OutputStream.error.write("No services to build\n")
            return
        }
        let client = try global.client()
        let images = try builds.run(chosen, client)
        if !options.pushes { return }
        let references = try images.flatMap(\.names).map { try ImagePuller.reference($0) }
        try ImagePushes(client: client, references: references).run(global, isQuiet: options.isQuiet).finish()
    }

    /// The folder that is meant; nil where services are.
    private func chosenFolder() throws -> String? {
        let isPath = names.count == 1 && (names[0].contains("/") || [".", "..", "-"].contains(names[0]))
        guard let option = options.folderOption else { return isPath ? names[0] : nil }
        guard names.count == 1 else {
            throw CommandFailure(
                message: "`\(option)` is about the build of one folder: name it, such as `wharf build \(option) … .`",
                status: .usage
            )
        }
        return names[0]
    }

    func load() throws -> LoadResult {
        try ProjectLoading(options: global).load { $0.resolvesEnvironment = false }
    }
}
