// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import JSONTree
import Linux
import Store

/// What a volume is to be: fixed at its creation.
struct VolumeDefinition: Codable, Equatable, Sendable {
    /// The options of the driver `local`.
    var options: [String: String]?
    var labels: [String: String]?
}

/// One volume: what it is to be, and everything that is done to it.
///
/// Whatever takes several steps runs behind a gate, one at a time. A step that changes the records does so before the one on
/// the disk that cannot be taken back.
actor VolumeUnit {
    nonisolated let name: String
    nonisolated let created: Timestamp
    nonisolated let definition: VolumeDefinition
    nonisolated let folder: VolumeFolder
    unowned nonisolated let engine: Engine
    private let gate = SerialGate()

    private var phase: VolumeRecord.Phase
    /// Whether it has its record.
    private(set) var isRecorded: Bool
    private var isGone = false
    /// The containers that run with it.
    private var users: Set<ObjectID> = []

    /// A volume that is to be made.
    init(_ name: String, _ definition: VolumeDefinition, in engine: Engine) {
        self.name = name
        self.definition = definition
        self.engine = engine
        created = .now
        phase = .new
        isRecorded = false
        folder = VolumeFolder(path: "\(engine.location.volumes)/\(name)")
    }

    /// A volume of a record.
    init(_ record: VolumeRecord, _ definition: VolumeDefinition, in engine: Engine) {
        name = record.name
        self.definition = definition
        self.engine = engine
        created = Timestamp(record.created)
        phase = record.phase
        isRecorded = true
        folder = VolumeFolder(path: "\(engine.location.volumes)/\(record.name)")
    }

    // MARK: Looking

    /// How lists and inspections tell it.
    nonisolated var volume: Volume {
        var volume = Volume()
        volume.name = name
        volume.driver = "local"
        volume.created = Timestamp(seconds: created.seconds)
        volume.labels = definition.labels
        volume.mountpoint = folder.data
        volume.options = definition.options
        return volume
    }

    /// Whether nobody gave it a name.
    nonisolated var isAnonymous: Bool { definition.labels?[Volume.anonymousLabel] != nil }

    private var mount: LocalVolumeMount? {
        get throws(EngineError) {
            do {
                return try LocalVolumeMount(definition.options ?? [:])
            } catch {
                throw EngineError(
                    .failed,
                    "the record of the volume \(name) has options that make no sense: \(error.text)"
                )
            }
        }
    }

    // MARK: Making

    /// Writes it down and makes its folder, unless that was done.
    ///
    /// - Returns: Whether it is there; false where it was removed meanwhile, and is to be looked for again.
    func make() async throws -> Bool {
        try await gate.run {
            if isGone { return false }
            if phase == .removing {
                try await finishRemoval()
                return false
            }
            do {
                if !isRecorded { try record() }
                let folder = folder
                try await BlockingCall.run { try folder.prepare() }
            } catch {
                if !isRecorded {
                    isGone = true
                    engine.volumes.remove(self)
                }
                throw EngineError(.failed, "cannot make the volume \(name): \(error)")
            }
            return true
        }
    }

    private func record() throws {
        let record = VolumeRecord(
            name: name,
            created: UnixTime(created),
            configuration: try JSON.encode(definition)
        )
        // It outlives the machine before anybody puts data there.
        try engine.hub.publish("volume", "create", id: name, attributes: ["driver": "local"], durability: .machine) {
            try $0.add(record)
        }
        isRecorded = true
    }

    /// Gives a new and empty volume what the image of a container has at its place.
    ///
    /// A volume that a container had mounted before is never written to, whether it has anything or not.
    ///
    /// - Parameters:
    ///   - owners: How owners are mapped where the container has it mounted; nil for not at all.
    ///   - open: Opens the directory of the image for its place only; nil where there is none.
    /// - Throws: Why it could not be copied; the volume is as it was.
    func fill(_ owners: OwnerMap?, _ open: @escaping @Sendable () throws -> Descriptor?) async throws {
        try await gate.run {
            guard isFillable, !isGone else { return }
            let (folder, mount, isInUse) = (folder, try mount, !users.isEmpty)
            let isFilled: Bool
            do {
                isFilled = try await BlockingCall.run {
                    guard let source = try open() else { return false }
                    guard let mount else {
                        try folder.fill(from: source, owners)
                        return true
                    }
                    try folder.cover(with: mount)
                    defer { if !isInUse { try? folder.uncover() } }
                    try folder.fillMounted(from: source)
                    return true
                }
            } catch let error as SystemError {
                throw EngineError(.failed, "cannot copy what the image has into the volume \(name): \(error)")
            }
            if isFilled { try setPhase(.used) }
        }
    }

    /// Whether ``fill(_:)`` would do anything: what is in memory is gone before anybody sees it.
    var isFillable: Bool { phase == .new && !["tmpfs", "ramfs"].contains(definition.options?["type"]) }

    private func setPhase(_ new: VolumeRecord.Phase) throws {
        let name = name
        try engine.store.write(.process) { try $0.setPhase(ofVolume: name, to: new) }
        phase = new
    }

    // MARK: Mounting

    /// Has it ready for a container, which holds it until ``release(by:)``.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - subpath: The part of it that the container gets; empty for all of it.
    ///   - owners: How owners are mapped in the container; nil for not at all.
    /// - Returns: The directory or file to be mounted, open for its place only.
    /// - Throws: Why there is none.
    func open(for id: ObjectID, subpath: String, owners: OwnerMap? = nil) async throws -> SharedDescriptor {
        try await gate.run {
            if isGone || !isRecorded { throw EngineError.noSuchVolume(name) }
            let (folder, name, mount) = (folder, name, try mount)
            let given = phase == .new && mount == nil ? owners : nil
            let opened: SharedDescriptor
            do {
                opened = try await BlockingCall.run {
                    try folder.prepare()
                    if let mount { try folder.cover(with: mount) }
                    let data = try folder.openData()
                    // Root of the container could not even write to what belongs to that of the host.
                    if let given {
                        let status = try data.status()
                        if (status.uid, status.gid) == (0, 0) {
                            try data.setOwner(uid: given.hostUser(0), gid: given.hostGroup(0))
                        }
                    }
                    if subpath.isEmpty { return SharedDescriptor(data) }
                    // No link of a container's making leads out.
                    return SharedDescriptor(try data.open(subpath, OpenFlags.pathOnly, resolution: .beneath))
                }
            } catch let error as SystemError {
                let action = subpath.isEmpty ? "mount the volume \(name)" : "use `\(subpath)` of the volume \(name)"
                if users.isEmpty { try? folder.uncover() }
                throw EngineError(.failed, Self.text(of: error, action, definition.options))
            }
            if phase == .new { try setPhase(.used) }
            users.insert(id)
            return opened
        }
    }

    private static func text(of error: SystemError, _ action: String, _ options: [String: String]?) -> String {
        if error.number == EXDEV {
            return "cannot \(action): it leads out of the volume (\(error)); a subpath stays inside, also over links"
        }
        guard let options, !options.isEmpty else { return "cannot \(action): \(error)" }
        let words = options.sorted { $0.key < $1.key }.map { "\($0.key)=\(LocalVolumeMount.shown($0.value))" }
        let reason =
            switch (error.call, error.number) {
            case ("fsopen", ENODEV):
                "the kernel has no file system \(error.subject) (\(error)); load its module, or use another type"
            case ("getaddrinfo", _):
                "the host \(error.subject) of the option `addr` has no address that anybody knows; check its name"
            default: "\(error)"
            }
        let all = words.joined(separator: " ")
        return "cannot \(action): failed to mount local volume with the options \(all): \(reason)"
    }

    /// Notes that a container runs with it, as the engine before has left it.
    func adopt(_ id: ObjectID) {
        users.insert(id)
    }

    /// Lets it go; with the last container, what its options have mounted goes as well.
    func release(by id: ObjectID) async {
        do {
            try await gate.run {
                users.remove(id)
                try await uncoverIfUnused()
            }
        } catch {
            engine.report("cannot unmount the volume \(name)", error)
        }
    }

    private func uncoverIfUnused() async throws {
        guard users.isEmpty, !isGone, !(definition.options?.isEmpty ?? true) else { return }
        let folder = folder
        try await BlockingCall.run { try folder.uncover() }
    }

    // MARK: Removing

    /// Removes it with its data.
    ///
    /// - Throws: `conflict` with the containers that use it.
    func remove() async throws {
        try await gate.run {
            if isGone || !isRecorded { throw EngineError.noSuchVolume(name) }
            let users = engine.volumes.users(of: name)
            if !users.isEmpty { throw EngineError.volumeInUse(name, by: users) }
            try await finishRemoval()
        }
    }

    /// Removes it where the record says that this was begun, unless a container came to need it meanwhile.
    func continueRemoval() async throws {
        try await gate.run {
            if isGone { return }
            if engine.volumes.users(of: name).isEmpty { return try await finishRemoval() }
            try setPhase(.used)
        }
    }

    /// The caller has the gate.
    private func finishRemoval() async throws {
        // On a full disk nothing can be written down before there is room: that is what it is removed for.
        let isWritten = phase == .removing || (try? setPhase(.removing)) != nil
        phase = .removing
        let (folder, trash) = (folder, engine.trash)
        do {
            try await BlockingCall.run {
                try folder.discard(to: trash.path, as: VolumeName.random())
                if !isWritten { trash.emptyNow() }
            }
        } catch {
            throw EngineError(.failed, "remove \(name): cannot take away the folder of the volume: \(error)")
        }
        trash.empty()
        let name = name
        try engine.hub.publish("volume", "destroy", id: name, attributes: ["driver": "local"]) {
            try $0.removeVolume(name)
        }
        isGone = true
        engine.volumes.remove(self)
    }

    /// Does what the engine before had no time for.
    ///
    /// - Throws: What is in the way; it is tried again when the engine starts the next time.
    func takeOver() async throws {
        if phase == .removing { return try await continueRemoval() }
        try await gate.run {
            let folder = folder
            try await BlockingCall.run { try folder.prepare() }
            try await uncoverIfUnused()
        }
    }
}
