// SPDX-License-Identifier: Apache-2.0

import Linux
package import OCI
import Synchronization

/// All content of an image, in the order in which a registry wants it.
package struct ImageContent: Sendable {
    /// Configs and layers, each once.
    package var blobs: [ContentDescriptor] = []
    /// Manifests and indexes, those within others first; the last one is the image.
    package var documents: [(descriptor: ContentDescriptor, bytes: [UInt8])] = []
}

extension ImageStore {
    /// The content of an image: all of its index where it is complete, otherwise that for this machine.
    ///
    /// - Parameter name: The image, as ``inspect(_:)`` takes it.
    /// - Returns: The content.
    /// - Throws: ``ImageError/Code/notFound``, or what is wrong with a document.
    package func wholeContent(of name: String) throws(ImageError) -> ImageContent {
        var blobs: [Digest: Int64] = [:]
        let target = try savedTarget(of: inspect(name), &blobs)
        var (content, seen) = (ImageContent(), Set<Digest>())
        try add(target, depth: 0, to: &content, &seen)
        return content
    }

    private func add(
        _ descriptor: ContentDescriptor,
        depth: Int,
        to content: inout ImageContent,
        _ seen: inout Set<Digest>
    ) throws(ImageError) {
        guard depth <= limits.indexDepth + 1, seen.insert(descriptor.digest).inserted else { return }
        let bytes = try self.content.document(descriptor.digest, limit: limits.documentSize)
        switch try Documents.decode(ImageDocument.self, bytes, "manifest \(descriptor.digest)") {
        case .index(let index):
            for child in index.manifests { try add(child, depth: depth + 1, to: &content, &seen) }
        case .manifest(let manifest):
            for part in manifest.layers + [manifest.config] where seen.insert(part.digest).inserted {
                content.blobs.append(part)
            }
        }
        content.documents.append((descriptor, bytes))
    }

    /// The repositories of a registry whose images have a content, by the names that images have here.
    package func repositories(of registry: String, having digest: Digest) throws(ImageError) -> [String] {
        let images = try list().images.filter { $0.manifest.layers.contains { $0.digest == digest } }
        return Set(images.flatMap(\.references).filter { $0.registry == registry }.map(\.repository)).sorted()
    }
}

/// The bytes of a content, piece by piece.
package final class StoredPieces: Sendable {
    private let file: Descriptor
    private let offset = Mutex<Int64>(0)

    /// Opens a content.
    package init(_ digest: Digest, in store: ContentStore) throws(ImageError) {
        file = try store.file(of: digest)
    }

    /// The next bytes; nil at the end.
    package func next() throws(ImageError) -> [UInt8]? {
        let start = offset.withLock(\.self)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { piece.deallocate() }
        do throws(SystemError) {
            let count = try file.read(into: piece, at: start)
            if count == 0 { return nil }
            offset.withLock { $0 = start + Int64(count) }
            return Array(piece[..<count])
        } catch {
            throw ImageError(.system, "cannot read what is pushed", cause: error)
        }
    }
}
