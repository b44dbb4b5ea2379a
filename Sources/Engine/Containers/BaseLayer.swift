// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What is below the image of every container: the places of what is mounted in all of them.
///
/// Where an image lacks them they need not be made in each container, which would cost it a copy of its `/etc`, three files and
/// a part of the time of its start. Nobody writes to it.
struct BaseLayer: Sendable {
    let path: String

    /// A root with nothing but places for mounts.
    var mountPoints: String { path + "/mount-points" }
    /// The same for a program of a build.
    var mountPointsInBuilds: String { path + "/build-mount-points" }
    /// A root with nothing at all, below an image whose own tree is wanted.
    var empty: String { path + "/empty" }

    /// Makes what is missing.
    ///
    /// - Throws: The error of the call that the system refused.
    func make() throws(SystemError) {
        try ContainerFolder.makeDirectory(path, mode: 0o700)
        try ContainerFolder.makeDirectory(empty, mode: 0o755)
        try Self.make(mountPoints, with: ContainerFiles.places)
        try Self.make(mountPointsInBuilds, with: ContainerFiles.placesInBuilds)
    }

    private static func make(_ root: String, with files: [(String, String)]) throws(SystemError) {
        for name in ["", "dev", "etc", "proc", "sys"] {
            try ContainerFolder.makeDirectory("\(root)/\(name)", mode: 0o755)
        }
        for (place, _) in files {
            let file = try Descriptor.open(root + place, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o644)
            // Without the umask.
            if fchmod(file.number, 0o644) != 0 { throw SystemError("fchmod", errno, on: place) }
        }
    }
}
