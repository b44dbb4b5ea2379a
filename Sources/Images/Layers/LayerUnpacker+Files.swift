// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

extension LayerUnpacker {
    func makeDirectory(_ name: FilePath, _ entry: TarEntry, in place: Place) throws(ImageError) {
        guard let parent = directory(of: place) else { return }
        let existing = try status(of: name, in: place)
        if let existing, existing.kind != .directory, tree?.keepsKinds == true {
            throw ImageError(
                .conflict,
                "cannot overwrite non-directory \"/\(place.path(of: name))\" with directory \"/\(FilePath(joining: start))\""
            )
        }
        try system("create the directory \(place.path(of: name))") { () throws(SystemError) in
            if existing?.kind != .directory {
                if existing != nil { try parent.descriptor.remove(name) }
                try parent.descriptor.makeDirectory(name, mode: 0o700)
            }
            let directory = try parent.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            // An archive of a whole root has entries for the places of `/proc` and its like.
            if tree != nil, try directory.fileSystem().isKernelInterface { return }
            if existing != nil, existing?.kind != .directory, tree == nil {
                // It takes the place of a whiteout or a file, which hid what is below.
                try makeOpaque(directory)
            }
            try setAttributes(of: directory, entry)
        }
        if existing != nil { lastPlace = nil }
        rememberTimes(of: place.path + [name], entry)
    }

    func makeFile(
        _ name: FilePath,
        _ entry: TarEntry,
        _ reader: TarReader,
        in place: Place
    ) throws(ImageError) {
        guard let parent = directory(of: place) else { return }
        let path = place.path(of: name)
        if let image, entry.attributes.isEmpty {
            try makeInstead(of: name, in: place) { (directory) throws(SystemError) in
                try directory.makeNode(name, kind: .regular, mode: 0)
            }
            return try image.add(entry, reader, as: name, in: parent.descriptor)
        }
        try removeExisting(name, in: place)
        let file = try system("create \(path)") { () throws(SystemError) in
            try parent.descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        }
        if let image {
            try image.add(entry, reader, as: file)
        } else {
            try writeContent(of: entry, reader, to: file)
        }
        try system("finish \(path)") { () throws(SystemError) in
            try setAttributes(of: file, entry)
            try setTimes(of: file, entry)
        }
    }

    private func writeContent(
        of entry: TarEntry,
        _ reader: TarReader,
        to file: borrowing Descriptor
    ) throws(ImageError) {
        // A place in the file is only needed where there are holes.
        let isSparse = entry.extents != nil
        try reader.forEachPiece { (piece, offset) throws(ImageError) in
            do throws(SystemError) {
                if isSparse { try file.write(piece, at: offset) } else { try file.write(piece) }
            } catch {
                throw ImageError(.system, "cannot write \(entry.path)", cause: error)
            }
        }
        if isSparse {
            try system("finish \(entry.path)") { () throws(SystemError) in try file.truncate(to: entry.size) }
        }
    }

    /// Makes a file, in the place of one that the layer has if there is one.
    private func makeInstead(
        of name: FilePath,
        in place: Place,
        _ make: (borrowing Descriptor) throws(SystemError) -> Void
    ) throws(ImageError) {
        guard let parent = directory(of: place) else { return }
        // Mostly there is none.
        let isMade = try system("create \(place.path(of: name))") { () throws(SystemError) in
            do throws(SystemError) {
                try make(parent.descriptor)
                return true
            } catch {
                if error.number != EEXIST { throw error }
                return false
            }
        }
        if isMade { return }
        try removeExisting(name, in: place)
        try system("create \(place.path(of: name))") { () throws(SystemError) in try make(parent.descriptor) }
    }

