// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Glibc
import Images
import Linux
import OCI

extension Engine {
    /// Makes an image of a container: that of the container with what it has written as one layer more.
    ///
    /// What is in volumes and other mounts does not belong to it. Containers of the image run with what this one runs
    /// with, but for what is of one container alone: its hostname, streams and terminal.
    ///
    /// - Parameters:
    ///   - reference: The container, running or not.
    ///   - repository: The name of the image; empty for none.
    ///   - tag: Its tag; empty is `latest`.
    ///   - author: Who made it.
    ///   - comment: What its history says.
    ///   - changes: Lines of a Dockerfile, such as `CMD ["sh"]`.
    ///   - config: What containers of the image run with, completed by what this one runs with.
    ///   - pauses: Whether the processes of the container stand still meanwhile.
    /// - Returns: The identifier of the image.
    /// - Throws: `badParameter` for the name or an instruction, `notFound` for the container or where its image is gone.
    package func commitContainer(
        _ reference: String,
        repository: String,
        tag: String,
        author: String,
        comment: String,
        changes: [String],
        config: EngineAPI.ContainerConfig = EngineAPI.ContainerConfig(),
        pauses: Bool
    ) async throws -> String {
        let unit = try containers.find(reference)
        var name: ImageReference?
        if !repository.isEmpty {
            name = try Self.reference(repository, tag: tag, forbidding: "cannot commit to digest reference")
        }
        let own = OCI.ContainerConfig(ofImage: await unit.definition.request.config)
        var instructions = ImageChanges(OCI.ContainerConfig(ofImage: config.merged(with: own)))
        try instructions.apply(changes)
        var step = ImageStep()
        (step.author, step.comment, step.container) = (author, comment, instructions.config)
        step.createdBy = (own.cmd ?? []).joined(separator: " ")
        let isPaused = pauses ? try await unit.pauseIfRunning() : false
        let image: StoredImage
        do {
            image = try await addLayer(of: unit.snapshot, as: name, step)
        } catch {
            if isPaused { try? await unit.unpause() }
            throw error
        }
        let id = image.id.description
        await unit.publish("commit", ["comment": comment, "imageID": id, "imageRef": name?.familiar ?? ""])
        // Somebody else may have let it go on, or ended it.
        if isPaused { try? await unit.unpause() }
        if let name { emit("image", "tag", of: image, named: name.familiar) }
        return id
    }

    private func addLayer(
        of container: ContainerSnapshot,
        as name: ImageReference?,
        _ step: ImageStep
    ) async throws -> StoredImage {
        let layers = try await layerRoots(container.definition.layers)
        let path = container.folder.upper
        let base = container.definition.image
        do {
            return try await withImages { store in
                let upper = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
                let list = try ChangeList(upper: upper, layers: layers, ignoring: FilesystemChange.madeByEngine)
                let loaded = try store.extend(
                    base,
                    as: name?.description,
                    by: step,
                    layer: list.changes.isEmpty
                        ? nil
                        : { sink in
                            let upper = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
                            try FileArchiver(to: sink, staysInMount: true).archive(list.changes, of: upper)
                        }
                )
                return try store.inspect(loaded.id.description)
            }
        } catch let error as EngineError where error.code == .notFound {
            throw EngineError(
                .notFound,
                "the image \(base) of container \(container.id) is gone, on which the new one would stand: "
                    + "export the container and import that (\(error.message))"
            )
        }
    }
}

extension ContainerUnit {
    /// Has the processes stand still.
    ///
    /// - Returns: Whether they do so from now on: false where nothing runs, and where they did so before.
    /// - Throws: The error of the freezer.
    fileprivate func pauseIfRunning() async throws -> Bool {
        do {
            try await pause()
            return true
        } catch let error as EngineError where error.code == .conflict {
            return false
        }
    }
}

extension OCI.ContainerConfig {
    /// What an image says of what a container runs with.
    fileprivate init(ofImage config: EngineAPI.ContainerConfig) {
        self.init()
        func text(_ text: String) -> String? { text.isEmpty ? nil : text }
        user = text(config.user)
        exposedPorts = config.exposedPorts?.mapValues { _ in Empty() }
        env = config.env
        entrypoint = config.entrypoint?.words
        cmd = config.cmd?.words
        volumes = config.volumes?.mapValues { _ in Empty() }
        workingDir = text(config.workingDir)
        labels = config.labels
        stopSignal = text(config.stopSignal)
        argsEscaped = config.argsEscaped ? true : nil
        healthcheck = config.healthcheck
        shell = config.shell
        stopTimeout = config.stopTimeout
    }
}
