// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images

/// The engine: knows every container and image of its location, and does what clients ask for.
///
/// Its operations have the names and the shapes of the Docker Engine API; those on containers take an identifier, the start
/// of one, or a name. They throw ``EngineError`` in the words that clients look for.
package final class Engine: Sendable {
    package let location: EngineLocation

    let images: ImageStore

    init(location: EngineLocation, images: ImageStore) {
        self.location = location
        self.images = images
    }
}
