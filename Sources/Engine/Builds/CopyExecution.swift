// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux
import OCI

/// A source of a copy with the files that it stands for.
struct CopySource: Sendable {
    /// What stands in the Dockerfile.
    var item: CopyStep.Item?
    /// Where the files are; nil where they stand in the Dockerfile, or nowhere.
    var tree: SourceTree?
    var files: [SelectedFile]
}

/// Copies files upon those of a step, and makes a layer of them; all of it waits in the kernel.
struct CopyExecution: Sendable {
    let session: BuildSession
    let step: CopyStep
    /// The files that it changes.
    let base: BuildTree
    /// Whose the files are; nil for that of where they come from.
    let owner: FileOwner?

    private var engine: Engine { session.engine }

    /// Copies.
    ///
    /// - Parameter sources: The sources.
    /// - Returns: The layer, pinned once.
    /// - Throws: What is in the way, or cannot be read.
    func run(_ sources: [CopySource]) throws -> StoredLayer {
        let count = sources.reduce(0) { $0 + ($1.item?.file == nil ? $1.files.count : 1) }
        if count > 1, !step.destination.hasSuffix("/"), step.destination != "/" {
            throw EngineError(
                .badParameter,
                "the destination `\(step.destination)` has to end with a slash, since \(count) files are copied to it"
            )
        }
        return try change { root, folder in
            for source in sources { try copy(source, to: root) }
        }
    }

    /// Makes a folder.
    ///
    /// - Parameter path: The folder.
    /// - Returns: The layer, pinned once.
    /// - Throws: What is in the way.
    func make(_ path: String) throws -> StoredLayer {
        try change { root, folder in
            let none = SourceTree(root: root, name: "", keepsOwners: true)
            try FileCopier(from: none, to: root, options).makeFolder(path)
        }
    }

    private var options: FileCopier.Options {
        var options = FileCopier.Options()
        options.owner = owner.map { ($0.uid, $0.gid) }
        options.mode = step.mode
        if let epoch = session.epoch { options.time = epoch }
        return options
    }

    /// Has a function change the files, and makes a layer of the changes.
    private func change(_ body: (SharedDescriptor, ContainerFolder) throws -> Void) throws -> StoredLayer {
        var generator = SystemRandomNumberGenerator()
        let folder = ContainerFolder(path: "\(session.folder)/\(ObjectID(using: &generator))")
        try folder.prepare()
        defer {
            try? folder.discard(to: engine.trash.path)
            engine.trash.empty()
        }
        let layers = try engine.images.unpack(base.layers)
        do {
            let mount = try folder.mountRoot(on: layers, below: engine.base.empty)
            let root = try mount.open(".", O_RDONLY | O_DIRECTORY, resolution: .beneath)
            try body(SharedDescriptor(root), folder)
        }
        return try LayerMaker(upper: folder.upper, layers: layers, latest: session.epoch).make(in: engine.images)
    }

    private func copy(_ source: CopySource, to root: SharedDescriptor) throws {
        if let file = source.item?.file {
            let none = SourceTree(root: root, name: "", keepsOwners: true)
            let name = FilePath(file.name.utf8) ?? "file"
            return try FileCopier(from: none, to: root, options)
                .make(name, Array(file.content.utf8), at: step.destination)
        }
        guard let tree = source.tree else {
            throw EngineError(
                .notFound,
                "\"\(source.item?.path ?? "")\" is not there: the stage that it is copied from has no files"
            )
        }
        var plain: [SelectedFile] = []
        for file in source.files {
            if step.unpacks, !step.keepsParents, try ArchiveFile.isArchive(file, of: tree) {
                try unpack(file, of: tree, into: root)
            } else {
                plain.append(file)
            }
        }
        try FileCopier(from: tree, to: root, options).copy(plain, to: step.destination)
    }

    private func unpack(_ file: SelectedFile, of tree: SourceTree, into root: SharedDescriptor) throws {
        let none = SourceTree(root: root, name: "", keepsOwners: true)
        try FileCopier(from: none, to: root, options).makeFolder(step.destination)
        var unpacking = TreeUnpacker.Options()
        unpacking.owner = owner.map { ($0.uid, $0.gid) }
        let archive = DescriptorSource(try tree.open(file.path, O_RDONLY), name: "\(FilePath(joining: file.path))")
        guard let path = FilePath(step.destination.utf8) else { return }
        do throws(ImageError) {
            try TreeUnpacker.unpack(archive, into: root.descriptor, at: path, unpacking)
        } catch {
            throw EngineError(
                .badParameter,
                "cannot unpack `\(FilePath(joining: file.path))` of \(tree.name): \(error)"
            )
        }
    }
}

/// Tells archives from other files, by what they hold.
enum ArchiveFile {
    /// Whether a file is a tar, compressed or not.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - tree: Where it is.
    /// - Returns: Whether its first entry can be read.
    /// - Throws: The error of a call.
    static func isArchive(_ file: SelectedFile, of tree: SourceTree) throws -> Bool {
        // Nothing smaller has a header.
        guard file.status.kind == .regular, file.status.size > 20 else { return false }
        let source = DescriptorSource(try tree.open(file.path, O_RDONLY), name: "\(FilePath(joining: file.path))")
        return TarReader.isArchive(source)
    }
}

extension CopyStep {
    /// A copy of all files to the root, as they are.
    static var all: CopyStep {
        CopyStep(
            sources: [Item(path: "/")],
            destination: "/",
            isLinked: false,
            keepsParents: false,
            excluded: [],
            unpacks: false,
            unpacksRemote: false
        )
    }
}
