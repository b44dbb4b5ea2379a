// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What is below the image of every container: the places of what is mounted in all of them, and two files that all have.
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
        try makeKnownFiles()
    }

    /// Makes what programs look for in Docker's containers: the file by which they tell that they are in one, and the table of
    /// mounts in its old place.
    private func makeKnownFiles() throws(SystemError) {
        let mark = try Descriptor.open("\(mountPoints)/.dockerenv", O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o755)
        // Without the umask.
        if fchmod(mark.number, 0o755) != 0 { throw SystemError("fchmod", errno, on: "/.dockerenv") }
        if symlink("/proc/mounts", "\(mountPoints)/etc/mtab") != 0, errno != EEXIST {
            throw SystemError("symlink", errno, on: "/etc/mtab")
        }
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
