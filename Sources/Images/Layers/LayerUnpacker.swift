// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Writes a layer into an empty directory, in the form that overlayfs wants.
///
/// What the layer holds goes into the directory; what it removes from the layers below becomes a mark there. Its paths are
/// resolved as a process that was chrooted to the image would resolve them, in the view that the layers below and this one
/// give together: a file below `bin` lands in `usr/bin` where a lower layer has `bin` as a link to that. Nothing outside the
/// directory is ever touched: each step is one system call on one name in an open directory, and no link is followed by
/// the kernel.
///
/// The order of the entries does not matter to what is removed: a whiteout hides what lower layers have, never what its own
/// layer has. Of several entries with one path the last wins.
///
/// While it is not known yet what the layers below hold, it writes a layer that does not depend on them: all folders on the way
/// to its files are its own, and it removes nothing. Of such a layer only the root remains to be finished
/// (``finishRoot(_:)``).
///
/// It also unpacks into a tree that is in use (``TreeUnpacker``): there are no layers below then, all names are plain ones,
/// and what is there is merged with.
final class LayerUnpacker {
    let root: OpenDirectory
    let lower: LowerLayers
    let limits: Limits
    /// How a tree in use is unpacked into; nil for a layer.
    let tree: TreeUnpacker.Options?
    /// Gets the contents of files; nil has them go into the files.
    let image: LayerImage?
    /// The directory that the paths of the archive start from.
    var start: [FilePath] = []
    /// The times of directories, which are set when nothing in them changes any more.
    var directoryTimes: [[FilePath]: (access: FileTime, modification: FileTime)] = [:]
    /// Bytes of files of the layers below that hard links needed a copy of.
    var copiedSize: Int64 = 0
    var rootIsOpaque = false
    var rootHasEntry = false
    /// The directory of the last entry; entries mostly come directory by directory.
    var lastPlace: (path: [FilePath], place: Place)?

    /// - Parameters:
    ///   - root: The empty directory.
    ///   - lower: The roots of the layers below, the top one first; nil where they are not known yet.
    ///   - limits: Bounds on what the layer may hold.
    ///   - tree: How a tree in use is unpacked into; nil for a layer.
    ///   - image: Gets the contents of files; nil has them go into the files.
    init(
        root: OpenDirectory,
        lower: [OpenDirectory]?,
        limits: Limits,
        tree: TreeUnpacker.Options? = nil,
        image: LayerImage? = nil
    ) {
        self.root = root
        self.lower = LowerLayers(roots: lower ?? [], isUnknown: lower == nil)
        self.limits = limits
        self.tree = tree
        self.image = image
    }

    /// Writes all entries of an archive.
    ///
    /// - Parameter reader: The archive.
    /// - Throws: What is wrong with the archive, or the error of a call; the directory is then incomplete.
    func unpack(_ reader: TarReader) throws(ImageError) {
        while let entry = try reader.next() {
            do {
                try apply(entry, reader)
            } catch {
                throw error.about("entry `\(entry.path)`")
            }
        }
        try finish()
    }

    private func apply(_ entry: TarEntry, _ reader: TarReader) throws(ImageError) {
        if entry.size > limits.uncompressedSize {
            throw ImageError(.limitExceeded, "its size \(entry.size) is more than \(limits.uncompressedSize) bytes")
        }
        let path = try EntryPath(entry.path, limits: limits)
        guard let name = path.name else { return try applyRoot(entry) }
        switch tree == nil ? try path.meaning() : .file {
        case .ignored: return
        case .opaque: try hideLower(in: path.parent)
        case .whiteout(let removed): try hideLower(removed, in: path.parent)
        case .file:
            let place = try openPlace(start + path.parent)
            switch entry.kind {
            case .directory: try makeDirectory(name, entry, in: place)
            case .hardLink: try makeHardLink(name, entry, in: place)
            case .regular: try makeFile(name, entry, reader, in: place)
            case .symbolicLink, .characterDevice, .blockDevice, .fifo:
                try makeSpecial(name, entry, reader, in: place)
            }
        }
    }

    private func applyRoot(_ entry: TarEntry) throws(ImageError) {
        // The directory that is unpacked into stays as it is, as with Docker.
        if tree != nil { return }
        guard entry.kind == .directory else { throw ImageError(.invalidArchive, "the root is not a directory") }
        rootHasEntry = true
        try setMetadata(of: root.descriptor, entry)
        rememberTimes(of: [], entry)
    }

    func rememberTimes(of directory: [FilePath], _ entry: TarEntry) {
        directoryTimes[directory] = (entry.accessTime ?? entry.modificationTime, entry.modificationTime)
    }

    private func finish() throws(ImageError) {
        if rootIsOpaque { try hideLowerRoot() }
        if !rootHasEntry, tree == nil, !lower.isUnknown { try copyRootMetadata() }
        for (path, times) in directoryTimes {
            try system("set the times of \(FilePath(joining: path))") { () throws(SystemError) in
                let directory: OpenDirectory
                do throws(SystemError) {
                    directory = OpenDirectory(try root.descriptor.open(FilePath(joining: path), O_RDONLY | O_DIRECTORY))
                } catch  where [ENOENT, ENOTDIR, ELOOP].contains(error.number) {
                    // A later entry took its place.
                    return
                }
                try directory.descriptor.setTimes(access: times.access, modification: times.modification)
            }
        }
    }

    /// Has a directory of the layer hide all that the layers below have in it.
    func makeOpaque(_ directory: borrowing Descriptor) throws(SystemError) {
        let (name, value) = (OverlayMark.opaqueAttribute, OverlayMark.opaqueValue)
        try directory.setAttribute(name, value)
        try image?.noteAttribute(of: directory, size: name.bytes.count + value.count)
    }

    private func copyRootMetadata() throws(ImageError) {
        try system("copy the attributes of the root") { () throws(SystemError) in
            directoryTimes[[]] = (FileTime(seconds: 0), FileTime(seconds: 0))
            guard let below = lower.roots.first else { return try root.descriptor.setPermissions(0o755) }
            try copyMetadata(from: below.descriptor, to: root.descriptor)
            let status = try below.descriptor.status()
            directoryTimes[[]] = (status.accessTime, status.modificationTime)
        }
    }

    /// Finishes the root of a layer that was written before those below it.
    ///
    /// - Parameter below: The root of the layer below.
    /// - Throws: The error of a call.
    func finishRoot(_ below: FileMetadata) throws(ImageError) {
        try system("copy the attributes of the root") { () throws(SystemError) in
            try setMetadata(of: root.descriptor, below)
            let status = below.status
            try root.descriptor.setTimes(access: status.accessTime, modification: status.modificationTime)
        }
    }

    /// What a layer is refused for that depends on the layers below, while they are not known.
    func checkLowerIsKnown() throws(ImageError) {
        if lower.isUnknown { throw ImageError(.notFound, "it depends on layers that are not there yet") }
    }

    /// Runs system calls and says of what they were a part.
    func system<Result: ~Copyable>(
        _ action: @autoclosure () -> String,
        _ body: () throws(SystemError) -> Result
    ) throws(ImageError) -> Result {
        try ImageError.system(action(), body)
    }
}
