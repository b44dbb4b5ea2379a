// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Unpacks archives into a tree of files that is in use, such as the root of a container.
///
/// Its processes may change the tree at the same time: every step is one system call on one name in an open directory, and
/// links are followed as a process inside would follow them, so that nothing outside of the tree can be reached.
package enum TreeUnpacker {
    /// How what is in the tree is treated.
    package struct Options: Sendable {
        /// Whether it is an error to put a directory in the place of another file, or the other way round.
        package var keepsKinds = false
        /// Who owns what is unpacked; nil takes the owners of the archive.
        package var owner: (uid: UInt32, gid: UInt32)?

        package init() {}
    }

    /// Giving files owners and attributes, and making nodes.
    private static let capabilities = CapabilitySet([.chown, .dacOverride, .fowner, .fsetid, .mknod, .setfcap])

    /// Unpacks an archive.
    ///
    /// - Parameters:
    ///   - source: The archive, compressed or not; it is read to its end.
    ///   - root: The root of the tree.
    ///   - directory: The directory that the paths of the archive start from, absolute ones as well.
    ///   - options: How what is there is treated.
    ///   - limits: Bounds on what the archive may hold.
    /// - Throws: ``ImageError/Code/notFound`` where there is no such directory, ``ImageError/Code/conflict`` by the options,
    ///   what is wrong with the archive, or the error of a call; what was unpacked before stays.
    package static func unpack(
        _ source: any ByteSource,
        into root: borrowing Descriptor,
        at directory: FilePath,
        _ options: Options = Options(),
        limits: Limits = Limits()
    ) throws(ImageError) {
        let root = try ImageError.system("open the root of the tree") { () throws(SystemError) in
            OpenDirectory(try root.duplicate())
        }
        var failure: ImageError?
        try ImageError.system("confine the unpacking") { () throws(SystemError) in
            try ConfinedThread.run(writable: [root.descriptor.number], readable: [], keeping: capabilities) {
                do throws(ImageError) {
                    try unpack(source, root, directory, options, limits)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }

    private static func unpack(
        _ source: any ByteSource,
        _ root: OpenDirectory,
        _ directory: FilePath,
        _ options: Options,
        _ limits: Limits
    ) throws(ImageError) {
        let unpacker = LayerUnpacker(root: root, lower: [], limits: limits, tree: options)
        let start = try unpacker.find(directory.components)
        if start.isMissing { throw ImageError(.notFound, "there is no directory `\(directory)`") }
        unpacker.start = start.path
        let plain = LimitedSource(DecompressedSource(source), limit: limits.uncompressedSize, name: "the archive")
        try unpacker.unpack(TarReader(plain, limits: limits))
        // Whoever sends the archive wants to be rid of all of it.
        try plain.drain()
    }

    /// Refuses a directory whose files are the kernel's own state.
    static func check(_ directory: borrowing Descriptor, _ path: FilePath) throws(ImageError) {
        let found: FileSystem
        do {
            found = try directory.fileSystem()
        } catch {
            throw ImageError(.system, "cannot look at \(path)", cause: error)
        }
        if found.isKernelInterface {
            throw ImageError(.unsupported, "`/\(path)` is a file system of the kernel, into which nothing is unpacked")
        }
    }
}
