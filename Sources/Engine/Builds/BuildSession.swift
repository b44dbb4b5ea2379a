// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux
import OCI
import Synchronization

/// One build: its steps, as many at a time as their graph allows.
final class BuildSession: Sendable {
    let engine: Engine
    let request: ImageBuildRequest
    let graph: BuildGraph
    /// Where its programs and copies work.
    let folder: String
    let progress: BuildProgress
    let secrets: [String: [UInt8]]
    /// What takes the place of later times; nil keeps all.
    let epoch: FileTime?
    /// The contexts that were opened: the main one has the empty name.
    private let contexts: [String: SourceTree]
    /// The images that steps begin with, by their full names.
    private let images: [String: StoredImage]
    private let base: BaseImages
    private let fetcher: SourceFetcher
    private let imported: ImportedCache
    private let names: [StepID: String]
    private let places: [StepID: String]
    /// The steps upon which a program is run.
    private let bases: Set<StepID>
    /// The steps that are not looked up in the cache.
    private let uncached: Set<StepID>
    private let results: [StepID: Promise<StepResult>]
    /// What was made without a look into the cache, so that the same step is done once.
    private let done = Mutex<[Digest: CacheRecord]>([:])
    /// What steps have come to.
    private let records = Mutex<[StepID: CacheRecord]>([:])
    /// What steps have made that is not unpacked.
    let fresh = FreshLayers()
    /// What is kept from being removed meanwhile.
    private let pinned = Mutex<[Digest]>([])

    /// How many programs and copies work at a time.
    private static let width = 8
    private let slots = SerialGate(width: width)

    init(
        _ engine: Engine,
        _ preparation: BuildPreparation,
        _ graph: BuildGraph,
        _ base: BaseImages,
        _ progress: BuildProgress,
        _ fetcher: SourceFetcher,
        _ imported: ImportedCache
    ) throws {
        self.engine = engine
        self.fetcher = fetcher
        self.imported = imported
        self.base = base
        self.graph = graph
        self.progress = progress
        request = preparation.request
        folder = preparation.folder
        contexts = preparation.contexts
        images = preparation.images
        epoch = try preparation.epoch()
        secrets = fetcher.secrets
        let naming = StepNames(graph, preparation.plan, preparation.dockerfile)
        names = naming.names
        places = naming.places(of: preparation.identity)
        uncached = Self.uncached(graph, preparation)
        bases = Set(graph.steps.compactMap { if case .run(let run) = $0.operation { run.base } else { nil } })
        results = Dictionary(uniqueKeysWithValues: graph.steps.map { ($0.id, Promise<StepResult>()) })
    }

    deinit { engine.images.pins.unpin(pinned.withLock(\.self)) }

    private static func uncached(_ graph: BuildGraph, _ preparation: BuildPreparation) -> Set<StepID> {
        let wanted = Set(preparation.request.uncachedStages.map { $0.lowercased() })
        let stages = preparation.plan.stages.filter {
            preparation.request.ignoresCache || wanted.contains("\($0.index)")
                || $0.name.map(wanted.contains) == true
        }
        let numbers = Set(stages.map(\.index))
        return Set(graph.steps.filter { $0.stage.map(numbers.contains) == true }.map(\.id))
    }

    /// When the layer of a step was made: for one that the cache had, by an earlier build.
    func created(_ id: StepID) -> String? { records.withLock { $0[id]?.created } }

    /// Whether a program is run upon the files of a step.
    func precedesProgram(_ step: BuildStep) -> Bool { bases.contains(step.id) }

    /// What the steps have come to, in their order.
    ///
    /// - Parameter includesAll: Whether also that which the image has no files of.
    /// - Returns: The records.
    func records(includingAll includesAll: Bool) -> [CacheRecord] {
        var wanted: Set<StepID> = []
        var next = graph.result
        while let id = next, wanted.insert(id).inserted { next = graph[id]?.below }
        let found = records.withLock(\.self)
        return graph.steps.compactMap { step in includesAll || wanted.contains(step.id) ? found[step.id] : nil }
    }

