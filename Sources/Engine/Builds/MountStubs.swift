// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The places that a program's mounts need in its root and that nobody else has made: they do not belong to the layer.
struct MountStubs: Sendable {
    /// Paths without links, without a leading slash; those above others come first.
    private let paths: [[FilePath]]

    /// Finds out which places are missing before the program runs.
    ///
    /// - Parameters:
    ///   - targets: The absolute paths of its mounts.
    ///   - root: Its root.
    /// - Throws: The error of a call.
    init(for targets: [String], in root: borrowing Descriptor) throws(SystemError) {
        var found: Set<[FilePath]> = []
        for target in targets {
            let path = try root.resolve(target)
            for length in 1...max(1, path.count) where length <= path.count {
                let place = Array(path.prefix(length))
                if try root.status(ofPath: place) == nil { found.insert(place) }
            }
        }
        paths = found.sorted { $0.count < $1.count }
    }

    /// The places that are still what they were made as: empty files, and folders with nothing in them but others of them.
    ///
    /// - Parameter upper: What overlayfs has written.
    /// - Returns: What does not belong to the layer.
    /// - Throws: The error of a call.
    func left(in upper: borrowing Descriptor) throws(SystemError) -> Set<FilePath> {
        var left: Set<[FilePath]> = []
        for path in paths.reversed() {
            guard let status = try upper.status(ofPath: path) else { continue }
            switch status.kind {
            case .regular: if status.size == 0 { left.insert(path) }
            case .directory:
                let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
                let folder = try upper.open(FilePath(joining: path), flags, resolution: .noLinks)
                let isStub = try folder.entries().allSatisfy { left.contains(path + [$0]) }
                if isStub { left.insert(path) }
            default: continue
            }
        }
        return Set(left.map { FilePath(joining: $0) })
    }
}
