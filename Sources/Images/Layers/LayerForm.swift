// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// What a layer is on the disk when it can be mounted.
package enum LayerForm: CaseIterable, Sendable {
    /// A folder with its files.
    case folder
    /// One file, an image of EROFS, which costs the file system below a single inode.
    case image

    /// The best that the kernel can do with files of a folder.
    ///
    /// For an image it has to mount a file without a block device (Linux 6.12), and to take for an overlay what is mounted
    /// nowhere (Linux 6.15), so that nothing is left of it when its user dies. Both are tried, and whether attributes come
    /// through.
    ///
    /// - Parameter folder: Where layers are to be.
    /// - Returns: The form.
    /// - Throws: The error of a call that says nothing about what the kernel can do.
    static func best(in folder: ContentStore.OpenFolder) throws(SystemError) -> LayerForm {
        // Unknown file system, parameter or way of mounting; a file system whose files cannot be mounted; no privilege.
        let refusals = [EINVAL, ENODEV, ENOENT, ENOSYS, ENOTBLK, EOPNOTSUPP, EPERM, ELOOP]
        do throws(SystemError) {
            let work = try ContentStore.WorkFolder(in: folder, prefix: "new-")
            defer { try? folder.descriptor.removeTree(work.name) }
            let name: FilePath = "probe"
            let empty = try work.descriptor.open(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
            let marks = [FilePath]([OverlayMark.opaqueAttribute, "security.wharf"]).map {
                TarEntry.Attribute(name: $0, value: [1])
            }
            let root = EROFSInode(try work.descriptor.status(), .entries([]), attributes: marks)
            try EROFSWriter(to: empty).finish([root])
            let image = try work.descriptor.open(name, O_RDONLY)
            // overlayfs wants two at least.
            let layers = [try mount(image), try mount(image)]
            return try withExtendedLifetime(layers) { () throws(SystemError) in
                let lower = layers.map { ("lowerdir+", MountParameter.text($0.descriptor.path)) }
                _ = try Descriptor.newMount("overlay", parameters: lower)
                for mark in marks where try layers[0].descriptor.attribute(mark.name) != mark.value { return .folder }
                return .image
            }
        } catch {
            if refusals.contains(error.number) { return .folder }
            throw error
        }
    }

    /// The best that the kernel can do with files of a folder; nothing is left in it.
    ///
    /// - Parameter path: The folder.
    /// - Returns: The form.
    /// - Throws: The error of a call that says nothing about what the kernel can do.
    package static func best(inFolder path: String) throws(SystemError) -> LayerForm {
        try best(in: ContentStore.OpenFolder(try Descriptor.open(path, O_RDONLY | O_DIRECTORY)))
    }

    /// Mounts an image, attached nowhere.
    ///
    /// - Parameter image: The file, open for reading.
    /// - Returns: The root.
    /// - Throws: The error of a call.
    static func mount(_ image: borrowing Descriptor) throws(SystemError) -> SharedDescriptor {
        SharedDescriptor(try Descriptor.newMount("erofs", parameters: [("source", .text(image.path))]))
    }
}
