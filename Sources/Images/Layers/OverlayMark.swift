// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// How overlayfs marks in a layer what is gone from the layers below it.
enum OverlayMark {
    /// The attribute of a directory that hides what the layers below have in it.
    static let opaqueAttribute: FilePath = "trusted.overlay.opaque"
    static let opaqueValue = Array("y".utf8)

    /// Whether the file is the mark of a removed one: a character device with the number 0:0.
    static func isWhiteout(_ status: FileStatus) -> Bool {
        status.kind == .characterDevice && status.deviceNumber == DeviceNumber(major: 0, minor: 0)
    }

    static func isOpaque(_ directory: borrowing Descriptor) throws(SystemError) -> Bool {
        try directory.attribute(opaqueAttribute) == opaqueValue
    }

    /// The label of SELinux, which belongs to the machine that a file is on.
    static let machineLabel: FilePath = "security.selinux"

    /// Whether an attribute belongs to overlayfs, so that an image must not set it.
    static func owns(_ name: FilePath) -> Bool {
        ["trusted.overlay.", "user.overlay."].contains { name.bytes.starts(with: $0.utf8) }
    }
}

/// A directory that is open for as long as anything refers to it.
final class OpenDirectory {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }
}

/// Layers that lie on one another as overlayfs would show them, the top one first.
struct LowerLayers {
    /// What a name stands for.
    enum Node {
        case absent
        /// A directory, and the layers that contribute to it from the top on.
        case directory([Int])
        /// Any other file, and the layer that it is in.
        case file(Int, FileStatus)
    }

    let roots: [OpenDirectory]
    /// Whether nobody knows yet what they hold.
    var isUnknown = false

    /// Looks an entry of a directory up.
    ///
    /// - Parameters:
    ///   - path: The entry; every directory on the way is one in each of the layers.
    ///   - layers: The layers that contribute to the directory that the entry is in.
    /// - Returns: What it is.
    /// - Throws: The error of the failing call.
    func lookUp(_ path: FilePath, in layers: [Int]) throws(SystemError) -> Node {
        var found: [Int] = []
        for layer in layers {
            let file: OpenDirectory
            do {
                file = OpenDirectory(try open(path, in: layer))
            } catch  where error.number == ENOENT {
                continue
            }
            let status = try file.descriptor.status()
            if OverlayMark.isWhiteout(status) { break }
            guard status.kind == .directory else {
                return found.isEmpty ? .file(layer, status) : .directory(found)
            }
            found.append(layer)
            if try OverlayMark.isOpaque(file.descriptor) { break }
        }
        return found.isEmpty ? .absent : .directory(found)
    }

    /// Opens an entry of a layer for its metadata; a symbolic link is opened itself.
    func open(_ path: FilePath, in layer: Int, _ flags: Int32 = OpenFlags.pathOnly) throws(SystemError) -> Descriptor {
        try roots[layer].descriptor.open(path, flags | O_NOFOLLOW, resolution: .noLinks)
    }

    /// The names in a directory that the layers show.
    func names(in path: FilePath, layers: [Int]) throws(SystemError) -> Set<FilePath> {
        var (names, hidden): (Set<FilePath>, Set<FilePath>) = ([], [])
        for layer in layers {
            let directory = try roots[layer].descriptor.open(path, O_RDONLY | O_DIRECTORY)
            for name in try directory.entries() where !names.contains(name) && !hidden.contains(name) {
                guard let status = try directory.status(of: name) else { continue }
                if OverlayMark.isWhiteout(status) { hidden.insert(name) } else { names.insert(name) }
            }
        }
        return names
    }
}
