// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

/// Removes files of a container, without any program in it.
struct FileRemover: Sendable {
    /// What the client calls the container.
    var container: String
    /// Whether the container's own root cannot be written, whatever its mount says.
    var isRootReadOnly = false

    /// How deep a tree may be: each folder on the way down is held open.
    private static let deepest = 256

    /// Removes what stands at a path with all that is in it; that there is nothing is no error.
    ///
    /// - Parameters:
    ///   - path: The path; links on the way are followed inside the container, one at its end is removed itself.
    ///   - root: The root of the container.
    /// - Throws: `badParameter` for the root, `conflict` where something is mounted there or below, in which case nothing is
    ///   removed, `forbidden` for what is read-only.
    func remove(_ path: ContainerPath, below root: borrowing Descriptor) throws {
        guard let name = path.components.last else {
            throw EngineError(.badParameter, "the root of container \(container) cannot be removed")
        }
        do throws(SystemError) {
            let folder: Descriptor
            do throws(SystemError) {
                let parent = FilePath(joining: path.components.dropLast())
                folder = try root.open(parent, OpenFlags.pathOnly | O_DIRECTORY, resolution: .inRoot)
            } catch {
                if [ENOENT, ENOTDIR].contains(error.number) { return }
                throw error
            }
            guard try folder.status(of: name) != nil else { return }
            try check(folder, path, root)
            try refuseMounts(name, in: folder, depth: 0)
            try folder.removeTree(name)
        } catch {
            throw failure(error, path)
        }
    }

    /// The folder of a file decides whether it can be removed.
    private func check(
        _ folder: borrowing Descriptor,
        _ path: ContainerPath,
        _ root: borrowing Descriptor
    ) throws(SystemError) {
        let system = try folder.fileSystem()
        // What belongs to the kernel is no file of the container.
        if system.isKernelInterface { throw SystemError("unlinkat", EPERM) }
        let isOnRoot = try folder.status().device == root.status().device
        if system.isReadOnly || isOnRoot && isRootReadOnly { throw SystemError("unlinkat", EROFS) }
    }

    /// Walks a tree, and stops at what is mounted in it.
    ///
    /// To the kernel a mount of another mount namespace is no obstacle: it would vanish there with its place.
    private func refuseMounts(_ name: FilePath, in folder: borrowing Descriptor, depth: Int) throws(SystemError) {
        if depth > Self.deepest { throw SystemError("openat2", ENAMETOOLONG, on: name.description) }
        let file = try folder.open(name, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .oneMount)
        guard try file.status().kind == .directory else { return }
        for entry in try file.entries() { try refuseMounts(entry, in: file, depth: depth + 1) }
    }

    private func failure(_ error: SystemError, _ path: ContainerPath) -> EngineError {
        let what = "cannot remove \(path.text) of container \(container)"
        return switch error.number {
        case EXDEV:
            EngineError(.conflict, "\(what): something is mounted there or below it, which stays; nothing was removed")
        case EROFS: EngineError(.forbidden, "\(what): it is on a read-only file system")
        case EPERM: EngineError(.forbidden, "\(what): the kernel keeps it")
        case ENAMETOOLONG: EngineError(.badParameter, "\(what): it is more than \(Self.deepest) folders deep")
        default: EngineError(.failed, "\(what): \(error)")
        }
    }
}
