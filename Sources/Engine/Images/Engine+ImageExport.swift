// SPDX-License-Identifier: Apache-2.0

import Images
import Linux

extension Engine {
    /// The root file system of an image, all layers together.
    ///
    /// - Parameter name: The image.
    /// - Returns: An archive whose bytes depend on the files alone.
    /// - Throws: `notFound`, or what is wrong with a layer.
    package func exportImage(_ name: String) async throws -> ByteStream {
        let base = base
        let root = try await withImages(about: name) { store in
            SharedDescriptor(try ContainerFolder.mountImage(of: store.unpack(store.whole(name)), below: base.empty))
        }
        return try ByteStream.writing("the files of the image") { sink in
            try FileArchiver(to: sink, staysInMount: true).export(root.descriptor)
        }
    }
}
