// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux
import OCI
import Runtime
import Store

/// Runs the program of a `RUN` upon the files of a step, and makes a layer of what it writes.
///
/// It is a container like any other, with the filter and the capabilities of one, but for its record: nobody finds it among
/// the containers, and an engine that takes over ends it.
struct RunExecution: Sendable {
    let engine: Engine
    let session: BuildSession
    let step: RunStep
    /// The layers below.
    let base: BuildTree
    /// The results of the steps whose files are mounted.
    let sources: [StepID: StepResult]
    /// Gets what it writes.
    let report: @Sendable (_ text: String, _ isError: Bool) async -> Void

    /// Its last lines are told where it fails.
    private static let lineCount = 20
    /// What programs are told that their host is called: the same for all, as it may come into what they make.
    private static let hostname = "buildkitsandbox"

    /// Runs it.
    ///
    /// - Returns: The layer, pinned once.
    /// - Throws: ``BuildFailure`` with the exit status, or why it could not be run.
    func run() async throws -> MadeLayer {
        try check()
        var generator = SystemRandomNumberGenerator()
        let id = ObjectID(using: &generator)
        let place = PassingFolder("\(session.folder)/\(id)", engine)
        return try await session.engine.cacheMounts.run(with: step.mounts) { caches in
            do {
                let layer = try await run(id, place, caches)
                await clean(id)
                return layer
            } catch {
                await clean(id)
                throw error
            }
        }
    }

    private func check() throws {
        if let device = step.devices.first {
            throw EngineError(.notImplemented, "--device=\(device): programs of builds get no devices yet")
        }
        if step.security == .insecure, !session.request.allowed.contains("security.insecure") {
            throw EngineError(
                .forbidden,
                "--security=insecure is not allowed: `--allow security.insecure` lets the build use it"
            )
        }
        if step.network == .host, session.request.network != "host",
            !session.request.allowed.contains("network.host")
        {
            throw EngineError(
                .forbidden,
                "--network=host is not allowed: `--allow network.host` lets the build use it"
            )
        }
    }

    private func clean(_ id: ObjectID) async {
        let (networks, files) = (engine.networks, engine.givenFiles)
        do {
            try await BlockingCall.run {
                networks.release(id)
                try files.discard(of: id)
            }
        } catch {
            engine.report("cannot remove what a program of a build has left; the next engine tries again", error)
        }
    }

    // MARK: The container

    private var networkMode: String {
        switch step.network {
        case .none: "none"
        case .host: "host"
        case .default: session.request.network ?? "default"
        }
    }

    private func request(_ mounts: RunMounts) -> ContainerCreateRequest {
        var request = ContainerCreateRequest(config: EngineAPI.ContainerConfig())
        request.config.cmd = CommandWords(step.arguments)
        var environment = step.environment
        environment.setVariables(step.proxies)
        request.config.env = environment + mounts.variables
        request.config.user = step.user
        request.config.workingDir = step.directory
        let name = session.request.arguments["BUILDKIT_SANDBOX_HOSTNAME"] ?? ""
        request.config.hostname = networkMode == "host" ? "" : name.isEmpty ? Self.hostname : name
        request.hostConfig.networkMode = networkMode
        request.hostConfig.extraHosts = step.extraHosts
        request.hostConfig.shmSize = session.request.sharedMemory ?? 0
        request.hostConfig.resources.ulimits = session.request.limits
        request.hostConfig.resources.cgroupParent = session.request.parentGroup ?? ""
        request.hostConfig.privileged = step.security == .insecure
        return request
    }

    private func snapshot(_ id: ObjectID, _ folder: ContainerFolder, _ mounts: RunMounts) throws -> ContainerSnapshot {
        let settled = try RequestChecker.settle(
            request(mounts),
            image: OCI.ContainerConfig(),
            id: id,
            on: engine.machine
        )
        var definition = ContainerDefinition(request: settled.request, image: "", layers: [])
        definition.mounts = mounts.requested
        definition.networks = AttachedNetwork.all(of: settled.request)
        return ContainerSnapshot(
            id: id,
            name: try ContainerName("\(BuildProcesses.prefix)\(id.short)"),
            created: .now,
            definition: definition,
            state: ContainerRecord.State(),
            details: ContainerDetails(),
            execs: [],
            folder: folder
        )
    }

