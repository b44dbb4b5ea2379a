// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The folder of a container on the host.
struct ContainerFolder: Sendable {
    let path: String
    /// Whether nothing of it is wanted any more once the machine has ended, so that nothing written there has to come to
    /// the disk.
    let endsWithMachine: Bool

    /// - Parameters:
    ///   - path: Where it is.
    ///   - endsWithMachine: Whether nothing of it is wanted any more once the machine has ended.
    init(path: String, endsWithMachine: Bool = false) {
        (self.path, self.endsWithMachine) = (path, endsWithMachine)
    }

    /// What the container has written, and what overlayfs needs beside it.
    var upper: String { path + "/upper" }
    var work: String { path + "/work" }
    var log: String { path + "/log" }
    /// The specification of the last start.
    var specification: String { path + "/config.json" }

    /// Says that the container removes itself at its end.
    private var mark: String { path + "/removes-itself" }

    /// Makes what is missing.
    ///
    /// The record of a container comes before its folder, so that no folder is ever without one: an engine that died
    /// between them finds the rest to do here. Only the end of the machine can take a record away that has a folder, if the
    /// container is one that removes itself.
    ///
    /// - Parameter isMarked: Whether it says of itself, where that is so, that it ends with the machine.
    /// - Throws: The error of the call that the system refused.
    func prepare(isMarked: Bool = false) throws(SystemError) {
        try Self.makeDirectory(path, mode: 0o700)
        // It comes first: a folder that has anything has this.
        if isMarked, endsWithMachine { _ = try Descriptor.open(mark, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600) }
        try Self.makeDirectory(upper, mode: 0o755)
        for directory in [work, log] { try Self.makeDirectory(directory, mode: 0o700) }
    }

    /// Makes a directory where there is none.
    static func makeDirectory(_ path: String, mode: UInt32) throws(SystemError) {
        if mkdir(path, mode) == 0 {
            // Without the umask, which is not the container's business.
            if chmod(path, mode) != 0 { throw SystemError("chmod", errno, on: path) }
            return
        }
        let failure = errno
        if failure != EEXIST { throw SystemError("mkdir", failure, on: path) }
    }

    /// Has the folders of containers lie in different parts of the disk, where the file system can do that.
    ///
    /// For a new file ext4 takes a free inode of the part that its directory is in, and passes over all that were deleted
    /// there in the last minutes, one by one. Where containers come and go all day that was a third of the time of
    /// `up`.
    static func spread(below path: String) {
        try? Descriptor.open(path, O_RDONLY | O_DIRECTORY).setTopDirectory()
    }

    /// A detached mount of the container's root file system.
    ///
    /// Two mounts of it at a time would corrupt it: the caller sees to that.
    ///
    /// - Parameters:
    ///   - layers: The roots of the image's layers, from the lowest to the top.
    ///   - base: What is below them.
    /// - Returns: The mount.
    /// - Throws: The error of the call that the kernel refused.
    func mountRoot(on layers: [SharedDescriptor], _ base: BaseLayer) throws(SystemError) -> Descriptor {
        try mountRoot(on: layers, below: base.mountPoints)
    }

    /// A detached mount of a root file system that is written to.
    ///
    /// Two mounts of it at a time would corrupt it: the caller sees to that.
    ///
    /// - Parameters:
    ///   - layers: The roots of the layers, from the lowest to the top.
    ///   - lowest: The folder below them.
    /// - Returns: The mount.
    /// - Throws: The error of the call that the kernel refused.
    func mountRoot(on layers: [SharedDescriptor], below lowest: String) throws(SystemError) -> Descriptor {
        try removeStaleWork()
        let writing = [("upperdir", MountParameter.text(upper)), ("workdir", .text(work))]
        if endsWithMachine {
            do throws(SystemError) {
                // Otherwise the end of the mount writes the whole file system of `upper` to the disk, whoever's data that is.
                return try Self.overlay(layers, lowest, writing + [("volatile", .flag)])
            } catch  where error.number == EINVAL {
                // Before Linux 5.10.
            }
        }
        return try Self.overlay(layers, lowest, writing)
    }

