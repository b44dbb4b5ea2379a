// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import Glibc
import Reconciler
import Terminal

/// `wharf run`: runs one command in a new container of a service.
final class ProjectRunCommand {
    private let global: GlobalOptions
    private var service = ""
    private var arguments: [String] = []
    private var changes: [(inout Service) throws -> Void] = []
    /// Variables, without a value for those that come from here.
    private var variables: [(name: String, value: String?)] = []
    private var isDetached = false
    private var takesInput = true
    /// Whether standard input was spoken of.
    private var namesInput = false
    /// What `--tty` and `--no-TTY` say; nil where they are not given.
    private var wantsTerminal: Bool?
    private var refusesTerminal: Bool?
    private var name: String?
    private var removesItself = false
    private var usesAliases = false
    private var usesServicePorts = false
    private var includesDependencies = true
    private var removesOrphans = false
    private var isQuiet = false
    private var buildsQuietly = false
    private let images = ImageSettings()
    private var ports: [String] = []
    private var entrypoint: String?

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "run",
            summary: "Run one command in a new container of a service.",
            section: ProjectCommands.section
        ) { ProjectRunCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf run --rm web sh            a shell beside the service
                wharf run --rm migrate           a one-shot service
                wharf run -p 9000:80 web         with a port of its own
                """,
            options: container() + process() + surroundings(),
            positionals: [
                .service(of: global) { self.service = $0 },
                .any("COMMAND", help: "The command with its arguments, in place of the service's.") {
                    self.arguments.append($0)
                },
            ],
            passesThrough: true,
            check: check,
            run: run
        )
    }

    private func check() throws(UsageError) {
        if wantsTerminal != nil, refusesTerminal != nil {
            throw UsageError("--tty and --no-TTY can't be used together")
        }
    }

    private func container() -> [Option] {
        [
            .value("cap-add", "capability", help: "Add a capability.", isRepeatable: true) { word in
                self.changes.append { $0.capAdd.append(word) }
            },
            .value("cap-drop", "capability", help: "Take a capability away.", isRepeatable: true) { word in
                self.changes.append { $0.capDrop.append(word) }
            },
            .value("label", short: "l", "key[=value]", help: "A label.", isRepeatable: true) { text in
                let (key, value) = Self.pair(text)
                self.changes.append { $0.labels[key] = value ?? "" }
            },
            .value("name", "name", help: "The name of the container.") { self.name = $0 },
            .value("publish", short: "p", "port", help: "Publish a port of the container.", isRepeatable: true) {
                self.ports.append($0)
            },
            .flag("rm", help: "Remove the container when it ends.") { self.removesItself = $0 },
            .flag("service-ports", short: "P", help: "Publish the ports of the service.") {
                self.usesServicePorts = $0
            },
            .flag("use-aliases", help: "Let others find it by the name of the service.") { self.usesAliases = $0 },
            .value("volume", short: "v", "mount", help: "One more mount: source:target.", isRepeatable: true) { text in
                self.changes.append { try Self.add(mount: text, to: &$0) }
            },
        ]
    }

    private func process() -> [Option] {
        [
            .flag("detach", short: "d", help: "Run it in the background and print its identifier.") {
                self.isDetached = $0
            },
            .value("entrypoint", "command", help: "What to run in place of the entry point.") { self.entrypoint = $0 },
            .value(
                "env",
                short: "e",
                "name[=value]",
                help: "A variable; without a value from here.",
                isRepeatable: true
            ) {
                text in
                let (key, value) = Self.pair(text)
                self.variables.append((key, value))
            },
            .value("env-from-file", "path", help: "A file of variables.", completion: .files(), isRepeatable: true) {
                path in
                self.changes.append { try Self.addVariables(from: path, to: &$0) }
            },
            .flag("interactive", short: "i", help: "Connect standard input; true unless given.") {
                (self.takesInput, self.namesInput) = ($0, true)
            },
            .flag("no-TTY", short: "T", help: "Give the program no terminal.") { self.refusesTerminal = $0 },
            .flag("no-tty", help: "The same.", isHidden: true) { self.refusesTerminal = $0 },
            .flag("tty", short: "t", help: "Give the program a terminal.", isHidden: true) { self.wantsTerminal = $0 },
            .value("user", short: "u", "user[:group]", help: "The user, by name or number.") { user in
                self.changes.append { $0.user = user }
            },
            .value("workdir", short: "w", "path", help: "The working folder.") { path in
                self.changes.append { $0.workingDirectory = path }
            },
        ]
    }

    private func surroundings() -> [Option] {
        images.options(before: "the container is made") + [
            .flag("no-deps", help: "Leave out what the service depends on.") { self.includesDependencies = !$0 },
            .flag("quiet", short: "q", help: "Show no progress.") { self.isQuiet = $0 },
            .flag("quiet-build", help: "Show no progress of builds.") { self.buildsQuietly = $0 },
            .flag("remove-orphans", help: "Remove containers of services that the project does not have any more.") {
                self.removesOrphans = $0
            },
        ]
    }

    // MARK: Doing

    private func run() throws {
        var wanted = try WantedProject(global, services: [service])
        guard let chosen = wanted.services.first, wanted.services.count == 1,
            var changed = wanted.project.services[chosen]
        else {
            throw CommandFailure(
                message: "`\(service)` fits several services: \(wanted.services.joined(separator: ", "))"
            )
        }
        changed.tty = hasTerminal
        changed.stdinOpen = takesInput
        if hasTerminal, takesInput, !isDetached { try StandardInput.checkTerminal() }
        try change(&changed, wanted.environment)
        wanted.project.services[chosen] = changed
        // A volume that only the command line names has that name, and no project has it.
        for key in changed.volumes.compactMap({ $0.kind == .volume ? $0.source : nil })
        where wanted.project.volumes[key] == nil {
            var volume = Compose.Volume()
            (volume.name, volume.external) = (key, true)
            wanted.project.volumes[key] = volume
        }
        var request = ProjectRunRequest(wanted.project, chosen)
        (request.name, request.removesItself, request.usesAliases) = (name, removesItself, usesAliases)
        (request.includesDependencies, request.removesOrphans) = (includesDependencies, removesOrphans)
        request.ignoresOrphans = WantedProject.isTrue(wanted.environment["COMPOSE_IGNORE_ORPHANS"])
        (request.environmentFiles, request.separator) = (wanted.environmentFiles, wanted.separator)
        let client = try global.client()
        let services = wanted.taken(includingDependencies: includesDependencies)
        let needed = try ProjectImages(
            client,
            wanted,
            global,
            services: services,
            policy: images.policy,
            builds: images.builds
        )
        try needed.obtain(pullsQuietly: isQuiet || images.pullsQuietly, buildsQuietly: isQuiet || buildsQuietly)
        let work = try ProjectWork(global, title: "Creating", environment: wanted.environment, isQuiet: isQuiet)
        try work.follow(try client.prepareRun(request))
        guard let container = work.oneOff else { throw CommandFailure(message: "the engine made no container") }
        try start(container, changed, client)
    }

    private var hasTerminal: Bool {
        wantsTerminal ?? StandardInput.givesTerminal(isRefused: refusesTerminal, isNamed: namesInput)
    }

    /// Makes the service one for this container alone.
    private func change(_ service: inout Service, _ environment: ProjectEnvironment) throws {
        service.restart = nil
        service.deploy?.restartPolicy = nil
        service.containerName = nil
        service.scale = nil
        service.deploy?.replicas = nil
        if !usesServicePorts { service.ports = [] }
        for text in ports { service.ports += try Self.ports(text) }
        if let entrypoint {
            service.entrypoint = try ShellWords.split(entrypoint)
            service.command = []
        }
        if !arguments.isEmpty { service.command = arguments }
        for change in changes { try change(&service) }
        // One that is not set here leaves what the service says.
        for (name, value) in variables {
            if let found = value ?? environment[name] { service.environment[name] = .some(found) }
        }
    }

    private func start(_ container: (id: String, name: String), _ service: Service, _ client: EngineClient) throws {
        if isDetached {
            try client.startContainer(container.id)
            OutputStream.standard.write(container.id + "\n")
            return
        }
        var attach = AttachQuery()
        attach.input = service.stdinOpen
        let process = AttachedContainer(client: client, id: container.id, hasTerminal: service.tty, attach: attach)
        try process.run(
            waitCondition: removesItself ? "removed" : "next-exit",
            keys: .standard,
            forwardsSignals: true
        ) {
            do {
                try client.startContainer(container.id)
            } catch {
                throw CommandFailure(of: error, isRun: true)
            }
        }
    }

    // MARK: Reading

    private static func pair(_ text: String) -> (key: String, value: String?) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : nil)
    }

    private static func ports(_ text: String) throws -> [Port] {
        do {
            return try PortSpecification.parse(text).map { found in
                var port = Port()
                port.mode = "ingress"
                port.hostIP = found.hostIP.isEmpty ? nil : found.hostIP
                port.target = UInt32(found.target)
                port.published = found.published.isEmpty ? nil : found.published
                port.networkProtocol = found.protocol
                return port
            }
        } catch {
            throw CommandFailure(message: "the port `\(text)` makes no sense: \(error.message)")
        }
    }

    private static func add(mount text: String, to service: inout Service) throws {
        let found: VolumeSpecification
        do throws(ValueError) {
            found = try VolumeSpecification.parse(text)
        } catch {
            throw CommandFailure(message: "the mount `\(text)` makes no sense: \(error.message)")
        }
        var mount = Compose.Mount()
        mount.target = found.target
        mount.readOnly = found.isReadOnly
        if found.kind == .bind {
            mount.kind = .bind
            let directory = try ProjectLoading.currentDirectory()
            mount.source =
                FilePath.isAbsolute(found.source) ? found.source : FilePath.clean(directory + "/" + found.source)
            var bind = Compose.Mount.BindOptions()
            bind.createHostPath = true
            bind.propagation = found.bind.flatMap { $0.propagation.isEmpty ? nil : $0.propagation }
            mount.bind = bind
        } else {
            mount.source = found.source.isEmpty ? nil : found.source
            var volume = Compose.Mount.VolumeOptions()
            volume.noCopy = found.volume?.nocopy ?? false
            mount.volume = volume
        }
        service.volumes.removeAll { $0.target == mount.target }
        service.volumes.append(mount)
    }

    private static func addVariables(from path: String, to service: inout Service) throws {
        let text = try InputFile.read(path, limit: DotEnv.maximumLength)
        let file: DotEnvFile
        do throws(DotEnvError) {
            file = try DotEnv.parse(text) { name in getenv(name).map { String(cString: $0) } }
        } catch {
            throw CommandFailure(message: "\(path):\(error.line):\(error.column): \(error.message)")
        }
        for entry in file.entries { service.environment[entry.name] = .some(entry.value) }
    }
}
