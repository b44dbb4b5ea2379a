// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import JSONTree
import Linux
import OCI
import Runtime
import Store

/// One container: what it is to be, what became of it, and everything that is done to it.
///
/// Whatever takes several steps runs behind a gate, one at a time, since the actor takes up other work at each `await`.
/// A step that changes the state writes it down before anybody hears of it.
actor ContainerUnit: HandedOver {
    nonisolated let id: ObjectID
    nonisolated let created: Timestamp
    unowned nonisolated let engine: Engine
    nonisolated let folder: ContainerFolder
    let gate = SerialGate()

    private(set) var name: ContainerName
    private(set) var definition: ContainerDefinition
    var state: ContainerRecord.State
    var details: ContainerDetails
    /// The run, while the container has processes.
    var run: ContainerRun?
    /// The root file system of the last run, which is let go of before there is another mount of it.
    var formerRoot: RootMount?
    /// Kept at the end of the run, or of the next one.
    var nextExit = Promise<ContainerWaitResponse>()
    /// Kept when the container is gone.
    let removal = Promise<ContainerWaitResponse>()
    /// Of the run, or of the next one.
    var streams = RunStreams()
    var terminalSize: TerminalSize?
    /// Kept to call off a restart that is due.
    var restartCall: Promise<Void>?
    /// How often it was restarted in a row without having run for long.
    var pauses = 0
    /// The execs that run.
    var execs: Set<ObjectID> = []
    /// What probes it, now or for the last time.
    var healthMonitor: HealthMonitor?
    /// The probe that runs.
    var probe: HealthProbe?
    /// Kept with the next change of its health, its start or its end.
    var healthChange = Promise<Void>()
    /// The process whose end is not written down yet: the supervisor still has its status.
    var unrecordedEnd: String?

    init(
        _ record: ContainerRecord,
        id: ObjectID,
        name: ContainerName,
        definition: ContainerDefinition,
        in engine: Engine
    ) {
        self.id = id
        self.name = name
        self.definition = definition
        self.engine = engine
        created = Timestamp(record.created)
        state = record.state
        details =
            record.state.details.flatMap { try? JSON.decode(ContainerDetails.self, from: $0) }
            ?? ContainerDetails()
        folder = ContainerFolder(
            path: "\(engine.location.containers)/\(id)",
            endsWithMachine: definition.request.hostConfig.autoRemove
        )
        terminalSize = TerminalSize(definition.request.hostConfig.consoleSize)
    }

    // MARK: Looking

    /// Whether its processes exist.
    var isRunning: Bool { state.phase == .running || state.phase == .paused }

    /// Whether the engine has something to do for it without being asked.
    var isActive: Bool { isRunning || state.phase == .restarting || !execs.isEmpty }

    var snapshot: ContainerSnapshot {
        ContainerSnapshot(
            id: id,
            name: name,
            created: created,
            definition: definition,
            state: state,
            details: details,
            execs: execs.sorted { $0.description < $1.description },
            folder: folder,
            volumesFolder: engine.location.volumes
        )
    }

    /// What becomes of its output.
    var logSettings: LogSettings {
        get throws { try LogSettings(definition.request.hostConfig.logConfig) }
    }

    /// Where its output is kept.
    func logPlace() throws -> LogPlace { LogPlace(folder.log, try logSettings) }

    // MARK: Writing down

    /// Writes the state down.
    func persist() throws {
        state.details = try JSON.encode(details)
        let state = state
        let id = id.description
        try engine.store.write(.process) { try $0.setState(of: id, to: state) }
        forgetProcess()
    }

    /// Writes the state down where that is possible: a full disk must keep nobody from ending what has filled it.
    func persistIfPossible() {
        do { try persist() } catch { engine.report("cannot write down the state of the container \(name)", error) }
    }

    /// Has the supervisor forget the process whose end is known for good.
    func forgetProcess() {
        if let name = unrecordedEnd.take() { engine.supervisor.forget(name) }
    }

    /// Writes the state down and tells of the change: whenever this engine dies, either both are done or neither.
    func persist(telling action: String, _ attributes: [String: String] = [:]) throws {
        state.details = try JSON.encode(details)
        let (state, id) = (state, id.description)
        try change(telling: action, attributes) { try $0.setState(of: id, to: state) }
        forgetProcess()
    }

    /// Changes the records and tells of it, in one step.
    func change(
        telling action: String,
        _ attributes: [String: String] = [:],
        _ change: (StoreWriter) throws -> Void
    ) throws {
        let all = self.attributes(with: attributes)
        try engine.hub.publish("container", action, id: id.description, attributes: all, with: change)
    }

    /// Tells of something that happened to the container.
    ///
    /// - Parameters:
    ///   - action: What.
    ///   - attributes: What the action adds to the labels, the name and the image.
    ///   - isKept: Whether those who ask for events of the past are told as well.
    func publish(_ action: String, _ attributes: [String: String] = [:], isKept: Bool = true) {
        let all = self.attributes(with: attributes)
        engine.hub.publish("container", action, id: id.description, attributes: all, isKept: isKept)
    }

    /// What an event tells of the container, with what the action adds.
    private func attributes(with added: [String: String]) -> [String: String] {
        var all = definition.request.config.labels ?? [:]
        all["image"] = definition.request.config.image
        all["name"] = name.description
        return all.merging(added) { $1 }
    }

    // MARK: Changes without processes

    /// Takes up other networks, which are written down.
    func setNetworks(_ changed: ContainerDefinition) throws {
        definition.networks = changed.networks
        state.details = try JSON.encode(details)
    }

    /// Tells of its creation, now that everything of it is there.
    func noteCreation() throws {
        details.isBeingMade = nil
        try persist(telling: "create")
    }

    /// Gives it another name.
    func rename(to newName: ContainerName) async throws {
        try await gate.run {
            let old = name
            if newName == old {
                throw EngineError(.badParameter, "Renaming a container with the same name as its current name")
            }
            try engine.containers.rename(id, from: old.description, to: newName.description)
            do {
                let id = id.description
                try engine.store.write(.machine) { try $0.rename(id, to: newName.description) }
            } catch {
                try? engine.containers.rename(self.id, from: newName.description, to: old.description)
                throw error
            }
            name = newName
            renameInNetworks()
            publish("rename", ["oldName": old.slashed])
        }
    }

    /// Changes limits and the restart policy.
    ///
    /// - Parameter request: What changes; zero stays as it is.
    /// - Returns: What is not done as asked.
    /// - Throws: `badParameter` with the field, or what the kernel refuses.
    func update(_ request: ContainerUpdateRequest) async throws -> [String] {
        try await gate.run {
            let settled = try RequestChecker.settle(request, of: definition.request.hostConfig, on: engine.machine)
            var changed = definition
            changed.request.hostConfig = settled.host
            if let run {
                let resources = try RuntimeSpec.Resources(changed: settled.host.resources)
                do {
                    try await BlockingCall.run { try run.resources.update(resources) }
                } catch {
                    throw EngineError(anyStart: error)
                }
            }
            let bytes = try JSON.encode(changed)
            let id = id.description
            try engine.store.write(.machine) { try $0.setConfiguration(of: id, to: bytes) }
            definition = changed
            publish("update")
            return settled.warnings
        }
    }

    /// Takes what can be changed while it is: limits, the restart policy, how it is stopped, and the labels of its project.
    ///
    /// - Parameters:
    ///   - wanted: The request by which it would be made now.
    ///   - membership: What it is compared with from now on.
    /// - Throws: `badParameter` with the field, or what the kernel refuses.
    func adjust(to wanted: ContainerCreateRequest, _ membership: ProjectMembership) async throws {
        try await gate.run {
            var changed = definition
            var host = changed.request.hostConfig
            let devices = (host.resources.devices, host.resources.deviceCgroupRules, host.resources.ulimits)
            let before = host.resources
            host.resources = wanted.normalized().hostConfig.resources
            host.resources.completeSwap(on: engine.machine)
            (host.resources.devices, host.resources.deviceCgroupRules, host.resources.ulimits) = devices
            host.restartPolicy = wanted.hostConfig.restartPolicy
            changed.request.hostConfig = host
            changed.request.config.stopSignal = await stopSignal(for: wanted)
            changed.request.config.stopTimeout = wanted.config.stopTimeout
            let own = (wanted.config.labels ?? [:]).filter { $0.key.hasPrefix(ProjectLabel.prefix) }
            changed.request.config.labels = (changed.request.config.labels ?? [:]).merging(own) { $1 }
            changed.membership = membership
            changed.membership?.lacksHooks = definition.membership?.lacksHooks
            if let run, host.resources != before {
                var resources = try RuntimeSpec.Resources(changed: host.resources)
                resources.lift(whatIsGoneFrom: before, to: host.resources)
                do {
                    try await BlockingCall.run { [resources] in try run.resources.update(resources) }
                } catch {
                    throw EngineError(anyStart: error)
                }
            }
            let (bytes, id) = (try JSON.encode(changed), id.description)
            try engine.store.write(.machine) { try $0.setConfiguration(of: id, to: bytes) }
            definition = changed
            publish("update")
        }
    }

    /// The stop signal that a request asks for, which is that of the image where it asks for none.
    private func stopSignal(for wanted: ContainerCreateRequest) async -> String {
        guard wanted.config.stopSignal.isEmpty else { return wanted.config.stopSignal }
        let (images, image) = (engine.images, definition.image)
        let stored = try? await BlockingCall.run { try images.inspect(image) }
        return stored.map { $0.config.config?.stopSignal ?? "" } ?? definition.request.config.stopSignal
    }

    /// Writes down whether its `post_start` hooks have yet to come to their end, for a command that goes on with one that was cut off.
    func note(lacksHooks: Bool) async throws {
        try await gate.run {
            guard var membership = definition.membership, (membership.lacksHooks ?? false) != lacksHooks else { return }
            membership.lacksHooks = lacksHooks
            var changed = definition
            changed.membership = membership
            let (bytes, id) = (try JSON.encode(changed), id.description)
            try engine.store.write(.process) { try $0.setConfiguration(of: id, to: bytes) }
            definition = changed
        }
    }

    // MARK: Looking at its files

    /// Calls a function with its root file system: that of its processes, or its layers with its mounts where it does not run.
    ///
    /// - Parameter body: Gets the root, and what keeps the mounts in it, which it holds as long as it uses the root.
    /// - Returns: What `body` returned.
    /// - Throws: What `body` threw, or why there is no root.
    func withRoot<Value: Sendable>(
        _ body: @escaping @Sendable (borrowing Descriptor, ContainerSnapshot, SharedDescriptor?) throws -> Value
    ) async throws -> Value {
        try await gate.run {
            let (snapshot, run, folder, base, formerRoot) = (snapshot, run, folder, engine.base, formerRoot)
            if let run {
                return try await BlockingCall.run { try body(try run.openRoot(), snapshot, nil) }
            }
            let layers = try await engine.layerRoots(definition.layers)
            let volumes = try await engine.openStored(of: id, definition)
            let result: Result<Value, any Error>
            do {
                let value = try await BlockingCall.run {
                    try folder.prepare()
                    formerRoot?.letGo()
                    let root = SharedDescriptor(try folder.mountRoot(on: layers, base))
                    let mounts = snapshot.definition.allMounts
                    let hold = try RootMounts.attach(mounts, volumes, to: root, at: folder.path)
                    return try withExtendedLifetime(hold) { try body(root.descriptor, snapshot, hold) }
                }
                result = .success(value)
            } catch {
                result = .failure(error)
            }
            await engine.releaseVolumes(of: id, definition)
            return try result.get()
        }
    }
}