    /// A detached mount of an image, to which nothing can be written.
    ///
    /// - Parameters:
    ///   - layers: The roots of its layers, from the lowest to the top.
    ///   - lowest: The folder below them.
    /// - Returns: The mount.
    /// - Throws: The error of the call that the kernel refused.
    static func mountImage(
        of layers: [SharedDescriptor],
        below lowest: String
    ) throws(SystemError) -> Descriptor {
        if layers.isEmpty { return try Descriptor.tree(of: lowest, isRecursive: false) }
        // overlayfs wants two at least where nothing is written to, and a single one may have marks for it as well.
        return try overlay(layers, lowest, [])
    }

    private static func overlay(
        _ layers: [SharedDescriptor],
        _ lowest: String,
        _ writing: [(key: String, value: MountParameter)]
    ) throws(SystemError) -> Descriptor {
        // Nothing of a former mount is trusted: no redirection, no copied-up metadata without content.
        let rest =
            writing + [
                ("index", .text("off")), ("metacopy", .text("off")), ("redirect_dir", .text("off")),
                // Layers that are images are file systems of their own: with it all files have one device.
                ("xino", .text("auto")),
            ]
        return try withExtendedLifetime(layers) { () throws(SystemError) in
            let upper = layers.reversed().map { $0.descriptor.path }
            do throws(SystemError) {
                // Since Linux 6.8, with as many layers as overlayfs knows. Before 6.5 only the mount itself is refused.
                let lower = (upper + [lowest]).map { ("lowerdir+", MountParameter.text($0)) }
                return try Descriptor.newMount("overlay", parameters: lower + rest)
            } catch  where error.number == EINVAL {
                // All layers in one text of at most 255 bytes, so by short names.
                let last = SharedDescriptor(try Descriptor.open(lowest, OpenFlags.pathOnly | O_DIRECTORY))
                return try withExtendedLifetime(last) { () throws(SystemError) in
                    let text = (upper + [last.descriptor.path]).joined(separator: ":")
                    return try Descriptor.newMount("overlay", parameters: [("lowerdir", .text(text))] + rest)
                }
            }
        }
    }

    /// A work directory of a mount that was told not to sync keeps the next one from being made.
    private func removeStaleWork() throws(SystemError) {
        let folder = try Descriptor.open(work, O_RDONLY | O_DIRECTORY)
        guard try folder.status(of: "work") != nil else { return }
        let inner = try folder.open("work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolution: .beneath)
        if try inner.status(of: "incompat") != nil { try folder.removeTree("work") }
    }

    /// Removes a folder that has no record, where it can tell that it had one that was not to last.
    ///
    /// - Parameter trash: A folder on the same file system for what is being removed.
    /// - Throws: Why it could not be taken out of sight.
    func discardUnrecorded(to trash: String) throws(SystemError) {
        // The machine may have ended before the mark came to the disk; nothing else did then.
        if rmdir(path) == 0 { return }
        if access(mark, F_OK) == 0 { try discard(to: trash) }
    }

    /// Removes everything: at once from sight, and then from the disk.
    ///
    /// - Parameters:
    ///   - trash: A folder on the same file system for what is being removed.
    ///   - comesAgain: Whether another one of its name may be there, since what is removed may be made anew at once.
    /// - Throws: Why it could not be taken out of sight.
    func discard(to trash: String, comesAgain: Bool = false) throws(SystemError) {
        var name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        if comesAgain { name += "-\(UInt64.random(in: 0...UInt64.max))" }
        if rename(path, "\(trash)/\(name)") != 0 {
            let failure = errno
            if failure != ENOENT { throw SystemError("rename", failure, on: path) }
        }
    }
}
