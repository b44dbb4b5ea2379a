// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import OCI

// What builds keep: a record for each step, beside the images, by the digest of its key.
extension ImageStore {
    private static let folder: FilePath = "build-cache"
    /// No record is larger.
    private static let recordSize = 4 << 20

    private func records() throws(ImageError) -> ContentStore.OpenFolder {
        try ImageError.system("open the build cache") { () throws(SystemError) in
            try content.root.folder(Self.folder)
        }
    }

    /// Whether anything was ever built.
    private func isThere() throws(ImageError) -> Bool {
        try ImageError.system("look for the build cache") { () throws(SystemError) in
            try content.root.descriptor.status(of: Self.folder) != nil
        }
    }

    // MARK: Layers

    /// Takes a layer in.
    ///
    /// Nothing leads to it yet: it is pinned once, and whoever unpins it has a record or an image keep it before.
    ///
    /// - Parameter body: Writes the tar of the layer.
    /// - Returns: The layer.
    /// - Throws: What `body` throws, or the error of a call.
    package func addLayer(_ body: (any ByteSink) throws -> Void) throws(ImageError) -> StoredLayer {
        let ingest = Ingest(in: content)
        let blob = try Self.add(to: ingest, body)
        pins.pin([blob.digest])
        do {
            // Until an image has it, a layer whose name is lost is made again.
            try content.locked { () throws(ImageError) in try ingest.commit([blob.digest], outlastsMachine: false) }
        } catch {
            pins.unpin([blob.digest])
            throw error
        }
        let descriptor = ContentDescriptor(mediaType: .layer, digest: blob.digest, size: blob.size)
        return StoredLayer(diffID: blob.digest, content: descriptor)
    }

    /// Unpacks layers that lie upon one another where they are not yet.
    ///
    /// - Parameter stack: The layers from the base to the top.
    /// - Returns: Their roots in the same order.
    /// - Throws: What is wrong with a layer.
    package func unpack(_ stack: [StoredLayer]) throws(ImageError) -> [SharedDescriptor] {
        try layers.unpack(stack.map(\.diffID)) { [content] (index) throws(ImageError) in
            try content.open(stack[index].content.digest)
        }
    }

    /// Whether all bytes of layers are there.
    package func contains(_ stack: [StoredLayer]) throws(ImageError) -> Bool {
        for layer in stack where try content.size(of: layer.content.digest) == nil { return false }
        return true
    }

    // MARK: Records

    /// What a step has made before.
    ///
    /// - Parameter key: The digest of all that the result depends on.
    /// - Returns: The record; nil where there is none, or what it has made is gone.
    /// - Throws: The error of a call.
    package func cached(_ key: Digest) throws(ImageError) -> CacheRecord? {
        let folder = try records()
        guard let record = try read(ContentStore.fileName(key), in: folder), record.key == key,
            try contains([record.layer])
        else { return nil }
        // When it was used last is the time of the file; that it cannot be set is no reason to do the step again.
        if let file = try? folder.descriptor.open(ContentStore.fileName(key), O_RDONLY | O_NOFOLLOW) {
            try? file.setTimes(access: .now, modification: .now)
        }
        return record
    }

    /// Keeps the record of a step, and with it the layer that it names.
    ///
    /// A crash of the machine may take it away, or leave a part of it, which is none: the step is done again then.
    ///
    /// - Parameter record: The record, which takes the place of one with the same key.
    /// - Throws: The error of a call.
    package func keep(_ record: CacheRecord) throws(ImageError) {
        let bytes = try Documents.encode(record)
        try content.locked { () throws(ImageError) in
            let folder = try records()
            try ImageError.system("write down a step of the build") { () throws(SystemError) in
                let name = ContentStore.fileName(record.key)
                let temporary = FilePath(Array(name.bytes) + Array(".new".utf8)) ?? name
                let file = try folder.descriptor.open(
                    temporary,
                    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
                    mode: 0o600
                )
                try file.write(bytes)
                try folder.descriptor.rename(temporary, to: folder.descriptor, name, replacing: true)
            }
        }
    }

