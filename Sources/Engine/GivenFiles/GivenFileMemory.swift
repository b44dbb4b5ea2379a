// SPDX-License-Identifier: Apache-2.0

import CLinux
import EngineAPI
import Glibc
import Linux
import Synchronization

/// Keeps what the configs and secrets of containers hold, for as long as the containers are there.
///
/// That is a file system in memory, mounted in the folder of what does not outlive the machine's uptime while there is
/// anything to keep: it outlives every engine, and nothing of it comes to a disk, not even by swapping where the kernel
/// knows how to keep it from that.
///
/// Each container has a folder there by its identifier, and each file a number in it.
final class GivenFileMemory: Sendable {
    /// What it holds at most for all containers, in bytes.
    static let size = 64 << 20

    /// Where it is mounted.
    let path: String
    private let folder: String
    private let name: FilePath
    /// It is mounted and unmounted by one at a time.
    private let lock = Mutex(())

    /// A memory that is mounted when it is needed.
    ///
    /// - Parameter path: Where.
    init(_ path: String) {
        self.path = path
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        folder = String(path[..<slash])
        name = FilePath(path[slash...].dropFirst().utf8) ?? "files"
    }

    // MARK: The mount

    /// Whether it is mounted.
    private func isMounted() throws(SystemError) -> Bool {
        do throws(SystemError) {
            let folder = try Descriptor.open(folder, OpenFlags.pathOnly | O_DIRECTORY)
            _ = try folder.open(name, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .oneMount)
            return false
        } catch  where error.number == EXDEV {
            return true
        } catch  where error.number == ENOENT {
            return false
        }
    }

    private func open() throws(SystemError) -> Descriptor {
        let opened = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let memory: Int64 = 0x0102_1994  // TMPFS_MAGIC, linux/magic.h.
        // Whatever somebody has mounted or unmounted there meanwhile: no secret goes to a disk.
        if try opened.fileSystem().type != memory { throw SystemError("fstatfs", EMEDIUMTYPE, on: path) }
        return opened
    }

    private func mount() throws(SystemError) {
        if try isMounted() { return }
        try ContainerFolder.makeDirectory(path, mode: 0o700)
        let place = try Descriptor.open(path, OpenFlags.pathOnly | O_DIRECTORY | O_NOFOLLOW)
        let memory: Descriptor
        do throws(SystemError) {
            // Since Linux 6.4.
            memory = try Self.make([("noswap", .flag)])
        } catch  where error.number == EINVAL && error.subject.hasSuffix("noswap") {
            memory = try Self.make([])
        }
        try memory.attach(to: place)
    }

    private static func make(_ parameters: [(key: String, value: MountParameter)]) throws(SystemError) -> Descriptor {
        let bounds: [(key: String, value: MountParameter)] = [
            ("mode", .text("700")), ("size", .text("\(size)")), ("nr_inodes", .text("65536")),
        ]
        let attributes = UInt32(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
        return try Descriptor.newMount("tmpfs", parameters: parameters + bounds, attributes: attributes)
    }

    private func unmount() throws(SystemError) {
        // UMOUNT_NOFOLLOW, umount(2).
        let noFollow: Int32 = 8
        if umount2(path, Int32(MNT_DETACH) | noFollow) != 0 { throw SystemError("umount2", errno, on: path) }
        rmdir(path)
    }

    // MARK: Files

    /// Keeps what files of a container hold; what it had of them before is replaced.
    ///
    /// - Parameters:
    ///   - files: The files with their contents.
    ///   - id: The container.
    /// - Throws: The error of the call that the kernel refused, `ENOSPC` where there is too much of everything.
    func keep(_ files: [(file: RequestedFile, content: [UInt8])], of id: ObjectID) throws(SystemError) {
        try lock.withLock { (_) throws(SystemError) in
            try mount()
            let folder = try open()
            let name = Self.name(of: id)
            if try folder.status(of: name) == nil { try folder.makeDirectory(name, mode: 0o700) }
            let own = try folder.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            for (file, content) in files { try Self.write(content, as: file, to: own) }
        }
    }

    private static func write(
        _ content: [UInt8],
        as file: RequestedFile,
        to folder: borrowing Descriptor
    ) throws(SystemError) {
        // Whoever has the old one mounted keeps it whole.
        let (name, temporary) = (Self.name(of: file), FilePath("new"))
        try folder.removeTree(temporary)
        let written = try folder.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try written.write(content)
        try written.setOwner(uid: file.uid, gid: file.gid)
        // A change of the owner takes special bits away, so they come after it.
        try written.setPermissions(file.mode)
        try folder.rename(temporary, to: folder, name, replacing: true)
    }

    /// A file that is kept, open for its place only; nil where it is not there.
    func open(_ file: RequestedFile, of id: ObjectID) throws(SystemError) -> SharedDescriptor? {
        try lock.withLock { (_) throws(SystemError) in
            guard try isMounted() else { return nil }
            do throws(SystemError) {
                let own = try open().open(Self.name(of: id), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                return SharedDescriptor(try own.open(Self.name(of: file), OpenFlags.pathOnly | O_NOFOLLOW))
            } catch  where error.number == ENOENT {
                return nil
            }
        }
    }

    /// Removes what a container has, and the memory with the last.
    func discard(of id: ObjectID) throws(SystemError) {
        try lock.withLock { (_) throws(SystemError) in
            guard try isMounted() else { return }
            let folder = try open()
            try folder.removeTree(Self.name(of: id))
            if try folder.entries().isEmpty { try unmount() }
        }
    }

    private static func name(of id: ObjectID) -> FilePath { FilePath(id.description.utf8) ?? "container" }
    private static func name(of file: RequestedFile) -> FilePath { FilePath("\(file.number)".utf8) ?? "file" }
}