    /// Does all steps.
    ///
    /// - Returns: The files of the image.
    /// - Throws: ``BuildFailure`` of the first step that fails; the others are ended.
    func run() async throws -> BuildTree {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for step in graph.steps {
                if case .metadata = step.operation { continue }
                group.addTask { try await self.perform(step) }
            }
            while try await group.next() != nil {}
        }
        guard let result = graph.result else { return BuildTree() }
        return try await tree(of: result)
    }

    // MARK: Steps

    private func perform(_ step: BuildStep) async throws {
        var dependencies: [StepID: StepResult] = [:]
        for id in step.dependencies { dependencies[id] = try await results[id]?.value() }
        let result: StepResult
        do {
            switch step.operation {
            case .source(let source): result = try await obtain(source, step)
            case .metadata: return
            case .run, .copy, .makeFolder: result = .tree(try await make(step, dependencies))
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw BuildFailure(error, at: step.place, of: names[step.id] ?? step.text)
        }
        results[step.id]?.keep(result)
    }

    private func obtain(_ source: BuildStep.Source, _ step: BuildStep) async throws -> StepResult {
        switch source {
        case .context: return .folder(try context("", "the build has no context"))
        case .named(let name, .image(let image)): return try await files(of: image, nil, name)
        case .named(let name, _):
            return .folder(try context(name, "the context `\(name)` is not there"))
        case .image(let name, let platform): return try await files(of: name, platform, names[step.id] ?? step.text)
        case .http(let address, let checksum):
            let name = FilePath(CopyStep.fileName(of: address).utf8) ?? "."
            let folder = try await progress.during(names[step.id] ?? address) {
                try await fetcher.file(address, checksum: checksum.flatMap { Digest($0) }, as: name)
            }
            return .folder(try await Self.fetched(folder, address))
        case .git(let address, let keepsGitFolder, let commit):
            let folder = try await progress.during(names[step.id] ?? address) {
                try await fetcher.repository(address, commit: commit, keepsGitFolder: keepsGitFolder)
            }
            return .folder(try await Self.fetched(folder, address))
        }
    }

    private static func fetched(_ folder: String, _ address: String) async throws -> SourceTree {
        try await BlockingCall.run {
            let root = SharedDescriptor(try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            return SourceTree(root: root, name: address, keepsOwners: false, isFetched: true)
        }
    }

    private func context(_ name: String, _ missing: String) throws(EngineError) -> SourceTree {
        guard let tree = contexts[name] else { throw EngineError(.badParameter, missing) }
        return tree
    }

    private func files(of name: String, _ platform: Platform?, _ shown: String) async throws -> StepResult {
        let told = await progress.begin(shown)
        do {
            var image = images[name]
            if image == nil { image = try await base.image(name, for: platform) }
            let tree = BuildTree(layers: image?.layers ?? [])
            pin(tree)
            await told.end(.done)
            return .tree(tree)
        } catch {
            await told.end(.failed)
            throw error
        }
    }

    /// Keeps the layers of a tree until the build ends.
    private func pin(_ tree: BuildTree) {
        let digests = tree.layers.map(\.content.digest) + LayerStore.chainIDs(of: tree.layers.map(\.diffID))
        engine.images.pins.pin(digests)
        pinned.withLock { $0 += digests }
    }

    /// The layers of a result; a folder becomes one.
    func tree(of id: StepID?) async throws -> BuildTree {
        guard let id, let result = try await results[id]?.value() else { return BuildTree() }
        return try await tree(of: result)
    }

    private func tree(of result: StepResult) async throws -> BuildTree {
        switch result {
        case .tree(let tree): return tree
        case .folder(let source):
            let step = CopyStep.all
            let execution = CopyExecution(session: self, step: step, base: BuildTree(), owner: nil)
            let layer = try await BlockingCall.run {
                var selector = try FileSelector(in: source, excluding: [])
                let files = try selector.select("/", keepsParents: false)
                return try execution.run([CopySource(item: step.sources[0], tree: source, files: files)]).stored
            }
            pinned.withLock { $0.append(layer.content.digest) }
            return BuildTree(layers: [layer])
        }
    }

    // MARK: Making

    /// Does a step, or finds what it has made before.
    private func make(_ step: BuildStep, _ dependencies: [StepID: StepResult]) async throws -> BuildTree {
        let told = await progress.begin(names[step.id] ?? step.text)
        do {
            let plan = try await StepPlan(step, dependencies, self)
            let key = plan.key
            let tree = try await engine.buildGates.run(key.digest.description) {
                if let record = try await lookUp(key, step, told) {
                    records.withLock { $0[step.id] = record }
                    await told.end(.cached)
                    return BuildTree(layers: plan.below.layers + [record.layer])
                }
                let made = try await slots.run { try await plan.execute(told) }
                pinned.withLock { $0.append(made.stored.content.digest) }
                let record = try await keep(made, key, step, plan.below)
                records.withLock { $0[step.id] = record }
                let tree = BuildTree(layers: plan.below.layers + [record.layer])
                // What was made upon nothing hides what it is put upon, and times may differ.
                if let folder = made.folder, !step.isLinked, epoch == nil, record.layer == made.stored {
                    fresh.add(folder, as: tree)
                }
                await told.end(.done)
                return tree
            }
            pin(tree)
            return tree
        } catch {
            await told.end(error is CancellationError || Task.isCancelled ? .cancelled : .failed)
            throw error
        }
    }

    /// What the cache has; where it has nothing, says why if that is wanted.
    private func lookUp(_ key: StepKey, _ step: BuildStep, _ told: BuildProgress.Step) async throws -> CacheRecord? {
        if let record = done.withLock({ $0[key.digest] }) { return record }
        let isLookedUp = !uncached.contains(step.id)
        if isLookedUp, let record = try await elsewhere(key, step) { return record }
        let (images, explains, place) = (engine.images, request.explainsCache, places[step.id] ?? "")
        let (record, reason) = try await BlockingCall.run { () -> (CacheRecord?, String?) in
            if isLookedUp, let record = try images.cached(key.digest) { return (record, nil) }
            if !explains { return (nil, nil) }
            if !isLookedUp { return (nil, "the cache is not to be used") }
            let before = try images.cacheRecords().first { $0.record.place == place }?.record
            return (nil, key.difference(from: before))
        }
        if let reason { await told.explain(reason) }
        return record
    }

    /// What somebody else has made; it is kept here from now on.
    private func elsewhere(_ key: StepKey, _ step: BuildStep) async throws -> CacheRecord? {
        guard imported.has(key.digest) else { return nil }
        let images = engine.images
        if try await BlockingCall.run({ try images.cached(key.digest) }) != nil { return nil }
        guard var record = try await imported.record(key.digest) else { return nil }
        pinned.withLock { $0.append(record.layer.content.digest) }
        record.place = places[step.id] ?? ""
        try await BlockingCall.run { [record] in try images.keep(record) }
        return record
    }

    private func keep(
        _ made: MadeLayer,
        _ key: StepKey,
        _ step: BuildStep,
        _ below: BuildTree
    ) async throws -> CacheRecord {
        let new = CacheRecord(
            key: key.digest,
            layer: made.stored,
            chainID: (below.layers + [made.stored]).chainID ?? made.stored.diffID,
            step: names[step.id] ?? step.text,
            place: places[step.id] ?? "",
            parts: key.parts,
            created: (epoch ?? FileTime.now).rfc3339
        )
        let (images, isLookedUp) = (engine.images, !uncached.contains(step.id))
        let record = try await BlockingCall.run {
            let record = try Self.settled(new, made.contentSize, upon: below, isLookedUp: isLookedUp, in: images)
            try images.keep(record)
            return record
        }
        done.withLock { $0[key.digest] = record }
        return record
    }

    /// Takes a layer that was made upon the same files before, and that differs in times alone, in the place of a new one:
    /// then the steps upon it are found as well.
    ///
    /// What a layer holds is only looked at where there is another one of its size.
    private static func settled(
        _ new: CacheRecord,
        _ contentSize: Int64,
        upon below: BuildTree,
        isLookedUp: Bool,
        in images: ImageStore
    ) throws -> CacheRecord {
        func note(_ record: CacheRecord, as text: String) throws {
            var note = record
            note.key = Digest(sha256: Array(text.utf8))
            (note.place, note.parts) = ("", [])
            try images.keep(note)
        }
        func earlier(_ text: String) throws -> CacheRecord? {
            isLookedUp ? try images.cached(Digest(sha256: Array(text.utf8))) : nil
        }
        func content(of record: CacheRecord) throws -> String {
            "same files\n\(below.identity)\n\(try images.contentDigest(of: record.layer))"
        }
        let size = "same size\n\(below.identity)\n\(new.layer.content.size) \(contentSize)"
        guard let other = try earlier(size) else {
            try note(new, as: size)
            return new
        }
        let ours = try content(of: new)
        var before = try earlier(ours)
        if before == nil {
            // The first one of a size has not been looked at yet.
            if try content(of: other) == ours { before = other }
            try note(before ?? new, as: ours)
        }
        guard let before else { return new }
        var record = new
        (record.layer, record.chainID, record.created) = (before.layer, before.chainID, before.created)
        return record
    }
}
