// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// What the top directory of an overlay changes in the layers below it.
///
/// A file that the top directory holds is added or modified, a mark of overlayfs is a removal, and every directory on the
/// way to a change counts as modified. Of what is removed only the topmost path is told. The times of directories do not
/// count: a directory that was looked at for writing, or in which a file came and went, is as it was.
package struct ChangeList {
    /// A path that differs.
    package struct Change: Equatable, Sendable {
        package enum Kind: Sendable {
            case modified
            case added
            case removed
        }

        /// From the root on, without a leading slash.
        package var path: FilePath
        package var kind: Kind

        package init(_ kind: Kind, _ path: FilePath) {
            self.path = path
            self.kind = kind
        }
    }

    private let lower: LowerLayers
    private let ignored: Set<FilePath>
    private let limits: Limits
    /// In order: a directory, then what is in it by name.
    package private(set) var changes: [Change] = []

    /// Compares.
    ///
    /// - Parameters:
    ///   - upper: The top directory; what vanishes meanwhile is left out.
    ///   - layers: The roots of the layers below, the base first.
    ///   - ignored: Paths that are left out with all that is in them, without a leading slash.
    ///   - limits: Bounds on the tree.
    /// - Throws: ``ImageError/Code/limitExceeded``, or the error of a call.
    package init(
        upper: borrowing Descriptor,
        layers: [SharedDescriptor],
        ignoring ignored: Set<FilePath> = [],
        limits: Limits = Limits()
    ) throws(ImageError) {
        self.ignored = ignored
        self.limits = limits
        var roots: [OpenDirectory] = []
        for layer in layers.reversed() {
            roots.append(
                try ImageError.system("open a layer below") { () throws(SystemError) in
                    OpenDirectory(try layer.descriptor.open(".", O_RDONLY | O_DIRECTORY))
                }
            )
        }
        lower = LowerLayers(roots: roots)
        let top = try ImageError.system("open what a container has written") { () throws(SystemError) in
            OpenDirectory(try upper.open(".", O_RDONLY | O_DIRECTORY))
        }
        try compare(top, [], Array(roots.indices), isHidden: false)
    }

    /// Compares what is in a directory.
    ///
    /// - Parameters:
    ///   - directory: The directory in the top one.
    ///   - path: The names that lead to it.
    ///   - layers: The layers that contribute to it, or would if nothing hid them.
    ///   - isHidden: Whether a directory above hides what they have in it.
    /// - Returns: Whether it holds anything that is left out.
    /// - Throws: The error of a call.
    @discardableResult
    private mutating func compare(
        _ directory: OpenDirectory,
        _ path: [FilePath],
        _ layers: [Int],
        isHidden: Bool
    ) throws(ImageError) -> Bool {
        if path.count > limits.directoryDepth {
            throw ImageError(
                .limitExceeded,
                "`\(FilePath(joining: path))` is deeper than \(limits.directoryDepth) directories"
            )
        }
        let names = try system("list", path) { () throws(SystemError) in try directory.descriptor.entries() }
        let isOpaque = try system("look at", path) { () throws(SystemError) in
            if isHidden { return true }
            return try OverlayMark.isOpaque(directory.descriptor)
        }
        var hidesSome = false
        var all = Set(names)
        if isOpaque, !layers.isEmpty {
            all.formUnion(
                try system("list the layers below", path) { () throws(SystemError) in
                    try lower.names(in: FilePath(joining: path), layers: layers)
                }
            )
        }
        for name in all.sorted() {
            if ignored.contains(FilePath(joining: path + [name])) {
                hidesSome = true
            } else {
                try compare(name, in: directory, path, layers, isHidden: isOpaque)
            }
        }
        return hidesSome
    }

    private mutating func compare(
        _ name: FilePath,
        in directory: OpenDirectory,
        _ parent: [FilePath],
        _ layers: [Int],
        isHidden: Bool
    ) throws(ImageError) {
        let path = parent + [name]
        let file = FilePath(joining: path)
        let below = try system("look up in the layers below", path) { () throws(SystemError) in
            layers.isEmpty ? LowerLayers.Node.absent : try lower.lookUp(file, in: layers)
        }
        let status = try system("look up", path) { () throws(SystemError) in
            try directory.descriptor.status(of: name)
        }
        guard let status, !OverlayMark.isWhiteout(status) else {
            if case .absent = below { return }
            return try add(.removed, file)
        }
        let place = changes.count
        switch below {
        case .absent: try add(.added, file)
        case .file: try add(.modified, file)
        case .directory(let found):
            let isReplaced = status.kind != .directory
            let differs = isReplaced ? true : try differs(status, from: file, in: found)
            if differs { try add(.modified, file) }
        }
        guard status.kind == .directory, let child = try open(name, in: directory, path) else { return }
        let isListed = changes.count > place
        var found: [Int] = []
        if case .directory(let layers) = below { found = layers }
        let hidesSome = try compare(child, path, found, isHidden: isHidden)
        if !isListed, changes.count > place {
            changes.insert(Change(.modified, file), at: place)
        } else if isListed, hidesSome, changes.count == place + 1, case .absent = below {
            // It was made for what is left out.
            changes.removeLast()
        }
    }

    private func open(
        _ name: FilePath,
        in directory: OpenDirectory,
        _ path: [FilePath]
    ) throws(ImageError) -> OpenDirectory? {
        try system("open", path) { () throws(SystemError) in
            do throws(SystemError) {
                return OpenDirectory(try directory.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            } catch  where [ENOENT, ENOTDIR, ELOOP].contains(error.number) {
                return nil
            }
        }
    }

    private func differs(_ status: FileStatus, from path: FilePath, in layers: [Int]) throws(ImageError) -> Bool {
        guard let layer = layers.first else { return true }
        let other = try ImageError.system("look at \(path) in the layers below") { () throws(SystemError) in
            try lower.open(path, in: layer).status()
        }
        return status.permissions != other.permissions || status.uid != other.uid || status.gid != other.gid
    }

    private mutating func add(_ kind: Change.Kind, _ path: FilePath) throws(ImageError) {
        if changes.count >= limits.entryCount {
            throw ImageError(.limitExceeded, "more than \(limits.entryCount) files differ")
        }
        changes.append(Change(kind, path))
    }

    private func system<Result: ~Copyable>(
        _ action: String,
        _ path: [FilePath],
        _ body: () throws(SystemError) -> Result
    ) throws(ImageError) -> Result {
        try ImageError.system("\(action) `/\(FilePath(joining: path))`", body)
    }
}
