// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

/// A container that needs an image.
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
            uses.append(
                ImageUse(
                    container: unit.id,
                    image: definition.image,
                    layers: definition.layers,
                    isRunning: await unit.isRunning
                )
            )
        }
        return uses
    }
}

extension [ImageUse] {
    var layerDigests: Set<Digest> { Set(flatMap { $0.layers.compactMap { Digest($0) } }) }
}
