// SPDX-License-Identifier: Apache-2.0

package import Linux
import OCI

extension ImageStore {
    /// All images, those with names first, in the order of the names.
    ///
    /// - Returns: The images that can be read, and the errors of those that cannot.
    /// - Throws: What is wrong with the index.
    package func list() throws(ImageError) -> (images: [StoredImage], errors: [ImageError]) {
        var (images, errors): ([StoredImage], [ImageError]) = ([], [])
        for (target, references) in try entries() {
            do {
                images.append(try image(target, references))
            } catch {
                errors.append(error)
            }
        }
        images.sort { left, right in
            let (first, second) = (left.references.first?.description, right.references.first?.description)
            guard let first else { return second == nil && left.id < right.id }
            guard let second else { return true }
            return first < second
        }
        return (images, errors)
    }

    /// An image by its name, or by its id or digest, which may be shortened.
    ///
    /// - Parameter text: `nginx:1`, `sha256:…`, or the first digits of an id.
    /// - Returns: The image.
    /// - Throws: ``ImageError/Code/notFound``, ``ImageError/Code/ambiguous``, or what is wrong with the image.
    package func inspect(_ text: String) throws(ImageError) -> StoredImage {
        let (target, references) = try find(text, in: entries())
        return try image(target, references)
    }

    /// How an image was made, the last step first.
    package func history(of text: String) throws(ImageError) -> [HistoryStep] {
        let image = try inspect(text)
        var layers = zip(image.config.rootfs.diffIDs, image.manifest.layers.map(\.size)).makeIterator()
        var steps: [HistoryStep] = []
        for step in image.config.history ?? [] {
            let layer = step.emptyLayer == true ? nil : layers.next()
            steps.append(HistoryStep(history: step, diffID: layer?.0, storedSize: layer?.1 ?? 0))
        }
        // An image whose history says nothing about a layer.
        while let (diffID, size) = layers.next() {
            steps.append(HistoryStep(history: ImageConfig.History(), diffID: diffID, storedSize: size))
        }
        return steps.reversed()
    }

    /// Unpacks the layers of an image where they are not yet.
    ///
    /// - Parameter image: The image.
    /// - Returns: The roots of the layers, from the base to the top.
    /// - Throws: What is wrong with a layer.
    package func unpack(_ image: StoredImage) throws(ImageError) -> [SharedDescriptor] {
        try layers.unpack(image.config.rootfs.diffIDs) { [content] (index) throws(ImageError) in
            try content.open(image.manifest.layers[index].digest)
        }
    }

    /// The targets of the index with their names.
    func entries() throws(ImageError) -> [(target: ContentDescriptor, references: [ImageReference])] {
        Self.entries(of: try readIndex())
    }

    static func entries(of index: ImageIndex) -> [(target: ContentDescriptor, references: [ImageReference])] {
        var places: [Digest: Int] = [:]
        var entries: [(target: ContentDescriptor, references: [ImageReference])] = []
        for entry in index.manifests {
            let place = places[entry.digest] ?? entries.count
            if place == entries.count { entries.append((entry, [])) }
            places[entry.digest] = place
            if let tagged = entry.annotations[AnnotationKey.tagged] {
                let known = entries[place].target.annotations[AnnotationKey.tagged] ?? ""
                entries[place].target.annotations[AnnotationKey.tagged] = max(known, tagged)
            }
            if let reference = reference(of: entry) { entries[place].references.append(reference) }
        }
        return entries
    }

    typealias Entry = (target: ContentDescriptor, references: [ImageReference])

    func find(_ text: String, in entries: [Entry]) throws(ImageError) -> Entry {
        if let reference = try? ImageReference(text) {
            if let entry = entries.first(where: { $0.references.contains(reference) }) { return entry }
            if let digest = reference.digest,
                let entry = entries.first(where: { entry in
                    entry.target.digest == digest && entry.references.contains { $0.name == reference.name }
                })
            {
                return entry
            }
        }
        if let found = try find(id: text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text, in: entries) {
            return found
        }
        throw ImageError(.notFound, "no such image: \(text)")
    }

    private func find(id: String, in entries: [Entry]) throws(ImageError) -> Entry? {
        let isID = id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isID, (4...64).contains(id.utf8.count) else { return nil }
        var found: (entry: Entry, id: Digest)?
        for entry in entries {
            let isTarget = entry.target.digest.hex.hasPrefix(id)
            // An image that cannot be read cannot be found by its id, but does not hide the others.
            let imageID = (try? image(entry.target, []))?.id
            guard isTarget || imageID?.hex.hasPrefix(id) == true else { continue }
            let entryID = imageID ?? entry.target.digest
            // Archives of different forms give the same image different manifests.
            if let found, found.id != entryID {
                throw ImageError(.ambiguous, "more than one image has an id that starts with \(id); give more digits")
            }
            if found == nil { found = (entry, entryID) }
        }
        return found?.entry
    }
}
