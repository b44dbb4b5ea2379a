// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux

extension FilesystemChange {
    /// What the engine itself puts into every container, for what it mounts there.
    static let madeByEngine: Set<FilePath> = [
        ".dockerenv", "dev", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf", "proc", "sys",
    ]

    /// The same for a program of a build; what else is there of that list the program has made.
    static let madeByBuilder: Set<FilePath> = ["dev", "etc/hosts", "etc/resolv.conf", "proc", "sys"]

    /// What a container has changed.
    ///
    /// - Parameters:
    ///   - upper: The folder of what it has written.
    ///   - layers: The roots of the layers of its image, the base first.
    /// - Returns: The changes in the order of the paths.
    /// - Throws: The error of a call with the path.
    static func list(upper: String, layers: [SharedDescriptor]) throws -> [Self] {
        let folder = try Descriptor.open(upper, O_RDONLY | O_DIRECTORY)
        return try ChangeList(upper: folder, layers: layers, ignoring: madeByEngine).changes.map { change in
            Self(path: "/\(change.path)", kind: Kind(change.kind))
        }
    }
}

extension FilesystemChange.Kind {
    init(_ kind: ChangeList.Change.Kind) {
        self =
            switch kind {
            case .modified: .modified
            case .added: .added
            case .removed: .deleted
            }
    }
}
