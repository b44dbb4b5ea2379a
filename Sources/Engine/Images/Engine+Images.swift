// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images
package import Linux
import OCI

extension Engine {
    /// The images; the filters are those of `GET /images/json`.
    ///
    /// All images are told, with `showsAll` or without: there are no intermediate ones.
    package func listImages(showsAll: Bool, _ filters: Filters) async throws -> [ImageSummary] {
        try await withImages { store in
            let images = try store.distinct()
            let filter = try ImageFilter(filters, keys: ImageFilter.listKeys) { name in
                do {
                    return try store.inspect(name).created ?? Timestamp(seconds: 0)
                } catch let error as ImageError {
                    throw EngineError(error, about: name)
                }
            }
            return images.compactMap { filter.accept($0) }.map { ImageSummary($0) }
                .sorted { ($1.created, $0.id) < ($0.created, $1.id) }
        }
    }

    package func inspectImage(_ name: String) async throws -> ImageInspection {
        try await withImages(about: name) { store in
            let image = try store.whole(name)
            let chain = LayerStore.chainIDs(of: image.config.rootfs.diffIDs)
            return try ImageInspection(image, layers: chain.map { try store.layers.path(of: $0) })
        }
    }

    /// How an image was made, the last step first.
    package func imageHistory(of name: String) async throws -> [ImageHistoryItem] {
        try await withImages(about: name) { store in
            let image = try store.whole(name)
            var items = try store.history(of: name).map { ImageHistoryItem($0) }
            if !items.isEmpty {
                items[0].id = image.id.description
                items[0].tags = image.tags
            }
            return items
        }
    }

    /// Gives an image one more name.
    package func tagImage(_ name: String, repository: String, tag: String) async throws {
        let reference = try Self.reference(
            repository,
            tag: tag,
            forbidding: "refusing to create a tag with a digest reference"
        )
        let image = try await withImages(about: name) { store in
            try store.tag(name, as: reference.description)
            return try store.inspect(reference.description)
        }
        emit("image", "tag", of: image, named: reference.familiar)
    }

    /// The name that a repository and a tag give together.
    static func reference(
        _ repository: String,
        tag: String,
        forbidding message: String
    ) throws(EngineError) -> ImageReference {
        let reference: ImageReference
        do {
            reference = try ImageReference(tag.isEmpty ? repository : "\(repository):\(tag)")
        } catch {
            throw EngineError(.badParameter, "invalid reference format: \(error)")
        }
        if reference.digest != nil { throw EngineError(.badParameter, message) }
        return reference
    }

    /// Tells of an image.
    func emit(_ type: String, _ action: String, of image: StoredImage, named name: String) {
        var attributes = image.labels
        attributes["name"] = name
        emit(type, action, id: image.id.description, attributes: attributes)
    }

    /// Reads an archive of images.
    ///
    /// - Parameters:
    ///   - archive: The archive, to the end of the pipe or file.
    ///   - progress: Gets each line of the answer.
    /// - Throws: What is wrong with the archive.
    package func loadImages(
        from archive: consuming Descriptor,
        progress: @escaping @Sendable (ProgressLine) async -> Void
    ) async throws {
        let box = DescriptorBox(archive)
        let loaded = try await withImages { store -> [(name: String?, image: StoredImage)] in
            guard let archive = box.take() else { return [] }
            return try store.load(DescriptorSource(archive, name: "the archive")).flatMap { loaded in
                let image = try store.inspect(loaded.id.description)
                let names = loaded.references.map(\.familiar)
                return names.isEmpty ? [(nil, image)] : names.map { ($0, image) }
            }
        }
        for (name, image) in loaded {
            emit("image", "load", of: image, named: name ?? image.id.description)
            await progress(name.map { .loaded($0) } ?? .loaded(id: image.id.description))
        }
    }

    /// Makes an image of a root file system.
    ///
    /// - Parameters:
    ///   - tar: The root file system, to the end of the pipe or file.
    ///   - repository: The name of the image; empty for none.
    ///   - tag: Its tag; empty is `latest`.
    ///   - message: What its history says; empty says where it came from.
    ///   - changes: Lines of a Dockerfile, such as `CMD ["sh"]`.
    /// - Returns: The identifier of the image.
    /// - Throws: `badParameter` for the name, an instruction or the archive.
    package func importImage(
        from tar: consuming Descriptor,
        repository: String,
        tag: String,
        message: String,
        changes: [String]
    ) async throws -> String {
        let box = DescriptorBox(tar)
        var reference: ImageReference?
        if !repository.isEmpty {
            reference = try Self.reference(repository, tag: tag, forbidding: "cannot import digest reference")
        }
        let name = reference
        var instructions = ImageChanges()
        try instructions.apply(changes)
        let config = instructions.config
        let image = try await withImages { store -> StoredImage? in
            guard let tar = box.take() else { return nil }
            let loaded = try store.importRoot(
                DescriptorSource(tar, name: "the archive"),
                as: name?.description,
                container: config,
                message: message.isEmpty ? "Imported from -" : message
            )
            return try store.inspect(loaded.id.description)
        }
        guard let image else { throw EngineError(.failed, "the archive to import was taken before") }
        emit("image", "import", of: image, named: name?.familiar ?? image.id.description)
        return image.id.description
    }

    /// Writes images into an archive that ``loadImages(from:progress:)`` and other engines read.
    ///
    /// A name without a tag means all tags of its repository, and an image without one where there is none.
    package func saveImages(_ names: [String]) async throws -> ByteStream {
        if names.isEmpty { throw EngineError(.badParameter, "no image to save was named") }
        var saved: [String] = []
        for name in names {
            let found = try await withImages(about: name) { store -> (images: [StoredImage], names: [String]) in
                let image = try? store.inspect(name)
                let all = try store.tagsOfRepository(name)
                if all.isEmpty { return ([try image ?? store.inspect(name)], [name]) }
                return (try all.map { try store.inspect($0.description) }, all.map(\.description))
            }
            saved += found.names
            for image in found.images { emit("image", "save", of: image, named: name) }
        }
        let (store, all) = (images, saved)
        return try ByteStream.writing("the archive of images") { sink in
            do throws(ImageError) {
                try store.save(all, to: sink)
            } catch {
                throw EngineError(error)
            }
        }
    }
}

extension ImageStore {
    /// All images that can be read, each once with all its names.
    ///
    /// Archives of different forms give one image several manifests.
    func distinct() throws(ImageError) -> [StoredImage] {
        var places: [Digest: Int] = [:]
        var images: [StoredImage] = []
        for image in try list().images {
            if let place = places[image.id] {
                images[place].references += image.references
            } else {
                places[image.id] = images.count
                images.append(image)
            }
        }
        return images
    }

    /// An image with all its names.
    func whole(_ name: String) throws(ImageError) -> StoredImage {
        let image = try inspect(name)
        return try distinct().first { $0.id == image.id } ?? image
    }

    /// The names of a repository that is named without a tag; none where it has a tag or digest, or is unknown.
    fileprivate func tagsOfRepository(_ name: String) throws(ImageError) -> [ImageReference] {
        guard let reference = try? ImageReference(name), reference.digest == nil, !name.hasSuffix(":latest"),
            reference.tag == ImageReference.defaultTag
        else { return [] }
        return try list().images.flatMap(\.references).filter { $0.name == reference.name && $0.tag != nil }
    }
}