    /// Gives it addresses.
    private func prepareNetworks(_ snapshot: inout ContainerSnapshot) async throws {
        let networks = snapshot.definition.allNetworks
        if networks.isEmpty { return }
        if networks.contains(where: { $0.reference == Engine.standardNetworkName }) {
            try await engine.obtainStandardNetwork()
        }
        let container = NetworkedContainer(
            id: snapshot.id,
            name: snapshot.name.description,
            hostname: "",
            networks: networks,
            ports: [],
            servers: [],
            servesNames: false
        )
        do {
            let host = engine.networks
            snapshot.details.endpoints = try await BlockingCall.run { try host.prepare(container).endpoints }
        } catch {
            throw EngineError(network: error, "connect the program with its network; `--network=none` needs none")
        }
    }

    // MARK: Running

    private func run(
        _ id: ObjectID,
        _ place: PassingFolder,
        _ caches: [String: CacheMounts.Lease]
    ) async throws -> MadeLayer {
        let (images, fresh, base, folder) = (engine.images, session.fresh, base, place.folder)
        engine.trees.anticipateMove()
        let below = try await BlockingCall.run {
            try folder.prepare()
            return try fresh.roots(of: base, in: images)
        }
        let mounts = try await BlockingCall.run {
            try RunMounts(of: self, id, folder, caches)
        }
        var prepared = try snapshot(id, folder, mounts)
        try await prepareNetworks(&prepared)
        let name = "\(BuildProcesses.prefix)\(id)"
        let entry = engine.buildProcesses.add(name)
        defer { engine.buildProcesses.remove(name) }
        let snapshot = prepared
        let (process, resources, stubs): (RunningProcess, HostResources, MountStubs)
        do {
            let losses = engine.supervisor.losses
            (process, resources, stubs) = try await engine.supervisor.retrying {
                try launch(snapshot, folder, below, mounts, name)
            }
            await entry.began(process)
            if engine.supervisor.losses != losses { await engine.handOver(entry) }
        } catch {
            throw startFailure(EngineError(anyStart: error))
        }
        let status = try await follow(process, entry, resources, name)
        // Agents answer until here.
        withExtendedLifetime(mounts) {}
        if status.code != 0 {
            let command = step.arguments.joined(separator: " ")
            var failure = BuildFailure(
                "process \"\(command)\" did not complete successfully: exit code: \(status.code)",
                exitStatus: status.code,
                lines: status.lines
            )
            failure.command = command
            throw failure
        }
        let latest = session.epoch
        return try await BlockingCall.run {
            let upper = try Descriptor.open(folder.upper, O_RDONLY | O_DIRECTORY)
            let ignored = try stubs.left(in: upper).union(FilesystemChange.madeByBuilder)
            let maker = LayerMaker(upper: folder.upper, layers: below, ignored: ignored, latest: latest)
            var layer = try maker.make(in: images)
            // The next step must not find what is not in the layer.
            let isWhole = try ignored.allSatisfy { try !Self.has($0, in: upper) }
            if isWhole { layer.folder = place.written }
            return layer
        }
    }

