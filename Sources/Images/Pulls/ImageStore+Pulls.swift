// SPDX-License-Identifier: Apache-2.0

import Linux
package import OCI

/// What was fetched of an image, each part checked.
package struct FetchedImage: Sendable {
    /// What the name stands for: a manifest, or an index of several.
    package var target: ContentDescriptor
    /// The name; nil gives the image none.
    package var reference: ImageReference?
    /// Manifests, indexes and configs, byte for byte.
    package var documents: [(descriptor: ContentDescriptor, bytes: [UInt8])] = []
    /// Layers that were not in the store.
    package var layers: [PartialBlob] = []
    /// Layers that were.
    package var known: [Digest] = []

    package init(_ target: ContentDescriptor, as reference: ImageReference?) {
        self.target = target
        self.reference = reference
    }
}

extension ImageStore {
    /// Keeps an image that was fetched, by the rules for those that are loaded.
    ///
    /// - Parameter fetched: All of the image.
    /// - Returns: The image.
    /// - Throws: What is wrong with it; the store is as before then.
    package func keep(_ fetched: FetchedImage) throws(ImageError) -> StoredImage {
        let ingest = Ingest(in: content)
        for (descriptor, bytes) in fetched.documents {
            let expectation = Ingest.Expectation(digest: descriptor.digest, size: descriptor.size)
            try ingest.add(MemorySource(bytes), expecting: expectation)
        }
        for layer in fetched.layers { try ingest.adopt(layer) }
        guard var image = try layoutImage(fetched.target, ingest) else {
            throw ImageError(.notFound, "a part of image \(fetched.target.digest) was removed meanwhile; pull it again")
        }
        image.references = fetched.reference.map { [$0] } ?? []
        try keep([image], from: ingest, needing: fetched.known)
        return try inspect(fetched.reference?.description ?? image.id.description)
    }

    /// Notes that a name stands for the same image as before.
    ///
    /// - Parameter reference: The name.
    /// - Throws: ``ImageError/Code/notFound`` where nothing has it, or the error of a call.
    package func confirm(_ reference: ImageReference) throws(ImageError) {
        try content.locked { () throws(ImageError) in
            var index = try readIndex()
            let (target, _) = try find(reference.description, in: Self.entries(of: index))
            Self.put(target, [reference], at: .now, in: &index)
            try writeIndex(index)
        }
    }

    /// The best of several manifests for a platform.
    ///
    /// - Parameters:
    ///   - index: The manifests.
    ///   - platform: What the image is to run on.
    /// - Returns: The manifest, or an index within the index where one is for the platform; nil where none is.
    package static func choose(from index: ImageIndex, for platform: Platform) -> ContentDescriptor? {
        let candidates = index.manifests.filter { descriptor in
            !descriptor.isAttestation && (descriptor.mediaType.isManifest || descriptor.mediaType.isIndex)
        }
        let ranked = candidates.compactMap { candidate in
            candidate.platform.flatMap(platform.distance(to:)).map { (candidate, $0) }
        }
        if let best = ranked.min(by: { $0.1 < $1.1 }) { return best.0 }
        // Indexes of one image that say nothing about it.
        return candidates.count == 1 && candidates[0].platform == nil ? candidates[0] : nil
    }
}
