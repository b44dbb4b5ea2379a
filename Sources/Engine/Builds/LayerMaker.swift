// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux

/// Makes a layer of what was written upon others.
struct LayerMaker: Sendable {
    /// The folder that overlayfs has written to.
    var upper: String
    /// The roots of the layers below, from the base to the top.
    var layers: [SharedDescriptor]
    /// What does not belong to the layer, without a leading slash.
    var ignored: Set<FilePath> = []
    /// What takes the place of later times; nil keeps all.
    var latest: FileTime?

    /// Makes the layer.
    ///
    /// - Parameter store: Where it is taken in.
    /// - Returns: The layer, pinned once, whose bytes depend on the files alone.
    /// - Throws: What cannot be read or written.
    func make(in store: ImageStore) throws -> MadeLayer {
        let upper = try Descriptor.open(self.upper, O_RDONLY | O_DIRECTORY)
        let list = try ChangeList(upper: upper, layers: layers, ignoring: ignored)
        var contentSize: Int64 = 0
        let stored = try store.addLayer { sink in
            let upper = try Descriptor.open(self.upper, O_RDONLY | O_DIRECTORY)
            let archiver = FileArchiver(to: sink, staysInMount: true, latest: latest)
            try archiver.archive(list.changes, of: upper)
            contentSize = archiver.contentSize
        }
        return MadeLayer(stored: stored, contentSize: contentSize)
    }
}