    func makeSpecial(
        _ name: FilePath,
        _ entry: TarEntry,
        _ reader: TarReader,
        in place: Place
    ) throws(ImageError) {
        guard let parent = directory(of: place) else { return }
        if entry.kind == .characterDevice, entry.device == DeviceNumber(major: 0, minor: 0) {
            throw ImageError(.invalidArchive, "the device 0:0 marks a removed file and cannot be in a layer")
        }
        if entry.kind == .symbolicLink, entry.target.isEmpty {
            throw ImageError(.invalidArchive, "it is a link to nowhere")
        }
        if let image, entry.kind == .symbolicLink, entry.attributes.isEmpty {
            try makeInstead(of: name, in: place) { (directory) throws(SystemError) in
                try directory.makeLink(name, to: entry.target)
            }
            return try image.add(entry, reader, as: name, in: parent.descriptor)
        }
        try removeExisting(name, in: place)
        try system("create \(place.path(of: name))") { () throws(SystemError) in
            switch entry.kind {
            case .symbolicLink: try parent.descriptor.makeLink(name, to: entry.target)
            case .characterDevice:
                try parent.descriptor.makeNode(name, kind: .characterDevice, mode: 0, device: entry.device)
            case .blockDevice:
                try parent.descriptor.makeNode(name, kind: .blockDevice, mode: 0, device: entry.device)
            case .fifo, .regular, .directory, .hardLink:
                try parent.descriptor.makeNode(name, kind: .fifo, mode: 0)
            }
            let file = try parent.descriptor.open(name, OpenFlags.pathOnly | O_NOFOLLOW)
            try setAttributes(of: file, entry)
            try setTimes(of: file, entry)
        }
    }

    func makeHardLink(_ name: FilePath, _ entry: TarEntry, in place: Place) throws(ImageError) {
        guard let parent = directory(of: place) else { return }
        let target = try EntryPath(entry.target, limits: limits)
        guard let targetName = target.name else {
            throw ImageError(.invalidArchive, "it is a hard link to the root")
        }
        var source = try find(start + target.parent)
        if source.path == place.path, targetName == name { return }
        if try status(of: targetName, in: source) == nil {
            source = try copyUp(targetName, in: source, entry)
        }
        guard let status = try status(of: targetName, in: source), let directory = directory(of: source),
            status.kind != .directory, !OverlayMark.isWhiteout(status)
        else { throw ImageError(.invalidArchive, "it is a hard link to `\(entry.target)`, which is not a file") }
        try removeExisting(name, in: place)
        try system("link \(place.path(of: name)) to \(source.path(of: targetName))") { () throws(SystemError) in
            try parent.descriptor.makeHardLink(name, to: directory.descriptor, targetName)
            if tree == nil { return }
            try setMetadata(of: parent.descriptor.open(name, OpenFlags.pathOnly | O_NOFOLLOW), link: entry)
        }
    }

    /// Gives a file what the entry of a further name says about it, as with Docker.
    private func setMetadata(of file: borrowing Descriptor, link entry: TarEntry) throws(SystemError) {
        let status = try file.status()
        let owner = tree?.owner ?? (entry.uid, entry.gid)
        // Who sets the same owner again takes special bits and capabilities away.
        if (status.uid, status.gid) != owner { try file.setOwner(uid: owner.uid, gid: owner.gid) }
        if status.kind != .symbolicLink {
            if try file.status().permissions != entry.permissions { try file.setPermissions(entry.permissions) }
            try setTimes(of: file, entry)
        }
        for attribute in entry.attributes { try set(attribute, of: file) }
    }

    /// Removes what this layer has under a name.
    private func removeExisting(_ name: FilePath, in place: Place) throws(ImageError) {
        guard let parent = directory(of: place), let existing = try status(of: name, in: place) else { return }
        if existing.kind == .directory, tree?.keepsKinds == true {
            throw ImageError(
                .conflict,
                "cannot overwrite directory \"/\(place.path(of: name))\" with non-directory \"/\(FilePath(joining: start))\""
            )
        }
        lastPlace = nil
        try system("replace \(place.path(of: name))") { () throws(SystemError) in
            try parent.descriptor.removeTree(name)
        }
    }

