// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import OCI

extension StoredImage {
    /// The names with a tag, as Docker shows them.
    var tags: [String] { references.filter { $0.tag != nil }.map(\.familiar) }

    /// The names with the digest of what they stand for.
    var pinned: [String] {
        var found: [String] = []
        for reference in references {
            let text = "\(reference.familiarName)@\(reference.digest ?? target.digest)"
            if !found.contains(text) { found.append(text) }
        }
        return found
    }

    var labels: [String: String] { config.config?.labels ?? [:] }

    /// When it was made; nil where it does not say, or says something that is no time.
    var created: Timestamp? { config.created.flatMap { Timestamp($0) } }
}

extension ImageSummary {
    /// An image in a list.
    ///
    /// The size is that of the layers as they are stored: for most archives that of the uncompressed tars, for compressed
    /// layers the smaller one, which is known without unpacking.
    init(_ image: StoredImage) {
        self.init()
        id = image.id.description
        created = image.created?.seconds ?? 0
        labels = image.config.config?.labels
        repoTags = image.tags
        repoDigests = image.pinned
        size = image.storedSize
    }
}

extension ImageInspection {
    /// Everything about an image.
    ///
    /// - Parameters:
    ///   - image: The image.
    ///   - layers: Where its layers are on the host, the base first.
    init(_ image: StoredImage, layers: [String]) {
        self.init()
        id = image.id.description
        repoTags = image.tags
        repoDigests = image.pinned
        comment = image.config.comment ?? image.config.history?.last?.comment ?? ""
        created = image.created == nil ? Timestamp.never.description : image.config.created ?? ""
        dockerVersion = image.config.dockerVersion ?? ""
        author = image.config.author ?? ""
        config = ContainerConfig(image.config.config ?? OCI.ContainerConfig())
        architecture = image.config.architecture ?? ""
        variant = image.config.variant ?? ""
        os = image.config.os ?? "linux"
        osVersion = image.config.osVersion ?? ""
        size = image.storedSize
        metadata.lastTagTime = image.tagged.flatMap { Timestamp($0) } ?? .never
        graphDriver.name = "overlay2"
        if let top = layers.last {
            var data = ["UpperDir": top]
            if layers.count > 1 { data["LowerDir"] = layers.dropLast().reversed().joined(separator: ":") }
            graphDriver.data = data
        }
        rootFS.layers = image.config.rootfs.diffIDs.map(\.description)
    }
}

extension ImageHistoryItem {
    init(_ step: HistoryStep) {
        self.init()
        comment = step.history.comment ?? ""
        created = step.history.created.flatMap { Timestamp($0) }?.seconds ?? 0
        createdBy = step.history.createdBy ?? ""
        size = step.storedSize
    }
}
