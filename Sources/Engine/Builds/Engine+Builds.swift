// SPDX-License-Identifier: Apache-2.0

import Build
package import EngineAPI
import Glibc
import Images
package import Linux
import OCI

extension Engine {
    /// Gets what happens in a build, from many tasks; what a program writes waits for it.
    package typealias BuildReport = @Sendable (BuildEvent) async -> Void

    /// Builds an image.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - archive: The context as an archive, to the end of the pipe or file; nil for the folder of the request.
    ///   - report: Gets what happens, the image or the failure at the end included.
    /// - Returns: The identifier of the image; nil where the build has failed, which was told.
    /// - Throws: `CancellationError`.
    @discardableResult
    package func build(
        _ request: ImageBuildRequest,
        context archive: consuming Descriptor? = nil,
        _ report: @escaping BuildReport
    ) async throws -> String? {
        var generator = SystemRandomNumberGenerator()
        let folder = "\(location.builds)/\(ObjectID(using: &generator))"
        let box: DescriptorBox? = if let archive { DescriptorBox(archive) } else { nil }
        do {
            let id = try await build(request, box, in: folder, BuildProgress(report))
            await discardBuild(folder)
            return id
        } catch {
            await discardBuild(folder)
            if error is CancellationError { throw error }
            let failure = error as? BuildFailure
            let message = (error as? EngineError)?.message ?? "\(error)"
            await report(.failure(failure?.told ?? BuildEvent.Failure(message: message)))
            return nil
        }
    }

    private func build(
        _ request: ImageBuildRequest,
        _ archive: DescriptorBox?,
        in folder: String,
        _ progress: BuildProgress
    ) async throws -> String {
        let names = try request.tags.map { try Self.buildName($0) }
        let unpacked = try await BlockingCall.run { [location] in
            try ContainerFolder.makeDirectory(location.builds, mode: 0o700)
            try ContainerFolder.makeDirectory(folder, mode: 0o700)
            return try archive.map { try Self.unpack($0, to: "\(folder)/context") }
        }
        let fetcher = SourceFetcher(
            engine: self,
            request: request,
            folder: folder,
            progress: progress,
            secrets: try request.secretContents()
        )
        let contexts = try await BuildContexts(request, fetcher, unpacked: unpacked)
        let imported = try await ImportedCache(self, request, progress)
        var builds: [PlatformBuild] = []
        let platforms: [String?] = request.platforms.count > 1 ? request.platforms : [nil]
        for platform in platforms {
            let told = platform.map { BuildProgress(progress, for: $0) } ?? progress
            builds.append(
                try await build(request.for(platform), contexts, in: folder, told, fetcher, imported)
            )
        }
        let made = builds.map { (config: $0.config, layers: $0.tree.layers) }
        let image = try await withImages { store in
            let loaded = try store.make(made, as: names.map(\.description))
            return try store.inspect(loaded.id.description)
        }
        let sessions = builds.map(\.session)
        try await CacheExport(engine: self, request: request, sessions: sessions, progress: progress).run()
        unpackLater(sessions.flatMap(\.fresh.trees))
        withExtendedLifetime(sessions) {}
        for name in names { emit("image", "tag", of: image, named: name.familiar) }
        await progress.tell(.image(BuildEvent.Image(id: image.id.description, names: names.map(\.familiar))))
        return image.id.description
    }

    /// Unpacks what a build has made, once whoever waited for it has had the time to go on.
    ///
    /// Nothing keeps it until then but the cache and its image: what is gone meanwhile is not unpacked.
    private func unpackLater(_ trees: [BuildTree]) {
        if trees.isEmpty { return }
        background.add { [images] in
            try? await Task.sleep(for: .milliseconds(200))
            if Task.isCancelled { return }
            // Whoever needs what is not unpacked now does it then, and hears of the reason as well.
            _ = try? await BlockingCall.run { for tree in trees { _ = try? images.unpack(tree.layers) } }
        }
    }

    /// What was built for one platform.
    private struct PlatformBuild {
        var config: ImageConfig
        var tree: BuildTree
        /// Keeps the layers until there is an image.
        var session: BuildSession
    }

    private func build(
        _ request: ImageBuildRequest,
        _ contexts: BuildContexts,
        in folder: String,
        _ progress: BuildProgress,
        _ fetcher: SourceFetcher,
        _ imported: ImportedCache
    ) async throws -> PlatformBuild {
        var preparation = try await BlockingCall.run {
            try BuildPreparation(request, in: folder, contexts)
        }
        let images = BaseImages(engine: self, request: request, progress: progress)
        let graph = try await preparation.makePlan(with: images)
        try graph.checkEmulation(preparation.plan)
        for argument in preparation.plan.unusedArguments {
            await progress.tell(.warning("the build argument `\(argument)` is used by nothing"))
        }
        let session = try BuildSession(self, preparation, graph, images, progress, fetcher, imported)
        let tree = try await session.run()
        var config = BuiltImage(preparation, graph, session).config
        if request.cachesTo.contains(where: { $0.kind == .inline }) {
            let records = CacheArtifact(session.records(includingAll: false))
            config.buildCache = String(decoding: try records.bytes(), as: UTF8.self)
        }
        return PlatformBuild(config: config, tree: tree, session: session)
    }

    private static func buildName(_ text: String) throws(EngineError) -> ImageReference {
        try reference(text, tag: "", forbidding: "the name `\(text)` has a digest; an image is given a tag at most")
    }

    private static func unpack(_ archive: DescriptorBox, to folder: String) throws -> String {
        try ContainerFolder.makeDirectory(folder, mode: 0o700)
        guard let archive = archive.take() else { return folder }
        let root = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        do throws(ImageError) {
            try TreeUnpacker.unpack(DescriptorSource(archive, name: "the build context"), into: root, at: "/")
        } catch {
            throw EngineError(.badParameter, "cannot unpack the build context: \(error)")
        }
        return folder
    }

    private func discardBuild(_ folder: String) async {
        do {
            try await BlockingCall.run { [trash] in
                if access(folder, F_OK) == 0 { try ContainerFolder(path: folder).discard(to: trash.path) }
            }
            trash.empty()
        } catch {
            report("cannot remove the folder of a build; the next engine tries again", error)
        }
    }

    // MARK: Taking over

    /// Ends and removes what builds of the engine before have left: what they had made whole is in the cache.
    func discardBuilds() async {
        let (location, trees, files, trash) = (location, trees, givenFiles, trash)
        do {
            try await BlockingCall.run {
                guard access(location.builds, F_OK) == 0 else { return }
                let folder = try Descriptor.open(location.builds, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                for name in try folder.entries() where ObjectID(name.description) != nil {
                    let build = try folder.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                    for step in try build.entries().compactMap({ ObjectID($0.description) }) {
                        let group = try ControlGroup(named: ["\(BuildProcesses.prefix)\(step)"], in: trees)
                        if try group.exists() {
                            try group.kill()
                            try group.remove()
                        }
                        try files.discard(of: step)
                    }
                    try ContainerFolder(path: "\(location.builds)/\(name)").discard(to: trash.path)
                }
            }
        } catch {
            report("cannot remove what builds of the engine before have left", error)
        }
    }
}

extension ImageBuildRequest {
    /// The same for one of its platforms; nil leaves it as it is.
    fileprivate func `for`(_ platform: String?) -> Self {
        guard let platform else { return self }
        var request = self
        request.platform = platform
        return request
    }
}
