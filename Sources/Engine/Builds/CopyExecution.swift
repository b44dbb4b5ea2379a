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
    /// Where the files are; nil where they stand in the Dockerfile.
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
    /// Whether a program is run upon them next.
    var precedesProgram = false

    private var engine: Engine { session.engine }

    /// Copies.
    ///
    /// - Parameter sources: The sources.
    /// - Returns: The layer, pinned once.
    /// - Throws: What is in the way, or cannot be read.
    func run(_ sources: [CopySource]) throws -> MadeLayer {
        let count = sources.reduce(0) { $0 + ($1.item?.file == nil ? $1.files.count : 1) }
        if count > 1, !step.destination.hasSuffix("/"), step.destination != "/" {
            throw EngineError(
                .badParameter,
                "the destination `\(step.destination)` has to end with a slash, since \(count) files are copied to it"
            )
        }
        return try change(inMemory: canBeInMemory(sources)) { root in
            for source in sources { try copy(source, to: root) }
        }
    }

    /// Makes a folder.
    ///
    /// - Parameter path: The folder.
    /// - Returns: The layer, pinned once.
    /// - Throws: What is in the way.
    func make(_ path: String) throws -> MadeLayer {
        try change(inMemory: canBeInMemory([])) { root in
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

    /// What is copied in memory at most; the rest goes by the disk.
    private enum MemoryBound {
        static let bytes: Int64 = 64 << 20
        static let files = 10_000
    }

    /// Whether what is copied can be in memory until it is a layer.
    ///
    /// To make and remove files costs a file system of a disk up to a millisecond each where many were removed before.
    private func canBeInMemory(_ sources: [CopySource]) throws -> Bool {
        // Kernels that take images for layers take what is mounted nowhere as the top of an overlay as well.
        guard try engine.images.layers.newForm() == .image else { return false }
        var (bytes, files): (Int64, Int) = (0, 0)
        func add(_ file: SelectedFile) {
            files += 1
            if file.status.kind == .regular { bytes += file.status.size }
            for child in file.files where files <= MemoryBound.files { add(child) }
        }
        for source in sources {
            bytes += Int64(source.item?.file?.content.utf8.count ?? 0)
            // Nobody knows what an archive holds.
            if let tree = source.tree, tree.isFetched ? step.unpacksRemote : step.unpacks { return false }
            for file in source.files { add(file) }
        }
        return bytes <= MemoryBound.bytes && files <= MemoryBound.files
    }

    /// Has a function change the files, and makes a layer of the changes.
    ///
    /// - Parameters:
    ///   - isInMemory: Whether the changes are kept in memory until then.
    ///   - body: Makes the changes below a root.
    /// - Returns: The layer, pinned once.
    /// - Throws: What `body` throws, or what cannot be mounted or read.
    private func change(inMemory isInMemory: Bool, _ body: (SharedDescriptor) throws -> Void) throws -> MadeLayer {
        // What is in the way there is in the way on the disk as well, where it is told with a path that says something.
        if isInMemory, let layer = try? changeInMemory(body) { return layer }
        var generator = SystemRandomNumberGenerator()
        let place = PassingFolder("\(session.folder)/\(ObjectID(using: &generator))", engine)
        var layer = try change(in: place.folder, body)
        layer.folder = place.written
        return layer
    }

    private func changeInMemory(_ body: (SharedDescriptor) throws -> Void) throws -> MadeLayer {
        let options: [(key: String, value: MountParameter)] = [
            ("mode", .text("0700")), ("size", .text("\(2 * MemoryBound.bytes)")),
            ("nr_inodes", .text("\(4 * MemoryBound.files)")),
        ]
        // Attached nowhere: it goes with its descriptor.
        let memory = SharedDescriptor(try Descriptor.newMount("tmpfs", parameters: options))
        return try withExtendedLifetime(memory) {
            let folder = ContainerFolder(path: "\(memory.descriptor.path)/copy", endsWithMachine: true)
            var layer = try change(in: folder, body)
            let root = try Descriptor.open(folder.upper, O_RDONLY | O_DIRECTORY)
            layer.folder = WrittenFolder(root: SharedDescriptor(root, upon: memory), isInMemory: true)
            return layer
        }
    }

    private func change(in folder: ContainerFolder, _ body: (SharedDescriptor) throws -> Void) throws -> MadeLayer {
        try folder.prepare()
        let layers = try session.fresh.roots(of: base, in: engine.images)
        do {
            let mount = try folder.mountRoot(on: layers, below: engine.base.empty)
            let root = try mount.open(".", O_RDONLY | O_DIRECTORY, resolution: .beneath)
            try body(SharedDescriptor(root))
        }
        // The wait passes while the layer is made.
        if precedesProgram { engine.trees.anticipateMove() }
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
            throw EngineError(.failed, "\"\(source.item?.path ?? "")\" has nowhere to come from")
        }
        var plain: [SelectedFile] = []
        let unpacks = tree.isFetched ? step.unpacksRemote : step.unpacks
        for file in source.files {
            if unpacks, !step.keepsParents, try ArchiveFile.isArchive(file, of: tree) {
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
        let archive = DescriptorSource(try tree.open(file.path, O_RDONLY), name: "\(FilePath(joining: file.path))")
        let place = FilePath(joining: try root.descriptor.resolve(step.destination))
        let folder = try root.descriptor.open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolution: .noLinks)
        do throws(ImageError) {
            // Its files have the owners that it says, also where the copy has another one: as with BuildKit. Links on their way
            // lead nowhere but below the destination.
            try TreeUnpacker.unpack(archive, into: folder, at: "/")
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
