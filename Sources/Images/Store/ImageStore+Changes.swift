// SPDX-License-Identifier: Apache-2.0

import Linux
package import OCI

extension ImageStore {
    /// Reads a name of an image.
    static func parse(_ text: String) throws(ImageError) -> ImageReference {
        do {
            return try ImageReference(text)
        } catch {
            throw ImageError(.invalidReference, "\(error)")
        }
    }

    /// Gives an image one more name.
    ///
    /// - Parameters:
    ///   - text: The image, as ``inspect(_:)`` takes it.
    ///   - name: The new name, which is taken away from the image that has it.
    /// - Throws: ``ImageError/Code/notFound``, ``ImageError/Code/invalidReference``, or the error of a call.
    package func tag(_ text: String, as name: String) throws(ImageError) {
        let reference = try Self.parse(name)
        if reference.digest != nil {
            throw ImageError(.invalidReference, "`\(name)` has a digest; give a name with a tag")
        }
        try content.locked { () throws(ImageError) in
            var index = try readIndex()
            let (target, _) = try find(text, in: Self.entries(of: index))
            Self.put(target, [reference], at: .now, in: &index)
            try writeIndex(index)
        }
    }

    /// Removes a name of an image, and the image with its last one.
    ///
    /// - Parameters:
    ///   - text: A name, which alone is removed while there are others, or an id.
    ///   - force: Whether an image with several names can be removed by its id.
    ///   - neededLayers: Chain ids of layers that are kept also where no image has them, because a container does.
    /// - Returns: What was removed.
    /// - Throws: ``ImageError/Code/conflict`` where the id is of an image with several names.
    package func remove(
        _ text: String,
        force: Bool = false,
        keeping neededLayers: Set<Digest> = []
    ) throws(ImageError) -> Removal {
        try content.locked { () throws(ImageError) in
            var index = try readIndex()
            let (target, references) = try find(text, in: Self.entries(of: index))
            let id = (try? image(target, []))?.id ?? target.digest
            var removal = Removal()
            let named = (try? ImageReference(text)).flatMap { references.contains($0) ? $0 : nil }
            if let named, references.count > 1 {
                index.manifests.removeAll { Self.reference(of: $0) == named }
                removal.untagged = [named]
            } else {
                if references.count > 1, !force {
                    let names = references.map(\.familiar).joined(separator: ", ")
                    throw ImageError(.conflict, "image \(id.short) has several names: \(names); remove each, or force")
                }
                index.manifests.removeAll { $0.digest == target.digest }
                removal.untagged = references
                removal.deleted = [id]
            }
            try writeIndex(index)
            try sweep(index, keeping: neededLayers, &removal)
            return removal
        }
    }

    /// Takes a name away from an image, which stays, with or without other names.
    ///
    /// - Parameter reference: The name; that nothing has it is no error.
    /// - Throws: The error of a call.
    package func untag(_ reference: ImageReference) throws(ImageError) {
        try content.locked { () throws(ImageError) in
            var index = try readIndex()
            Self.remove(reference, from: &index)
            try writeIndex(index)
        }
    }

    /// Removes images that nothing needs, and content and layers that no image needs.
    ///
    /// - Parameters:
    ///   - includesNamed: Whether images with names can go.
    ///   - neededLayers: Chain ids of layers that are kept also where no image has them, because a container does.
    ///   - isNeeded: Whether an image that could go is kept.
    /// - Returns: What was removed.
    /// - Throws: What is wrong with an image: as long as one cannot be read, nothing is removed.
    package func prune(
        includingNamed includesNamed: Bool = false,
        keepingLayers neededLayers: Set<Digest> = [],
        keeping isNeeded: (StoredImage) -> Bool = { _ in false }
    ) throws(ImageError) -> Removal {
        try content.removeAbandoned()
        return try content.locked { () throws(ImageError) in
            var index = try readIndex()
            var removal = Removal()
            for (target, references) in Self.entries(of: index) where references.isEmpty || includesNamed {
                let image = try image(target, references)
                if isNeeded(image) { continue }
                removal.untagged += image.references
                removal.deleted.append(image.id)
                index.manifests.removeAll { $0.digest == target.digest }
            }
            try writeIndex(index)
            try sweep(index, keeping: neededLayers, &removal)
            return removal
        }
    }

    /// Removes content and layers that neither the index nor a record of a build leads to; the store is locked.
    ///
    /// - Parameters:
    ///   - index: The index as written.
    ///   - neededLayers: Layers that are kept in any case.
    ///   - removal: Gets the bytes of content that are free again and the layers that are gone.
    /// - Throws: What is wrong with a document that the index leads to; nothing is removed then.
    func sweep(
        _ index: ImageIndex,
        keeping neededLayers: Set<Digest>,
        _ removal: inout Removal
    ) throws(ImageError) {
        var needed: Set<Digest> = []
        var chains = neededLayers
        for entry in index.manifests { try mark(entry, depth: 0, &needed, &chains) }
        for (record, _) in try cacheRecords() {
            needed.insert(record.layer.content.digest)
            chains.insert(record.chainID)
        }
        let pinned = pins.all
        needed.formUnion(pinned)
        chains.formUnion(pinned)
        for (digest, size) in try content.all() where !needed.contains(digest) {
            try content.remove(digest)
            removal.reclaimed += size
        }
        removal.layers = try layers.prune(keeping: chains)
    }

    /// Adds all that a descriptor leads to, as far as it is there.
    private func mark(
        _ descriptor: ContentDescriptor,
        depth: Int,
        _ needed: inout Set<Digest>,
        _ chains: inout Set<Digest>
    ) throws(ImageError) {
        guard needed.insert(descriptor.digest).inserted, depth <= limits.indexDepth + 1 else { return }
        guard try content.size(of: descriptor.digest) != nil else { return }
        let bytes = try content.document(descriptor.digest, limit: limits.documentSize)
        switch try Documents.decode(ImageDocument.self, bytes, "manifest \(descriptor.digest)") {
        case .index(let index):
            for child in index.manifests { try mark(child, depth: depth + 1, &needed, &chains) }
        case .manifest(let manifest):
            needed.insert(manifest.config.digest)
            needed.formUnion(manifest.layers.map(\.digest))
            guard !descriptor.isAttestation, manifest.config.mediaType.isImageConfig,
                try content.size(of: manifest.config.digest) != nil
            else {
                return
            }
            let config = try config(of: manifest)
            chains.formUnion(LayerStore.chainIDs(of: config.rootfs.diffIDs))
        }
    }
}
