// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux

/// Finds files of a container below a descriptor of its root, as a process inside would find them.
///
/// File systems of the kernel (proc, sysfs and their like) are no files of the container, as with Docker: what a process
/// inside can make a path lead to must not become a way to the kernel's state with the engine's rights.
enum FileLookup {
    /// Opens a file for its place and metadata only.
    ///
    /// - Parameters:
    ///   - path: The path; a link at its end is opened itself unless a directory is demanded.
    ///   - root: The root of the container.
    ///   - container: What the client calls the container.
    ///   - followsLast: Whether a link at the end is followed in any case.
    /// - Returns: The file.
    /// - Throws: `notFound` and its like in the words of Docker.
    static func open(
        _ path: ContainerPath,
        below root: borrowing Descriptor,
        of container: String,
        followsLast: Bool = false
    ) throws -> Descriptor {
        let follows = followsLast || path.demandsDirectory
        let flags = OpenFlags.pathOnly | (follows ? 0 : O_NOFOLLOW) | (path.demandsDirectory ? O_DIRECTORY : 0)
        do {
            let file = try root.open(path.path, flags, resolution: .inRoot)
            if try file.fileSystem().isKernelInterface { throw notFound(path, of: container) }
            return file
        } catch let error as SystemError {
            throw failure(error, path, of: container)
        }
    }

    static func notFound(_ path: ContainerPath, of container: String) -> EngineError {
        EngineError(.notFound, "Could not find the file \(path.text) in container \(container)")
    }

    /// What a failed call means to the client.
    static func failure(_ error: SystemError, _ path: ContainerPath, of container: String) -> EngineError {
        switch error.number {
        case ENOENT: notFound(path, of: container)
        case ENOTDIR:
            EngineError(.badParameter, "\(path.text) in container \(container): not a directory")
        case ELOOP, ENAMETOOLONG:
            EngineError(
                .badParameter,
                "cannot open \(path.text) in container \(container): \(SystemError.text(of: error.number))"
            )
        case EROFS: EngineError(.forbidden, "\(path.text) in container \(container) is on a read-only file system")
        default: EngineError(.failed, "cannot open \(path.text) in container \(container): \(error)")
        }
    }

    /// What stands at a path.
    ///
    /// - Parameters:
    ///   - path: The path; a link at its end is told itself.
    ///   - root: The root of the container.
    ///   - container: What the client calls the container.
    /// - Returns: What Docker tells of it.
    /// - Throws: What ``open(_:below:of:followsLast:)`` throws.
    static func status(_ path: ContainerPath, below root: borrowing Descriptor, of container: String) throws -> PathStat
    {
        let file = try open(path, below: root, of: container)
        return try status(of: file, path, below: root, of: container)
    }

    /// What is known of an open file.
    static func status(
        of file: borrowing Descriptor,
        _ path: ContainerPath,
        below root: borrowing Descriptor,
        of container: String
    ) throws -> PathStat {
        do {
            let status = try file.status()
            let isLink = status.kind == .symbolicLink
            return PathStat(
                name: path.baseName.description,
                size: status.size,
                mode: FileMode(status: status.kind.mode | status.permissions),
                mtime: Timestamp(
                    seconds: status.modificationTime.seconds,
                    nanoseconds: status.modificationTime.nanoseconds
                ),
                linkTarget: isLink ? try target(of: path.components, below: root).description : ""
            )
        } catch {
            throw failure(error, path, of: container)
        }
    }

    /// How many links a path may lead over, as in Linux.
    private static let linkLimit = 40

    /// The path without links that a path stands for; what is not there is taken by its name.
    static func target(
        of components: [FilePath],
        below root: borrowing Descriptor
    ) throws(SystemError) -> FilePath {
        var found: [FilePath] = []
        var pending = Array(components.reversed())
        var linkCount = 0
        while let name = pending.popLast() {
            if name == ".." {
                _ = found.popLast()
                continue
            }
            let path = FilePath(joining: found + [name])
            guard let link = try link(at: path, below: root) else {
                found.append(name)
                continue
            }
            linkCount += 1
            if linkCount > linkLimit { throw SystemError("openat2", ELOOP, on: path.description) }
            if link.isAbsolute { found = [] }
            pending += link.components.reversed()
        }
        return FilePath(Array("/".utf8) + (found.isEmpty ? [] : Array(FilePath(joining: found).bytes))) ?? "/"
    }

    /// Where the link at a path leads; nil where there is none.
    private static func link(at path: FilePath, below root: borrowing Descriptor) throws(SystemError) -> FilePath? {
        do throws(SystemError) {
            let file = try root.open(path, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .inRoot)
            return try file.status().kind == .symbolicLink ? file.linkTarget(of: "") : nil
        } catch  where [ENOENT, ENOTDIR].contains(error.number) {
            return nil
        }
    }
}
