// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux
import OCI
import Patterns

/// Files that a step has made: layers upon one another.
struct BuildTree: Hashable, Sendable {
    /// From the base to the top.
    var layers: [StoredLayer] = []

    /// What the files are known by in keys.
    var identity: String { layers.chainID?.description ?? "empty" }
}

/// What a step comes to.
enum StepResult: Sendable {
    case tree(BuildTree)
    /// A folder of the host.
    case folder(SourceTree)
}

/// Files that others are made from: those of a context or of a step, which are hostile in any case.
///
/// They are found below a descriptor of their root, as a process would that has it as its own.
struct SourceTree: Sendable {
    /// The root, a directory that is open for reading.
    let root: SharedDescriptor
    /// What errors call it.
    var name: String
    /// What is left out.
    var ignored: PathPatterns?
    /// Whether owners are kept; those of a context say nothing, so that all is root's there.
    var keepsOwners: Bool
    /// Whether it came from an address, so that archives stay as they are unless it is said otherwise.
    var isFetched = false

    /// Opens what stands at a path.
    ///
    /// - Parameters:
    ///   - path: The names from the root on; none of them is a link, or it is an error.
    ///   - flags: As open(2) has them.
    /// - Returns: The file.
    /// - Throws: The error of openat2(2).
    func open(_ path: [FilePath], _ flags: Int32) throws(SystemError) -> Descriptor {
        try root.descriptor.open(FilePath(joining: path), flags | O_NOFOLLOW, resolution: .noLinks)
    }

    /// The owner that a file is copied with.
    func owner(of status: FileStatus) -> (uid: UInt32, gid: UInt32) {
        keepsOwners ? (status.uid, status.gid) : (0, 0)
    }

    /// The names that a path stands for when all links are followed inside the root.
    func resolve(_ path: [FilePath]) throws(SystemError) -> [FilePath] {
        try FileLookup.target(of: path, below: root.descriptor).components
    }

    /// What stands at a path without links; nil for nothing.
    func status(of path: [FilePath]) throws(SystemError) -> FileStatus? {
        do throws(SystemError) {
            return try open(path, OpenFlags.pathOnly).status()
        } catch  where [ENOENT, ENOTDIR].contains(error.number) {
            return nil
        }
    }
}

extension SourceTree {
    /// The attributes that are copied, with their values in order.
    static func attributes(
        of file: borrowing Descriptor
    ) throws(SystemError) -> [(name: FilePath, value: [UInt8])] {
        var found: [(name: FilePath, value: [UInt8])] = []
        for name in try file.attributes().sorted() where FileArchiver.isArchived(name) {
            if let value = try file.attribute(name) { found.append((name, value)) }
        }
        return found
    }
}