    /// Copies a file of the layers below into this one, so that it can get a second name.
    private func copyUp(_ name: FilePath, in place: Place, _ entry: TarEntry) throws(ImageError) -> Place {
        guard case .file(let layer, let status) = try lowerNode(of: name, in: place) else {
            throw ImageError(.invalidArchive, "it is a hard link to `\(entry.target)`, which is not there")
        }
        copiedSize += status.kind == .regular ? status.size : 0
        if copiedSize > limits.uncompressedSize {
            let size = limits.uncompressedSize
            throw ImageError(.limitExceeded, "hard links copy more than \(size) bytes of the layers below")
        }
        let created = try create(place)
        guard let parent = directory(of: created) else { return created }
        let path = place.path(of: name)
        try system("copy \(path) from the layer below") { () throws(SystemError) in
            let original = try lower.open(path, in: layer)
            switch status.kind {
            case .regular: try copyContent(of: path, in: layer, to: name, parent)
            case .symbolicLink:
                let directory = try lower.open(FilePath(joining: place.path), in: layer, O_RDONLY | O_DIRECTORY)
                try parent.descriptor.makeLink(name, to: directory.linkTarget(of: name))
            default:
                try parent.descriptor.makeNode(name, kind: status.kind, mode: 0, device: status.deviceNumber)
            }
            let copy = try parent.descriptor.open(name, OpenFlags.pathOnly | O_NOFOLLOW)
            try copyMetadata(from: original, to: copy)
            try copy.setTimes(access: status.accessTime, modification: status.modificationTime)
        }
        return created
    }

    private func copyContent(
        of path: FilePath,
        in layer: Int,
        to name: FilePath,
        _ parent: OpenDirectory
    ) throws(SystemError) {
        let original = try lower.open(path, in: layer, O_RDONLY)
        let copy = try parent.descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        if let image { try image.add(original, as: copy) } else { try original.copyContent(to: copy) }
    }
}

// Owner before permissions, since a change of the owner takes the set-user-id bit away, and both before attributes, since
// it takes file capabilities too.
extension LayerUnpacker {
    func setMetadata(of file: borrowing Descriptor, _ entry: TarEntry) throws(ImageError) {
        do {
            try setAttributes(of: file, entry)
        } catch {
            throw ImageError(.system, "cannot set the attributes of \(entry.path)", cause: error)
        }
    }

    private func setAttributes(of file: borrowing Descriptor, _ entry: TarEntry) throws(SystemError) {
        try file.setOwner(uid: tree?.owner?.uid ?? entry.uid, gid: tree?.owner?.gid ?? entry.gid)
        if entry.kind != .symbolicLink { try file.setPermissions(entry.permissions) }
        for attribute in entry.attributes { try set(attribute, of: file) }
    }

    private func setTimes(of file: borrowing Descriptor, _ entry: TarEntry) throws(SystemError) {
        let time = entry.modificationTime
        try file.setTimes(access: entry.accessTime ?? time, modification: time)
    }

    /// Sets an attribute where the file system and the kind of file can have it.
    ///
    /// Labels of SELinux belong to the machine that the image was made on. Those of overlayfs would change what other files
    /// of the layers mean.
    private func set(_ attribute: TarEntry.Attribute, of file: borrowing Descriptor) throws(SystemError) {
        let capability: FilePath = "security.capability"
        if OverlayMark.owns(attribute.name) || attribute.name == OverlayMark.machineLabel { return }
        do {
            try file.setAttribute(attribute.name, attribute.value)
            try image?.noteAttribute(of: file, size: attribute.name.bytes.count + attribute.value.count)
        } catch  where error.number == EOPNOTSUPP || (error.number == EPERM && attribute.name != capability) {
            return
        }
    }

    /// Gives a file the owner, the permissions and the attributes of another.
    func copyMetadata(from original: borrowing Descriptor, to copy: borrowing Descriptor) throws(SystemError) {
        try setMetadata(of: copy, FileMetadata(of: original))
    }

    func setMetadata(of copy: borrowing Descriptor, _ metadata: FileMetadata) throws(SystemError) {
        let status = metadata.status
        try copy.setOwner(uid: status.uid, gid: status.gid)
        if status.kind != .symbolicLink { try copy.setPermissions(status.permissions) }
        for attribute in metadata.attributes { try set(attribute, of: copy) }
    }
}

/// What a file is, apart from what it holds.
struct FileMetadata: Sendable {
    var status: FileStatus
    var attributes: [TarEntry.Attribute] = []

    init(of file: borrowing Descriptor) throws(SystemError) {
        status = try file.status()
        for name in try file.attributes() {
            guard let value = try file.attribute(name) else { continue }
            attributes.append(TarEntry.Attribute(name: name, value: value))
        }
    }
}
