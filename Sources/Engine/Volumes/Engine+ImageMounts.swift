// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux
import OCI

// Images that are mounted in containers.
extension Engine {
    /// Looks the images of mounts up: what a container has mounted stays the same, whatever becomes of the names.
    ///
    /// - Parameter mounts: The mounts.
    /// - Throws: `badParameter` for an image that is not there.
    func resolveImages(of mounts: inout [RequestedMount]) async throws {
        for index in mounts.indices {
            guard case .image(var image) = mounts[index].kind, image.id.isEmpty else { continue }
            let (name, images) = (image.name, images)
            let found: StoredImage
            do {
                found = try await BlockingCall.run { try images.inspect(name) }
            } catch let error as ImageError {
                // The image of the container is not missing, which is what clients take `notFound` for here.
                throw EngineError(
                    .badParameter,
                    "invalid mount config for type \"image\": \(EngineError(error, about: name).message)"
                        + (error.code == .notFound ? "; load it before, or name another one" : "")
                )
            }
            image.id = found.id.description
            image.layers = LayerStore.chainIDs(of: found.config.rootfs.diffIDs).map { "\($0)" }
            mounts[index].kind = .image(image)
        }
    }

    /// Unpacks the images of a new container's mounts.
    func unpackImages(of definition: ContainerDefinition) async throws {
        for (_, image) in definition.mountedImages {
            try await withImages(about: image.name) { _ = try $0.unpack($0.inspect(image.id)) }
        }
    }

    /// Mounts the images of a container, each attached nowhere.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - definition: What it is.
    /// - Returns: The directories or files that are mounted, by their places in the container.
    /// - Throws: The image that cannot be mounted.
    func openImages(of id: ObjectID, _ definition: ContainerDefinition) async throws -> [String: SharedDescriptor] {
        var opened: [String: SharedDescriptor] = [:]
        let base = base
        for (destination, image) in definition.mountedImages {
            let layers = try await layerRoots(image.layers)
            opened[destination] = try await BlockingCall.run {
                do throws(SystemError) {
                    let root = try ContainerFolder.mountImage(of: layers, below: base.empty)
                    if image.subpath.isEmpty { return SharedDescriptor(root) }
                    // No link of the image leads out.
                    let part = try root.open(image.subpath, OpenFlags.pathOnly, resolution: .beneath)
                    // The mount of the whole goes with its descriptor.
                    return SharedDescriptor(try part.tree(isRecursive: false))
                } catch  where [ENOENT, ENOTDIR].contains(error.number) && !image.subpath.isEmpty {
                    throw EngineError(
                        .badParameter,
                        "cannot mount the image \(image.name) at \(destination): it has no `\(image.subpath)` (\(error))"
                    )
                } catch {
                    throw EngineError(.failed, "cannot mount the image \(image.name) at \(destination): \(error)")
                }
            }
        }
        return opened
    }

    /// What is stored of the mounts of a container, its volumes and images, ready to be mounted.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - definition: What it is.
    /// - Returns: What is mounted, by the places in the container; ``releaseVolumes(of:_:)`` lets it go.
    /// - Throws: What cannot be mounted; no volume is held then.
    func openStored(of id: ObjectID, _ definition: ContainerDefinition) async throws -> [String: SharedDescriptor] {
        let images = try await openImages(of: id, definition)
        return try await openVolumes(of: id, definition).merging(images) { $1 }
    }
}
