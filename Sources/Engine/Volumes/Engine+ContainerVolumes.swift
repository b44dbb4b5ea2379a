// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import OCI

// The volumes of containers.
extension Engine {
    /// All mounts of a new container, each volume with its name.
    ///
    /// - Parameters:
    ///   - request: The request in its settled form.
    ///   - taken: The names of volumes that are to be those without a name, by where they are mounted.
    /// - Returns: The mounts in their order.
    /// - Throws: `badParameter` for a container of `VolumesFrom` that does not exist.
    func mounts(
        of request: ContainerCreateRequest,
        taking taken: [String: String] = [:]
    ) async throws -> [RequestedMount] {
        var inherited: [String: RequestedMount] = [:]
        for text in request.hostConfig.volumesFrom ?? [] {
            let source: VolumeSource
            let unit: ContainerUnit
            do {
                source = try VolumeSource(text)
            } catch {
                throw EngineError(.badParameter, error.text)
            }
            do {
                unit = try containers.find(source.container)
            } catch {
                // No image is missing, which is what clients take `notFound` for here.
                throw EngineError(.badParameter, "cannot take the volumes of another container: \(error.message)")
            }
            for var mount in await unit.definition.allMounts where mount.isInheritable {
                if source.isReadOnly { mount.isWritable = false }
                inherited[mount.destination] = mount
            }
        }
        let others = inherited.values.sorted { $0.destination < $1.destination }
        var mounts = RequestedMounts(request, inheriting: others).mounts
        guard mounts.count <= RequestedMounts.most else {
            throw EngineError(
                .badParameter,
                "there are more than \(RequestedMounts.most) mounts and volumes, with those of other containers"
            )
        }
        for index in mounts.indices { mounts[index].nameVolume(taken[mounts[index].destination]) }
        try await resolveImages(of: &mounts)
        return mounts
    }

    /// Makes the volumes of a new container that are missing, and gives those that are new what its image has there.
    ///
    /// - Parameter definition: The container.
    /// - Throws: Why a volume cannot be made or filled.
    func makeVolumes(of definition: ContainerDefinition) async throws {
        var empty: [(unit: VolumeUnit, mount: RequestedMount)] = []
        for mount in definition.allMounts {
            guard case .volume(let wanted) = mount.kind else { continue }
            let unit = try await obtainVolume(wanted.name, wanted.definition)
            let isFilled = wanted.copies && wanted.subpath.isEmpty
            if isFilled, await unit.isFillable { empty.append((unit, mount)) }
        }
        if empty.isEmpty { return }
        let layers = try await layerRoots(definition.layers)
        let base = base
        let root = try await BlockingCall.run {
            SharedDescriptor(try ContainerFolder.mountImage(of: layers, below: base.mountPoints))
        }
        for (unit, mount) in empty {
            try await unit.fill(mount.owners) { try Self.openImagePlace(mount.destination, in: root.descriptor) }
        }
    }

    /// The directory of an image at the place of a volume; nil where there is none.
    ///
    /// The path is walked as by a process of the container, so that no link of the image leads out of it.
    private static func openImagePlace(_ path: String, in root: borrowing Descriptor) throws -> Descriptor? {
        do {
            let place = try root.open(path, OpenFlags.pathOnly, resolution: .inRoot)
            guard try place.status().kind == .directory else {
                throw EngineError(.badParameter, "cannot mount volume over existing file, file exists \(path)")
            }
            return place
        } catch let error as SystemError where [ENOENT, ENOTDIR, ELOOP].contains(error.number) {
            return nil
        }
    }

    // MARK: Runs

    /// Has the volumes of a container ready for its start; ``releaseVolumes(of:_:)`` lets them go.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - definition: What it is.
    /// - Returns: The directories and files that are mounted, by their places in the container.
    /// - Throws: The volume that cannot be mounted; none of them is held.
    func openVolumes(
        of id: ObjectID,
        _ definition: ContainerDefinition
    ) async throws -> [String: SharedDescriptor] {
        var opened: [String: SharedDescriptor] = [:]
        do {
            for mount in definition.allMounts {
                guard case .volume(let wanted) = mount.kind else { continue }
                let unit = try await obtainVolume(wanted.name, wanted.definition)
                opened[mount.destination] = try await unit.open(for: id, subpath: wanted.subpath, owners: mount.owners)
            }
        } catch {
            await releaseVolumes(of: id, definition)
            throw error
        }
        return opened
    }

    /// Lets the volumes of a container go that has ended, or did not start.
    func releaseVolumes(of id: ObjectID, _ definition: ContainerDefinition) async {
        for name in definition.volumeNames { await (try? volumes.find(name))?.release(by: id) }
    }

    /// Tells that the volumes of a container are mounted, or not any more.
    func tellVolumes(_ action: String, of id: ObjectID, _ definition: ContainerDefinition) {
        for mount in definition.allMounts {
            guard case .volume(let wanted) = mount.kind else { continue }
            var attributes = ["driver": "local", "container": id.description]
            if action == "mount" {
                attributes["destination"] = mount.destination
                attributes["read/write"] = "\(mount.isWritable)"
                attributes["propagation"] = mount.propagation
            }
            emit("volume", action, id: wanted.name, attributes: attributes)
        }
    }

    // MARK: The end of a container

    /// Removes the volumes without a name of a container that is gone.
    ///
    /// - Parameter names: Those that no other container uses, whose records say that they are being removed.
    func removeAnonymousVolumes(_ names: [String]) async {
        for name in names {
            do {
                try await (try? volumes.find(name))?.continueRemoval()
            } catch {
                report("cannot remove the volume \(name), which is tried again when the engine starts", error)
            }
        }
    }
}

extension ContainerDefinition {
    /// Its mounts; of a container of an earlier version what its request says.
    var allMounts: [RequestedMount] { mounts ?? RequestedMounts(request).mounts.filter { !$0.isUnnamedVolume } }

    /// Its volumes, each once.
    var volumeNames: [String] {
        var names: [String] = []
        for mount in allMounts {
            if case .volume(let volume) = mount.kind, !names.contains(volume.name) { names.append(volume.name) }
        }
        return names
    }

    /// Those of its volumes that were made for it without a name.
    var anonymousVolumes: [String] {
        allMounts.compactMap { mount in
            if case .volume(let volume) = mount.kind, volume.isAnonymous { volume.name } else { nil }
        }
    }
}

/// One of `VolumesFrom`: a container with `:ro`, `:rw` or nothing behind it.
struct VolumeSource: Equatable, Sendable {
    var container: String
    var isReadOnly = false

    /// Reads it.
    ///
    /// - Throws: What is wrong, in the words of Docker.
    init(_ text: String) throws(RequestProblem) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        container = parts[0]
        if container.isEmpty { throw RequestProblem("invalid volumes-from specification: '\(text.prefix(256))'") }
        guard parts.count == 2 else { return }
        // What Docker knows of modes is more; only these say anything about a mount that is there.
        guard ["ro", "rw", "z", "Z", ""].contains(parts[1]) else {
            throw RequestProblem("invalid mode: \(parts[1].prefix(64))")
        }
        isReadOnly = parts[1] == "ro"
    }
}
