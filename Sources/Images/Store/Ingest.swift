// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import OCI

/// Content on its way into the store, in a folder of its own.
///
/// Nobody sees it before it is committed, and what is not committed goes with this object. A folder whose process has died
/// is removed by the next ``ContentStore/removeAbandoned()``: each is locked as long as it is in use.
package final class Ingest {
    /// A whole content.
    package struct Blob: Hashable, Sendable {
        package var digest: Digest
        /// In bytes.
        package var size: Int64
        var compression: Compression?
    }

    private final class Work {
        let folder: ContentStore.WorkFolder

        init(in store: ContentStore) throws(SystemError) {
            folder = try ContentStore.WorkFolder(in: store.staging, prefix: "")
        }
    }

    private let store: ContentStore
    /// Nil while there is nothing new.
    private var opened: Work?
    private(set) var blobs: [Digest: Blob] = [:]
    /// Documents that the store has already.
    private var known: [Digest: [UInt8]] = [:]
    private var fileCount = 0

    package init(in store: ContentStore) {
        self.store = store
    }

    deinit {
        // What cannot be removed now is removed later.
        if let opened { try? store.staging.descriptor.removeTree(opened.folder.name) }
    }

    private func work() throws(ImageError) -> Work {
        if let opened { return opened }
        let new = try ImageError.system("create a folder for new content") { () throws(SystemError) in
            try Work(in: store)
        }
        opened = new
        return new
    }

    /// Whether there is nothing that the store did not have.
    var isEmpty: Bool { opened == nil }

    /// What a content must be.
    package struct Expectation: Sendable {
        package var digest: Digest?
        package var size: Int64?

        package init(digest: Digest? = nil, size: Int64? = nil) {
            self.digest = digest
            self.size = size
        }
    }

    /// Takes in all bytes of a source.
    ///
    /// - Parameters:
    ///   - source: The bytes.
    ///   - expectation: What they must be.
    /// - Returns: What they are.
    /// - Throws: ``ImageError/Code/digestMismatch``, or what reading and writing throw.
    @discardableResult
    package func add(
        _ source: any ByteSource,
        expecting expectation: Expectation = Expectation()
    ) throws(ImageError) -> Blob {
        try add(expecting: expectation) { (write) throws(ImageError) in try source.forEachChunk(write) }
    }

    /// Takes in a small content, which is written only where the store does not have it.
    ///
    /// - Parameter document: Its bytes.
    /// - Returns: What they are.
    /// - Throws: The error of a call.
    func add(document: [UInt8]) throws(ImageError) -> Blob {
        let blob = Blob(digest: Digest(sha256: document), size: Int64(document.count))
        if try store.size(of: blob.digest) != blob.size { return try add(MemorySource(document)) }
        known[blob.digest] = document
        return blob
    }

    /// Takes in a content that was fetched, which keeps its place among those as well.
    func adopt(_ partial: PartialBlob) throws(ImageError) {
        if blobs[partial.digest] != nil { return }
        let work = try work()
        try ImageError.system("keep \(partial.digest)") { () throws(SystemError) in
            try partial.link(into: work.folder.descriptor, as: Self.stagedName(partial.digest))
        }
        let start = UnsafeMutableRawBufferPointer.allocate(byteCount: Compression.magicLength, alignment: 1)
        defer { start.deallocate() }
        let count = try open(partial.digest).read(into: start)
        let compression = Compression.of(UnsafeRawBufferPointer(rebasing: start[..<count]))
        blobs[partial.digest] = Blob(digest: partial.digest, size: partial.size, compression: compression)
    }

    /// Takes in bytes that a function writes.
    func add(
        expecting expectation: Expectation = Expectation(),
        _ body: (_ write: (UnsafeRawBufferPointer) throws(ImageError) -> Void) throws(ImageError) -> Void
    ) throws(ImageError) -> Blob {
        fileCount += 1
        let work = try work()
        let temporary = FilePath("writing-\(fileCount)".utf8) ?? "writing"
        let file = try ImageError.system("create a file for new content") { () throws(SystemError) in
            try work.folder.descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        }
        var isKept = false
        defer { if !isKept { try? work.folder.descriptor.remove(temporary) } }
        var hash = RunningHash(expectation.digest?.algorithm ?? .sha256)
        var size: Int64 = 0
        var start: [UInt8] = []
        var behind = WriteBehind()
        try body { (piece) throws(ImageError) in
            hash.update(piece)
            size += Int64(piece.count)
            if let limit = expectation.size, size > limit { throw Self.wrongSize(expectation, "more") }
            if start.count < Compression.magicLength { start += piece.prefix(Compression.magicLength) }
            do throws(SystemError) {
                try file.write(piece)
            } catch {
                let help = "make room on its disk: `wharf system prune` removes what nothing needs"
                let isFull = error.number == ENOSPC
                throw ImageError(.system, "cannot write new content", cause: error, help: isFull ? help : nil)
            }
            behind.wrote(to: size, of: file)
        }
        if let expected = expectation.size, size != expected { throw Self.wrongSize(expectation, "\(size)") }
        let digest = hash.digest
        if let expected = expectation.digest, digest != expected {
            throw ImageError(.digestMismatch, "the content \(expected) is broken: its digest is \(digest)")
        }
        try ImageError.system("keep \(digest)") { () throws(SystemError) in
            try file.sync()
            try work.folder.descriptor.rename(
                temporary,
                to: work.folder.descriptor,
                Self.stagedName(digest),
                replacing: true
            )
        }
        isKept = true
        let compression = start.withUnsafeBytes { Compression.of($0) }
        let blob = Blob(digest: digest, size: size, compression: compression)
        blobs[digest] = blob
        return blob
    }

    private static func wrongSize(_ expectation: Expectation, _ found: String) -> ImageError {
        let name = expectation.digest.map { "the content \($0)" } ?? "the content"
        return ImageError(.digestMismatch, "\(name) should have \(expectation.size ?? 0) bytes and has \(found)")
    }

    /// A small content as a whole.
    func document(_ digest: Digest, limit: Int) throws(ImageError) -> [UInt8] {
        if let document = known[digest] { return document }
        guard blobs[digest] != nil else { return try store.document(digest, limit: limit) }
        return try open(digest).bytes(limit: limit, of: digest.description)
    }

    /// The config of an image, whose name in errors it is given.
    func config(_ digest: Digest, _ name: String, limit: Int) throws(ImageError) -> ImageConfig {
        try Documents.decode(ImageConfig.self, document(digest, limit: limit), name)
    }

    /// The bytes of a content that was taken in.
    func open(_ digest: Digest) throws(ImageError) -> DescriptorSource {
        let work = try work()
        let file = try ImageError.system("open \(digest)") { () throws(SystemError) in
            try work.folder.descriptor.open(Self.stagedName(digest), O_RDONLY)
        }
        return DescriptorSource(file, name: digest.description)
    }

    /// Size in bytes of a content that is here or in the store.
    func size(of digest: Digest) throws(ImageError) -> Int64? {
        if let size = blobs[digest]?.size ?? known[digest].map({ Int64($0.count) }) { return size }
        return try store.size(of: digest)
    }

    /// Moves content into the store; the store is locked.
    ///
    /// - Parameters:
    ///   - digests: The content, as far as it was taken in here.
    ///   - outlastsMachine: Whether the names of all content that the store has outlive a crash of the machine from now on; the
    ///     content itself does in any case.
    /// - Throws: The error of a call.
    func commit(_ digests: Set<Digest>, outlastsMachine: Bool = true) throws(ImageError) {
        for (digest, document) in known where try store.size(of: digest) == nil {
            // It was removed meanwhile.
            if digests.contains(digest) { try add(MemorySource(document)) }
        }
        let own = digests.filter { blobs[$0] != nil }.sorted()
        for digest in own { try commit(digest) }
        guard outlastsMachine else { return }
        for name in Set(own.map(ContentStore.folderName)) {
            try ImageError.system("keep new content") { () throws(SystemError) in
                try store.blobs.folder(name).descriptor.sync()
            }
        }
    }

    private func commit(_ digest: Digest) throws(ImageError) {
        let work = try work()
        try ImageError.system("keep \(digest)") { () throws(SystemError) in
            let target = try store.blobs.folder(ContentStore.folderName(digest))
            do throws(SystemError) {
                try work.folder.descriptor.rename(
                    Self.stagedName(digest),
                    to: target.descriptor,
                    ContentStore.fileName(digest),
                    replacing: false
                )
            } catch  where error.number == EEXIST {
                // It is the same.
            }
        }
    }

    private static func stagedName(_ digest: Digest) -> FilePath {
        FilePath("\(digest.algorithm.rawValue)-\(digest.hex)".utf8) ?? "."
    }
}

extension ContentStore {
    /// Removes what processes that have died left on its way into the store.
    package func removeAbandoned() throws(ImageError) {
        try ImageError.system("remove abandoned content") { () throws(SystemError) in
            for name in try staging.descriptor.entries() { try WorkFolder.removeAbandoned(name, in: staging) }
        }
    }
}
