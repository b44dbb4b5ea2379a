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
    /// The files of a copy, in the order of its sources.
    private let sources: [CopySource]
    /// Whose the files of a copy or a folder are.
    private let owner: FileOwner?

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
        let engine = session.engine
        let (base, items) = (below, step.copiedItems)
        let memo = engine.fileDigests
        let found = try await BlockingCall.run { () -> ([CopySource], [Digest], FileOwner?) in
            var opened: [StepID: SourceTree] = [:]
            var (sources, digests): ([CopySource], [Digest]) = ([], [])
            for content in inputs.contents {
                let tree = try opened[content.step] ?? Self.open(dependencies[content.step], engine)
                opened[content.step] = tree
                var selector = try FileSelector(in: tree, excluding: content.excluded)
                let path = content.path.hasPrefix("/") ? content.path : "/" + content.path
                let files = try selector.select(path, keepsParents: content.keepsParents)
                digests.append(try ContentDigest.of(files, in: tree, tree.keepsOwners ? nil : memo))
                sources.append(CopySource(item: nil, tree: tree, files: files))
            }
            // Those that stand in the Dockerfile have no tree, and those of a stage without any step an empty one.
            var rest = sources.makeIterator()
            let all = try items.map { item in
                if item.file != nil { return CopySource(item: item, tree: nil, files: []) }
                if item.step == nil {
                    let tree = try Self.open(nil, engine)
                    var selector = try FileSelector(in: tree, excluding: [])
                    return CopySource(
                        item: item,
                        tree: tree,
                        files: try selector.select(item.path, keepsParents: false)
                    )
                }
                let source = rest.next()
                return CopySource(item: item, tree: source?.tree, files: source?.files ?? [])
            }
            let owner = try step.ownerText.map { try FileOwner($0, in: base, engine) }
            return (all, digests, owner)
        }
        (sources, owner) = (found.0, found.2)
        var surroundings: [CacheRecord.Part] = []
        if let epoch = session.epoch { surroundings.append(CacheRecord.Part("SOURCE_DATE_EPOCH", "\(epoch.seconds)")) }
        if let owner, step.isLinked { surroundings.append(CacheRecord.Part("owner", "\(owner.uid):\(owner.gid)")) }
        if case .run(let run) = step.operation { surroundings += session.request.surroundings(of: run) }
        key = StepKey(inputs, trees: trees, contents: found.1, surroundings)
    }

    private static func open(_ result: StepResult?, _ engine: Engine) throws -> SourceTree {
        switch result {
        case .folder(let tree)?: return tree
        case .tree(let tree)?: return try tree.open(in: engine)
        case nil: return try BuildTree().open(in: engine)
        }
    }

    /// Does the step.
    ///
    /// - Parameter told: Gets what its program writes.
    /// - Returns: The layer, pinned once.
    /// - Throws: Why it has failed.
    func execute(_ told: BuildProgress.Step) async throws -> StoredLayer {
        switch step.operation {
        case .run(let run):
            return try await RunExecution(
                engine: session.engine,
                session: session,
                step: run,
                layers: below.layers,
                sources: dependencies
            ) { text, isError in await told.write(text, isError: isError) }.run()
        case .copy(let copy):
            let base = copy.isLinked ? BuildTree() : below
            let execution = CopyExecution(session: session, step: copy, base: base, owner: owner)
            let sources = sources
            return try await BlockingCall.run { try execution.run(sources) }
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

    fileprivate var isLinked: Bool { if case .copy(let step) = operation { step.isLinked } else { false } }

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
    ///   - engine: The engine.
    /// - Throws: `badParameter` for a user or group that is not there.
    init(_ text: String, in tree: BuildTree, _ engine: Engine) throws {
        let root = try tree.open(in: engine)
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
    /// - Parameter engine: The engine.
    /// - Returns: The files, to be read only.
    /// - Throws: What is wrong with a layer.
    func open(in engine: Engine) throws -> SourceTree {
        let mount = SharedDescriptor(try ContainerFolder.mountImage(of: engine.images.unpack(layers), engine.base))
        let root = try mount.descriptor.open(".", O_RDONLY | O_DIRECTORY, resolution: .beneath)
        // In a mount that is gone openat2(2) finds nothing behind a link with `..`, however often it tries.
        let lasting = SharedDescriptor(root, upon: mount)
        return SourceTree(root: lasting, name: "the files of the stage", keepsOwners: true)
    }
}
