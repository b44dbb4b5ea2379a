// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

/// A container that needs an image, as its own or as one that is mounted in it.
struct ImageUse: Sendable {
    var container: ObjectID
    /// The identifier of the image, `sha256:…`.
    var image: String
    /// The chain identifiers of its layers, which are kept as long as the container is there.
    var layers: [String]
    var isRunning: Bool
}

extension Engine {
    /// All containers with the images that they need.
    func imageUses() async throws -> [ImageUse] {
        var uses: [ImageUse] = []
        for unit in containers.all {
            let definition = await unit.definition
            let isRunning = await unit.isRunning
            let mounted = definition.mountedImages.map { ($0.image.id, $0.image.layers) }
            for (image, layers) in [(definition.image, definition.layers)] + mounted {
                uses.append(ImageUse(container: unit.id, image: image, layers: layers, isRunning: isRunning))
            }
        }
        return uses
    }
}

extension [ImageUse] {
    var layerDigests: Set<Digest> { Set(flatMap { $0.layers.compactMap { Digest($0) } }) }
}
