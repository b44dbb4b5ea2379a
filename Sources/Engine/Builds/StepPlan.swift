// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux
import OCI
import Runtime

/// A step whose inputs are there: its key, and how it is done.
struct StepPlan: Sendable {
    /// What its layer lies upon.
    let below: BuildTree
    let key: StepKey
    private let session: BuildSession
    private let step: BuildStep
    private let dependencies: [StepID: StepResult]
    private let sources: StepSources

    /// Finds out what a step depends on.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - dependencies: What the steps have made that it depends on.
    ///   - session: The build.
    /// - Throws: What is not there, or cannot be read.
    init(_ step: BuildStep, _ dependencies: [StepID: StepResult], _ session: BuildSession) async throws {
        (self.step, self.session, self.dependencies) = (step, session, dependencies)
        guard let inputs = step.cacheInputs else {
            throw EngineError(.failed, "the step `\(step.text)` cannot be done")
        }
        below = try await session.tree(of: step.below)
        var trees: [String] = []
        for id in inputs.trees { trees.append(try await session.tree(of: id).identity) }
        let items = step.copiedItems
        sources = try await BlockingCall.run { try StepSources(inputs.contents, items, dependencies, session) }
        var surroundings: [CacheRecord.Part] = []
        if let epoch = session.epoch { surroundings.append(CacheRecord.Part("SOURCE_DATE_EPOCH", "\(epoch.seconds)")) }
        // Otherwise the files count by which names of users are looked up.
        if step.isLinked, let owner = try await Self.owner(of: step, in: below, session) {
            surroundings.append(CacheRecord.Part("owner", "\(owner.uid):\(owner.gid)"))
        }
        if case .run(let run) = step.operation { surroundings += session.request.surroundings(of: run) }
        key = StepKey(inputs, trees: trees, contents: sources.digests, surroundings)
    }

    /// Whose the files of a copy or a folder are; nil for nobody's in particular.
    private static func owner(
        of step: BuildStep,
        in base: BuildTree,
        _ session: BuildSession
    ) async throws -> FileOwner? {
        guard let text = step.ownerText else { return nil }
        return try await BlockingCall.run { try FileOwner(text, in: base, session) }
    }

    /// Does the step.
    ///
    /// - Parameter told: Gets what its program writes.
    /// - Returns: The layer, pinned once.
    /// - Throws: Why it has failed.
    func execute(_ told: BuildProgress.Step) async throws -> MadeLayer {
        let owner = try await Self.owner(of: step, in: below, session)
        switch step.operation {
        case .run(let run):
            return try await RunExecution(
                engine: session.engine,
                session: session,
                step: run,
                base: below,
                sources: dependencies
            ) { text, isError in await told.write(text, isError: isError) }.run()
        case .copy(let copy):
            let base = copy.isLinked ? BuildTree() : below
            var execution = CopyExecution(session: session, step: copy, base: base, owner: owner)
            execution.precedesProgram = session.precedesProgram(step)
            let sources = sources
            return try await BlockingCall.run { [execution] in try execution.run(try sources.files()) }
        case .makeFolder(let folder):
            let execution = CopyExecution(session: session, step: .all, base: below, owner: owner)
            return try await BlockingCall.run { try execution.make(folder.path) }
        case .source, .metadata: throw EngineError(.failed, "the step `\(step.text)` cannot be done")
        }
    }
}

extension BuildStep {
    /// The step whose files the result lies upon.
    var below: StepID? {
        switch operation {
        case .run(let step): step.base
        case .copy(let step): step.below
        case .makeFolder(let step): step.base
        case .source, .metadata: nil
        }
    }

    fileprivate var copiedItems: [CopyStep.Item] {
        if case .copy(let step) = operation { step.sources } else { [] }
    }

    /// Whether it is made upon nothing, and then put upon the files below.
    var isLinked: Bool { if case .copy(let step) = operation { step.isLinked } else { false } }

    /// Whose files are made, as it is written; nil for nobody's in particular.
    fileprivate var ownerText: String? {
        switch operation {
        case .copy(let step): step.owner
        case .makeFolder(let step): step.owner.isEmpty ? nil : step.owner
        case .run, .source, .metadata: nil
        }
    }
}

extension ImageBuildRequest {
    /// What of the build as a whole a program can tell.
    fileprivate func surroundings(of step: RunStep) -> [CacheRecord.Part] {
        var parts: [CacheRecord.Part] = []
        if step.network == .default, let network, network != "default" {
            parts.append(CacheRecord.Part("network of the build", network))
        }
        if let sharedMemory { parts.append(CacheRecord.Part("size of /dev/shm", "\(sharedMemory)")) }
        for limit in limits {
            parts.append(CacheRecord.Part("limit \(limit.name)", "\(limit.soft):\(limit.hard)"))
        }
        return parts
    }
}

/// Whose files are, in numbers.
struct FileOwner: Hashable, Sendable {
    var uid: UInt32
    var gid: UInt32

    /// Reads `user[:group]`, names by the files of a tree.
    ///
    /// A number alone is that of the group as well.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - tree: Where users and groups are looked up.
    ///   - session: The build.
    /// - Throws: `badParameter` for a user or group that is not there.
    init(_ text: String, in tree: BuildTree, _ session: BuildSession) throws {
        let root = try tree.open(in: session)
        let user = try ContainerUser.resolve(text, [], in: root.root.descriptor).user
        (uid, gid) = (user.uid, user.gid)
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            gid = uid
        }
    }
}

extension BuildTree {
    /// Opens the files, which are unpacked where they are not yet.
    ///
    /// - Parameter session: The build.
    /// - Returns: The files, to be read only.
    /// - Throws: What is wrong with a layer.
    func open(in session: BuildSession) throws -> SourceTree {
        let engine = session.engine
        let roots = try session.fresh.roots(of: self, in: engine.images)
        let mount = SharedDescriptor(try ContainerFolder.mountImage(of: roots, below: engine.base.empty))
        let root = try mount.descriptor.open(".", O_RDONLY | O_DIRECTORY, resolution: .beneath)
        // In a mount that is gone openat2(2) finds nothing behind a link with `..`, however often it tries.
        let lasting = SharedDescriptor(root, upon: mount)
        return SourceTree(root: lasting, name: "the files of the stage", keepsOwners: true)
    }
}