    /// Whether a program has written something at a path or made a link of what leads there, if only that it is removed.
    private static func has(_ path: FilePath, in upper: borrowing Descriptor) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try upper.open(path, OpenFlags.pathOnly | O_NOFOLLOW)
            return true
        } catch {
            switch error.number {
            case ENOENT, ENOTDIR: return false
            case ELOOP: return true
            default: throw error
            }
        }
    }

    private func startFailure(_ error: EngineError) -> BuildFailure {
        let code = error.code.runExitStatus
        return BuildFailure(
            "process \"\(step.arguments.joined(separator: " "))\" could not be started: \(error.message)",
            exitStatus: code == 125 ? nil : code
        )
    }

    /// Starts it, in calls that wait in the kernel.
    private func launch(
        _ snapshot: ContainerSnapshot,
        _ folder: ContainerFolder,
        _ below: [SharedDescriptor],
        _ mounts: RunMounts,
        _ name: String
    ) throws -> (RunningProcess, HostResources, MountStubs) {
        let root = try folder.mountRoot(on: below, below: engine.base.mountPointsInBuilds)
        let stubs = try MountStubs(for: mounts.requested.map(\.destination), in: root)
        var context = SpecificationBuilder.Context()
        context.host = .current()
        context.places = ContainerFiles.placesInBuilds
        context.volumes = mounts.descriptors.mapValues(\.number)
        var container = try SpecificationBuilder.specification(of: snapshot, context)
        try container.files?.write(to: Descriptor.open(folder.path, O_RDONLY | O_DIRECTORY))
        try container.complete(with: root)
        let resources = try HostResources.prepare(
            for: container.runtime,
            named: name,
            in: engine.trees,
            profile: container.seccomp.profile,
            filters: engine.filters
        )
        do {
            var request = LaunchRequest(container.runtime)
            request.name = name
            request.root = root.number
            let pipes = try StandardPipes(hasTerminal: false, input: false, output: true, errors: true)
            request.streams = pipes.streams
            let gate = try Pipe()
            request.gate = gate.reader.number
            let starting = try resources.create(request, by: engine.supervisor)
            let own = pipes.keepOwnEnds()
            do {
                if NetworkMode(snapshot.definition.request.hostConfig.networkMode).isPrivate {
                    try Loopback.bringUp(inNetworkOf: starting.pidfd)
                    try engine.networks.connect(snapshot.id, starting.pidfd)
                }
                try gate.writer.write([0])
            } catch {
                try? starting.abandon()
                engine.supervisor.forget(name)
                throw error
            }
            let process = RunningProcess(named: name, try starting.waitUntilRunning(), own) {}
            return (process, resources, stubs)
        } catch {
            try? resources.killAll()
            try? resources.remove()
            throw error
        }
    }

    /// Passes its output on until it ends.
    private func follow(
        _ process: RunningProcess,
        _ entry: BuildProcesses.Entry,
        _ resources: HostResources,
        _ name: String
    ) async throws -> (code: Int32, lines: [String]) {
        let tail = await withTaskCancellationHandler {
            await pass(ExecOutput(process, until: entry.status))
        } onCancel: {
            // Whoever waits for it has gone, or another step has failed.
            _ = try? process.signal(SIGKILL)
        }
        if Task.isCancelled { _ = try? process.signal(SIGKILL) }
        // Its end is told to nobody who was cancelled, and is needed all the same.
        let news = try await Task { try await entry.end.value() }.value
        try await BlockingCall.run {
            try resources.killAll()
            try resources.remove()
        }
        engine.supervisor.forget(name)
        try Task.checkCancellation()
        if let failure = news.failure {
            throw startFailure(
                EngineError(
                    starting: .exec(SystemError("execve", failure, on: step.arguments.first ?? ""))
                )
            )
        }
        return (news.end?.status ?? ContainerUnit.unknownStatus, tail)
    }

    /// Passes output on, line by line; the last lines come back.
    private func pass(_ output: ExecOutput) async -> [String] {
        var last: [String] = []
        var open: [EngineAPI.StandardStream: [UInt8]] = [:]
        func send(_ bytes: [UInt8], _ stream: EngineAPI.StandardStream) async {
            let text = String(decoding: bytes, as: UTF8.self)
            await report(text, stream == .errors)
            // Not as characters, of which `\r\n` is one; of a line that was written over, the last state counts.
            last += text.unicodeScalars.split(separator: "\n").compactMap { line in
                line.split(separator: "\r").last.map { String($0.prefix(1024)) }
            }
            if last.count > Self.lineCount { last.removeFirst(last.count - Self.lineCount) }
        }
        while let piece = try? await output.next() {
            var bytes = open.removeValue(forKey: piece.stream) ?? []
            bytes += piece.bytes
            // What has no line end yet waits for it, but for progress bars and their like.
            if let end = bytes.lastIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
                await send(Array(bytes[...end]), piece.stream)
                bytes.removeFirst(end + 1)
            }
            if bytes.count > 64 << 10 {
                await send(bytes, piece.stream)
                bytes = []
            }
            if !bytes.isEmpty { open[piece.stream] = bytes }
        }
        for stream in [EngineAPI.StandardStream.output, .errors] {
            if let rest = open[stream] { await send(rest + [0x0A], stream) }
        }
        return last
    }
}
