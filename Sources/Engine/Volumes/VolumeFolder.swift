// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The folder of a volume on the host.
struct VolumeFolder: Sendable {
    let path: String

    /// What containers see.
    var data: String { Self.data(in: path) }

    /// Where a copy is made before it becomes the data.
    private static let copyName: FilePath = "copy"
    private static let dataName: FilePath = "_data"

    private static func data(in path: String) -> String { path + "/_data" }

    /// Where the data of a volume is.
    ///
    /// - Parameters:
    ///   - name: The volume.
    ///   - folder: The folder of all volumes.
    /// - Returns: The path.
    static func data(of name: String, below folder: String) -> String { data(in: "\(folder)/\(name)") }

    /// Makes what is missing.
    ///
    /// The record of a volume comes before its folder: an engine that died between them finds the rest to do here.
    func prepare() throws(SystemError) {
        try ContainerFolder.makeDirectory(path, mode: 0o700)
        try ContainerFolder.makeDirectory(data, mode: 0o755)
    }

    private func open() throws(SystemError) -> Descriptor {
        try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// The data, or what is mounted there.
    func openData() throws(SystemError) -> Descriptor {
        try open().open(Self.dataName, OpenFlags.pathOnly | O_DIRECTORY | O_NOFOLLOW, resolution: .noLinks)
    }

    // MARK: What is mounted there

    /// Whether something is mounted in place of the data.
    func isCovered() throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try open().open(Self.dataName, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .oneMount)
            return false
        } catch  where error.number == EXDEV {
            return true
        } catch  where error.number == ENOENT {
            return false
        }
    }

    /// Mounts a tree in place of the data, unless something is there.
    func cover(with mount: LocalVolumeMount) throws(SystemError) {
        if try isCovered() { return }
        try mount.makeTree().attach(to: openData())
    }

    /// Takes away what is mounted in place of the data.
    func uncover() throws(SystemError) {
        while try isCovered() {
            // UMOUNT_NOFOLLOW, umount(2).
            let noFollow: Int32 = 8
            if umount2(data, Int32(MNT_DETACH) | noFollow) != 0 { throw SystemError("umount2", errno, on: data) }
        }
    }

    // MARK: Content

    /// Gives the data what an image has, at once and only where there is nothing.
    ///
    /// The copy is made beside the data and takes its place by a rename, which the kernel refuses where there is anything:
    /// whenever the engine dies, the data is empty or whole.
    ///
    /// - Parameters:
    ///   - source: The directory of the image, open for its place only.
    ///   - owners: How owners are mapped where the data is mounted; nil for not at all.
    /// - Throws: Why it could not be copied; the data is as it was.
    func fill(from source: borrowing Descriptor, _ owners: OwnerMap?) throws(SystemError) {
        let folder = try open()
        // Of an engine that died over it.
        try folder.removeTree(Self.copyName)
        let data = try folder.open(Self.dataName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolution: .oneMount)
        guard try data.entries().isEmpty else { return }
        try folder.makeDirectory(Self.copyName, mode: 0o700)
        do throws(SystemError) {
            let copy = SharedDescriptor(try folder.open(Self.copyName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            // What is in place after a loss of power has to be all of it.
            if try TreeCopier.copy(source, to: copy, owners) { try copy.descriptor.syncFileSystem() }
            try folder.rename(Self.copyName, to: folder, Self.dataName, replacing: true)
            // The record says next that this is not done again.
            try folder.sync()
        } catch {
            try? folder.removeTree(Self.copyName)
            // Somebody on the host has put something there meanwhile, which stays.
            if error.number == ENOTEMPTY || error.number == EEXIST { return }
            throw error
        }
    }

    /// The name of a copy within a file system that is mounted in place of the data: whole, and before that.
    private static let (wholeName, partName): (FilePath, FilePath) = (".wharf-copy", ".wharf-copy.part")

    /// Gives what is mounted in place of the data what an image has, only where there is nothing.
    ///
    /// No rename leads from elsewhere into another file system, so that the copy is made in it, gets another name when it is
    /// whole, and then its entries are moved out. Whoever finds it with that name, after the death of an engine, goes on.
    ///
    /// - Parameter source: The directory of the image, open for its place only.
    /// - Throws: Why it could not be copied.
    func fillMounted(from source: borrowing Descriptor) throws(SystemError) {
        let data = try openData().reopened(O_RDONLY | O_DIRECTORY)
        if try data.fileSystem().isReadOnly { return }
        if try data.status(of: Self.wholeName) == nil {
            guard try data.entries().allSatisfy({ $0 == Self.partName }) else { return }
            try data.removeTree(Self.partName)
            try data.makeDirectory(Self.partName, mode: 0o700)
            do throws(SystemError) {
                let copy = SharedDescriptor(try data.open(Self.partName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
                if try TreeCopier.copy(source, to: copy) { try copy.descriptor.syncFileSystem() }
                try data.rename(Self.partName, to: data, Self.wholeName, replacing: false)
            } catch {
                try? data.removeTree(Self.partName)
                throw error
            }
        }
        let copy = try data.open(Self.wholeName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        for name in try copy.entries() {
            do throws(SystemError) {
                try copy.rename(name, to: data, name, replacing: false)
            } catch  where error.number == EEXIST {
                // Somebody else has put it there meanwhile, and it stays.
                try copy.removeTree(name)
            }
        }
        try TreeCopier.setMetadata(of: data, like: copy)
        try data.remove(Self.wholeName, isDirectory: true)
        // The record says next that this is not done again.
        try data.sync()
    }

    /// The bytes of the data.
    func size() throws(SystemError) -> Int64 { try DiskUsage.bytes(below: data) }

    /// Removes everything: at once from sight, and then from the disk.
    ///
    /// - Parameters:
    ///   - trash: A folder on the same file system for what is being removed.
    ///   - name: What it is called there, which nothing else is.
    /// - Throws: Why it could not be taken out of sight.
    func discard(to trash: String, as name: String) throws(SystemError) {
        do throws(SystemError) {
            try uncover()
        } catch  where error.number == ENOENT {
            return
        }
        if rename(path, "\(trash)/\(name)") != 0 {
            let failure = errno
            if failure != ENOENT { throw SystemError("rename", failure, on: path) }
        }
    }
}
