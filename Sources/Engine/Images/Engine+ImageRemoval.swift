// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images
import OCI

extension Engine {
    /// Removes a name of an image, and the image with its last one.
    ///
    /// An image that a container uses goes only where that is forced and the container does not run; its layers stay for the
    /// container. There are no parents of images, so that `prunes` changes nothing.
    ///
    /// - Parameters:
    ///   - name: A name, or an identifier or the start of one.
    ///   - force: Whether all names of an image go with its identifier, and the last name of one that is used.
    ///   - prunes: Whether parents without a name go as well.
    /// - Returns: What is gone, in order.
    /// - Throws: `notFound`, or `conflict` in the words of Docker.
    package func removeImage(_ name: String, force: Bool, prunes: Bool) async throws -> [ImageDeletion] {
        let uses = try await imageUses()
        let needed = uses.layerDigests.union(pulls.layers)
        let image: StoredImage
        do {
            image = try await withImages(about: name) { try $0.whole(name) }
        } catch let error as EngineError where error.code != .notFound {
            // What cannot be read can still be removed.
            let removal = try await withImages(about: name) { store in
                try store.remove(name, force: force, keeping: needed)
            }
            return ImageDeletion.list(removal)
        }
        let plan = try ImageRemovalPlan(
            of: image.id,
            image.references,
            name: name,
            force: force,
            uses: uses.filter { $0.image == image.id.description }
        )
        let removal = try await withImages(about: name) { store -> Removal in
            var removal = Removal()
            for reference in plan.untagged { try store.untag(reference) }
            if plan.deletes {
                removal = try store.prune(keepingLayers: needed) { $0.id != image.id }
            }
            removal.untagged = plan.untagged
            return removal
        }
        for _ in plan.untagged { emit("image", "untag", of: image, named: image.id.description) }
        if !removal.deleted.isEmpty { emit("image", "delete", of: image, named: image.id.description) }
        return ImageDeletion.list(removal)
    }

    /// Removes images without a name, or all that no container uses where the filter `dangling` is false.
    ///
    /// - Parameter filters: `dangling`, `label`, `label!` and `until`.
    /// - Returns: What is gone, and the bytes of content that are free again.
    /// - Throws: `badParameter` for other filters; what is wrong with an image that cannot be read.
    package func pruneImages(_ filters: Filters) async throws -> ImagesPruned {
        let unnamed = try ImageFilter(filters, keys: ImageFilter.pruneKeys) { _ in .never }.isDangling ?? true
        var values = filters.values
        values["dangling"] = nil
        let filter = try ImageFilter(Filters(values), keys: ImageFilter.pruneKeys) { _ in .never }
        let uses = try await imageUses()
        let used = Set(uses.map(\.image))
        let needed = uses.layerDigests.union(pulls.layers)
        let removal = try await withImages { store in
            try store.content.removeUnfinished()
            return try store.prune(includingNamed: !unnamed, keepingLayers: needed) { image in
                used.contains(image.id.description) || filter.accept(image) == nil
            }
        }
        for id in removal.deleted { emit("image", "delete", id: id.description, attributes: ["name": id.description]) }
        emit("image", "prune", id: "", attributes: ["reclaimed": "\(removal.reclaimed)"])
        var answer = ImagesPruned()
        let deletions = ImageDeletion.list(removal)
        answer.imagesDeleted = deletions.isEmpty ? nil : deletions
        answer.spaceReclaimed = UInt64(max(0, removal.reclaimed))
        return answer
    }
}

/// What is removed of an image, by the rules of Docker.
struct ImageRemovalPlan {
    /// The names that go.
    var untagged: [ImageReference] = []
    /// Whether the image goes as well.
    var deletes = false

    /// Decides.
    ///
    /// - Parameters:
    ///   - id: The image.
    ///   - references: All its names.
    ///   - name: What the client called it.
    ///   - force: Whether the client insists.
    ///   - uses: The containers that use the image.
    /// - Throws: `conflict`.
    init(
        of id: Digest,
        _ references: [ImageReference],
        name: String,
        force: Bool,
        uses: [ImageUse]
    ) throws(EngineError) {
        let named = (try? ImageReference(name)).flatMap { references.contains($0) ? $0 : nil }
        if let named {
            if references.count == 1, !force, let use = uses.first {
                throw EngineError(
                    .conflict,
                    "conflict: unable to remove repository reference \"\(name)\" (must force) - container "
                        + "\(use.container.short) is using its referenced image \(id.short)"
                )
            }
            untagged = [named]
            if references.count > 1 { return }
        } else {
            if Set(references.map(\.name)).count > 1 || references.count(where: { $0.tag != nil }) > 1,
                !force
            {
                throw Self.conflict(id, "must be forced", "image is referenced in multiple repositories")
            }
            untagged = references
        }
        if let use = uses.first(where: \.isRunning) {
            // A name that was asked for by itself goes; the image and the names that come with it do not.
            if named != nil, force { return }
            throw Self.conflict(
                id,
                "cannot be forced",
                "image is being used by running container \(use.container.short)"
            )
        }
        if !force, let use = uses.first {
            throw Self.conflict(
                id,
                "must be forced",
                "image is being used by stopped container \(use.container.short)"
            )
        }
        deletes = true
    }

    private static func conflict(_ id: Digest, _ force: String, _ reason: String) -> EngineError {
        EngineError(.conflict, "conflict: unable to delete \(id.short) (\(force)) - \(reason)")
    }
}

extension ImageDeletion {
    /// The lines of an answer: names, then images, then layers.
    static func list(_ removal: Removal) -> [Self] {
        let names = removal.untagged.map { reference in
            var line = Self()
            line.untagged = reference.familiar
            return line
        }
        return names
            + (removal.deleted + removal.layers).map { digest in
                var line = Self()
                line.deleted = digest.description
                return line
            }
    }
}
