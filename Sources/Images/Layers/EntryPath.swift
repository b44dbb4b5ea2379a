// SPDX-License-Identifier: Apache-2.0

import Linux

/// The path of an entry of a layer, cleaned: from the root down, without `.` and `..`.
struct EntryPath {
    var parent: [FilePath]
    /// Nil for the root itself.
    var name: FilePath?

    static let dotDot: FilePath = ".."

    /// Cleans a path as Go's `filepath.Clean` does, by its text alone.
    ///
    /// - Parameters:
    ///   - path: The path; an absolute one starts at the root of the image.
    ///   - limits: How deep it may be.
    /// - Throws: ``ImageError/Code/invalidArchive`` where a relative one leads out of the root.
    init(_ path: FilePath, limits: Limits) throws(ImageError) {
        parent = []
        for component in path.components {
            if component != Self.dotDot {
                parent.append(component)
            } else if !parent.isEmpty {
                parent.removeLast()
            } else if !path.isAbsolute {
                throw ImageError(.invalidArchive, "the path `\(path)` leads out of the image")
            }
        }
        if parent.count > limits.directoryDepth {
            throw ImageError(.limitExceeded, "the path is deeper than \(limits.directoryDepth) directories")
        }
        name = parent.popLast()
    }

    /// What a name of the layer says about the layers below it.
    enum Meaning {
        /// Nothing: it is a file.
        case file
        /// The file of the given name is removed.
        case whiteout(FilePath)
        /// The directory that it is in hides everything below.
        case opaque
        /// A note of AUFS to itself.
        case ignored
    }

    /// What the path means, by the names of the image specification.
    func meaning() throws(ImageError) -> Meaning {
        let aufs = Array(".wh..wh.".utf8)
        if parent.contains(where: { $0.bytes.starts(with: aufs) }) { return .ignored }
        guard let name, name.bytes.starts(with: ".wh.".utf8) else { return .file }
        if name.bytes.elementsEqual(".wh..wh..opq".utf8) { return .opaque }
        if name.bytes.starts(with: aufs) { return .ignored }
        let removed = name.bytes.dropFirst(4)
        guard let path = FilePath(removed), !path.isEmpty, !removed.elementsEqual([0x2E]), path != Self.dotDot else {
            throw ImageError(.invalidArchive, "`\(name)` removes nothing")
        }
        return .whiteout(path)
    }
}
