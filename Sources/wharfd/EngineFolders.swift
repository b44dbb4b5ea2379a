// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

/// The folders of an engine, which nobody else may change.
enum EngineFolders {
    /// Makes the folders where they are missing, and checks those that are there.
    ///
    /// - Parameter location: Where.
    /// - Throws: What is in the way.
    static func prepare(_ location: EngineLocation) throws {
        let length = location.socket.utf8.count
        if length > EngineLocation.longestSocketPath {
            throw StartFailure(
                "the path of the socket, \(location.socket), has \(length) bytes, and the kernel takes "
                    + "\(EngineLocation.longestSocketPath); choose a shorter folder with --root or WHARF_ROOT"
            )
        }
        for path in [location.data, location.runtime] {
            try make(path)
            try check(path)
        }
    }

    private static func make(_ path: String) throws {
        if mkdir(path, 0o700) == 0 { return }
        let failure = errno
        if failure == EEXIST { return }
        guard failure == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw StartFailure("cannot make the folder \(path): \(SystemError.text(of: failure))")
        }
        try make(String(path[..<slash]))
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw StartFailure("cannot make the folder \(path): \(SystemError.text(of: errno))")
        }
    }

    private static func check(_ path: String) throws {
        let status: FileStatus
        do {
            let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
            status = try folder.status()
        } catch {
            throw StartFailure("cannot open the folder \(path): \(SystemError.text(of: error.number))")
        }
        guard status.uid == geteuid() else {
            throw StartFailure(
                "the folder \(path) belongs to user \(status.uid), and the engine runs as user \(geteuid()); "
                    + "choose another one with --root or WHARF_ROOT"
            )
        }
        guard status.permissions & 0o022 == 0 else {
            throw StartFailure("others may write into the folder \(path); forbid it with `chmod 700 \(path)`")
        }
    }
}
