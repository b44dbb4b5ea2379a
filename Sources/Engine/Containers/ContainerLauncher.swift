// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import JSONTree
import Linux
import Logs
import Networks
import OCI
import Runtime
import Seccomp

/// Starts a container: everything from its folder to its running program, in calls that wait in the kernel.
struct ContainerLauncher: Sendable {
    let snapshot: ContainerSnapshot
    /// The roots of the layers of the image, from the base to the top.
    let layers: [SharedDescriptor]
    /// What is below them.
    let base: BaseLayer
    /// The root file system of the run before.
    let formerRoot: RootMount?
    /// What the supervisor is to call the first process.
    let processName: String
    /// The size of the terminal, where there is one.
    let terminalSize: TerminalSize?
    /// The containers whose namespaces this one joins, by the references of its request.
    let joined: [String: JoinedRun]
    /// The volumes, by their places in the container.
    let volumes: [String: SharedDescriptor]
    let trees: ControlGroupHierarchies
    let filters: SeccompFilterCache
    let supervisor: SupervisorSlot
    let networks: HostNetworks
    let streams: RunStreams

    /// Starts it.
    ///
    /// - Parameter commit: Called with the number of the process when all but the program is in place: what it writes down
    ///   is there before the program can do anything.
    /// - Returns: The run.
    /// - Throws: Why there is none; nothing of it is left.
    func launch(_ commit: (Int32) throws -> Void) throws -> ContainerRun {
        let folder = snapshot.folder
        try folder.prepare()
        let memory = try makeSharedMemory()
        let prepared = try prepare(folder, memory)
        formerRoot?.letGo()
        let root = SharedDescriptor(try folder.mountRoot(on: layers, base))
        var container = prepared
        try container.complete(with: root.descriptor)
        try write(container.runtime, to: folder.specification)
        let resources = try HostResources.prepare(
            for: container.runtime,
            named: snapshot.id.description,
            in: trees,
            profile: container.seccomp.profile,
            filters: filters
        )
        do {
            var request = LaunchRequest(container.runtime)
            request.name = processName
            request.root = root.number
            request.hasInit = container.hasInit
            let process = try start(&request, on: resources, memory, commit)
            return ContainerRun(
                process: process,
                root: RootMount(root),
                resources: resources,
                specification: container.runtime,
                sharedMemory: memory,
                streams: streams
            )
        } catch {
            // Where this fails as well, the engine finds the group when it starts the next time.
            try? resources.killAll()
            try? resources.remove()
            throw error
        }
    }

    /// Makes the specification, and what it needs on the host.
    private func prepare(
        _ folder: ContainerFolder,
        _ memory: SharedDescriptor?
    ) throws -> ContainerSpecification {
        var context = SpecificationBuilder.Context()
        context.host = .current()
        context.sharedMemory = memory?.number
        context.volumes = volumes.mapValues(\.number)
        context.joined = try joined.mapValues { run throws(EngineError) in
            try JoinedContainer(run.snapshot, sharedMemory: run.memory?.number)
        }
        var container = try SpecificationBuilder.specification(of: snapshot, context)
        if let terminalSize { container.runtime.process?.consoleSize = terminalSize.consoleSize }
        try container.makeSources()
        try container.files?.write(to: Descriptor.open(folder.path, O_RDONLY | O_DIRECTORY))
        return container
    }

    /// The memory that other containers may share, where that is asked for.
    private func makeSharedMemory() throws -> SharedDescriptor? {
        let host = snapshot.definition.request.hostConfig
        guard host.ipcMode == "shareable" else { return nil }
        return SharedDescriptor(try SharedMemory.make(size: host.shmSize))
    }

    /// Launches the process, has its output kept, and lets it go on.
    private func start(
        _ request: inout LaunchRequest,
        on resources: HostResources,
        _ memory: SharedDescriptor?,
        _ commit: (Int32) throws -> Void
    ) throws -> RunningProcess {
        let host = snapshot.definition.request.hostConfig
        let log = LogPlace(snapshot.folder.log, try LogSettings(host.logConfig))
        let pipes = try StandardPipes(for: snapshot.definition.request.config)
        request.streams = pipes.streams
        let gate = try Pipe()
        request.gate = gate.reader.number
        let slot = networks.takeSlot(of: snapshot.id)
        request.network = slot?.number
        let starting = try resources.create(request, by: supervisor)
        let pid = starting.pid
        let own = pipes.keepOwnEnds()
        do {
            let terminal = SharedDescriptor(try starting.duplicateTerminal())
            try entrust(own, terminal, memory, log)
            if NetworkMode(host.networkMode).isPrivate {
                if slot == nil { try Loopback.bringUp(inNetworkOf: starting.pidfd) }
                try networks.connect(snapshot.id, starting.pidfd, in: slot)
                try networks.lastingSockets(of: snapshot.id).entrust(to: supervisor.current, for: processName)
            }
            try commit(pid)
            try gate.writer.write([0])
        } catch {
            try? starting.abandon()
            supervisor.forget(processName)
            throw error
        }
        let process = try starting.waitUntilRunning()
        return RunningProcess(named: processName, process, own) { [processName, supervisor] in
            supervisor.releaseInput(of: processName)
        }
    }

    /// Has the supervisor hold what must outlive the engine, and write the log.
    private func entrust(
        _ own: StandardPipes.OwnEnds,
        _ terminal: SharedDescriptor?,
        _ memory: SharedDescriptor?,
        _ log: LogPlace
    ) throws {
        let holder = supervisor.current
        if let memory { try holder.hold(memory.descriptor, as: RunningProcess.HeldTag.memory, for: processName) }
        if let input = own.input {
            try holder.hold(input.descriptor, as: RunningProcess.HeldTag.input, for: processName)
        }
        try RunningProcess.keep(
            processName,
            terminal: terminal,
            output: own.output,
            errors: own.errors,
            relays: own.relays,
            by: holder,
            log
        )
    }

    /// Writes the specification down for an engine that takes the container over.
    private func write(_ specification: RuntimeSpec, to path: String) throws {
        let bytes = try JSON.encode(specification)
        let temporary = path + ".new"
        let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        try file.write(bytes)
        // Whoever reads it finds all of it or none.
        if rename(temporary, path) != 0 { throw SystemError("rename", errno, on: temporary) }
    }
}

/// The size of a terminal in characters.
struct TerminalSize: Equatable, Sendable {
    var rows: UInt16
    var columns: UInt16

    init(rows: UInt16, columns: UInt16) {
        (self.rows, self.columns) = (rows, columns)
    }

    /// Reads the rows and columns of a request; nil where they say nothing.
    init?(_ consoleSize: [UInt32]?) {
        guard let consoleSize, consoleSize.count == 2, consoleSize != [0, 0] else { return nil }
        self.init(rows: UInt16(clamping: consoleSize[0]), columns: UInt16(clamping: consoleSize[1]))
    }

    var consoleSize: RuntimeSpec.ConsoleSize { RuntimeSpec.ConsoleSize(height: UInt(rows), width: UInt(columns)) }
}

/// A container that runs and whose namespaces another one joins.
struct JoinedRun: Sendable {
    var snapshot: ContainerSnapshot
    /// The memory that it shares.
    var memory: SharedDescriptor?
}