    /// All records that can be read, the last used ones first.
    ///
    /// - Returns: The records, each with the time of its last use.
    /// - Throws: The error of a call.
    package func cacheRecords() throws(ImageError) -> [(record: CacheRecord, used: FileTime)] {
        guard try isThere() else { return [] }
        let folder = try records()
        let names = try ImageError.system("list the build cache") { () throws(SystemError) in
            try folder.descriptor.entries()
        }
        var found: [(record: CacheRecord, used: FileTime)] = []
        for name in names where Digest(.sha256, hex: name.description) != nil {
            guard let record = try read(name, in: folder),
                let status = try? folder.descriptor.status(of: name)
            else { continue }
            found.append((record, status.modificationTime))
        }
        return found.sorted { $0.used > $1.used }
    }

    /// Forgets steps of builds; their layers go as far as no image needs them.
    ///
    /// - Parameters:
    ///   - neededLayers: Chain ids of layers that are kept in any case.
    ///   - isWanted: Whether a record stays, with the time of its last use.
    /// - Returns: The keys that are gone, and what was removed with them.
    /// - Throws: The error of a call, or what is wrong with an image: nothing is removed then but records.
    package func pruneCache(
        keepingLayers neededLayers: Set<Digest>,
        keeping isWanted: (CacheRecord, FileTime) -> Bool
    ) throws(ImageError) -> (keys: [Digest], removal: Removal) {
        try content.locked { () throws(ImageError) in
            let folder = try records()
            var keys: [Digest] = []
            for (record, used) in try cacheRecords() where !isWanted(record, used) {
                try ImageError.system("forget a step of a build") { () throws(SystemError) in
                    try folder.descriptor.remove(ContentStore.fileName(record.key))
                }
                keys.append(record.key)
            }
            var removal = Removal()
            try sweep(try readIndex(), keeping: neededLayers, &removal)
            return (keys, removal)
        }
    }

    /// Reads a record; nil where it is not there, or is none: then it is left alone.
    private func read(_ name: FilePath, in folder: ContentStore.OpenFolder) throws(ImageError) -> CacheRecord? {
        let file: Descriptor
        do {
            file = try folder.descriptor.open(name, O_RDONLY | O_NOFOLLOW)
        } catch  where error.number == ENOENT {
            return nil
        } catch {
            throw ImageError(.system, "cannot open a record of the build cache", cause: error)
        }
        guard let bytes = try? file.contents(limit: Self.recordSize) else { return nil }
        return try? Documents.decode(CacheRecord.self, bytes, "the record")
    }

    // MARK: Images

    /// Makes an image of layers that are in the store, or one for each of several platforms.
    ///
    /// - Parameters:
    ///   - images: The config of each, whose layers are those given, from the base to the top.
    ///   - names: What it is to be called; none keeps it without a name.
    /// - Returns: The image; of several that which is the best for this machine.
    /// - Throws: ``ImageError/Code/invalidReference``, ``ImageError/Code/notFound`` where a layer is gone, or the error of a
    ///   call.
    package func make(
        _ images: [(config: ImageConfig, layers: [StoredLayer])],
        as names: [String]
    ) throws(ImageError) -> LoadedImage {
        var references: [ImageReference] = []
        for name in names { references.append(try Self.parse(name)) }
        let ingest = Ingest(in: content)
        var made: [(image: Loadable, platform: Platform)] = []
        for (config, stack) in images {
            var config = config
            config.rootfs.diffIDs = stack.map(\.diffID)
            let blob = try ingest.add(document: Documents.encode(config))
            let manifest = ImageManifest(
                config: ContentDescriptor(mediaType: .imageConfig, digest: blob.digest, size: blob.size),
                layers: stack.map(\.content)
            )
            made.append((try makeLoadable(manifest, references, ingest), config.platform))
        }
        let ranked = made.map { (image: $0.image, distance: Platform.current.distance(to: $0.platform) ?? .max) }
        guard var result = ranked.min(by: { $0.distance < $1.distance })?.image else {
            throw ImageError(.invalidDocument, "an image has to be for a platform at least")
        }
        if made.count > 1 {
            let index = ImageIndex(manifests: made.map(\.image.target))
            let blob = try ingest.add(document: Documents.encode(index))
            result.target = ContentDescriptor(mediaType: .imageIndex, digest: blob.digest, size: blob.size)
            result.digests = made.reduce(into: [blob.digest]) { $0.formUnion($1.image.digests) }
        }
        try keep([result], from: ingest, needing: images.flatMap(\.layers).map(\.content.digest))
        return LoadedImage(id: result.id, references: references)
    }
}
