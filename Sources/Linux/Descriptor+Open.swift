// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// How openat2(2) may walk a path; a walk never crosses a magic link such as `/proc/self/fd/3`.
package enum PathResolution: Sendable {
    /// As a process that was chrooted to the directory would: `..` and absolute links stay inside.
    case inRoot
    /// As ``inRoot``, but a path that wants to leave is an error (`EXDEV`).
    case beneath
    /// As ``beneath``, and every symbolic link is an error (`ELOOP`).
    case noLinks
    /// As ``noLinks``, and what is mounted below the directory is an error as well (`EXDEV`).
    case oneMount
    /// As the process sees the file system; for paths of the host that the user named.
    case host

    var flags: UInt64 {
        switch self {
        case .inRoot: UInt64(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        case .beneath: UInt64(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
        case .noLinks: UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
        case .oneMount: Self.noLinks.flags | UInt64(RESOLVE_NO_XDEV)
        case .host: 0
        }
    }
}

extension Descriptor {
    /// Opens a path of the host.
    ///
    /// - Parameters:
    ///   - path: The path, as open(2) takes it.
    ///   - flags: `O_RDONLY` and its like; `O_CLOEXEC` is always added.
    ///   - mode: The permissions of a file that is created, before the umask.
    /// - Returns: The open file.
    /// - Throws: The error of open(2) with the path.
    package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
        try open(path, flags, mode: mode, resolution: .host, from: AT_FDCWD)
    }

    /// Opens a path below this directory.
    ///
    /// - Parameters:
    ///   - path: The path; what a leading `/` and `..` mean is for `resolution` to say.
    ///   - flags: `O_RDONLY` and its like; `O_CLOEXEC` is always added.
    ///   - mode: The permissions of a file that is created, before the umask.
    ///   - resolution: How the path may be walked.
    /// - Returns: The open file.
    /// - Throws: The error of openat2(2) with the path.
    package borrowing func open(
        _ path: String,
        _ flags: Int32,
        mode: UInt32 = 0,
        resolution: PathResolution
    ) throws(SystemError) -> Descriptor {
        try Self.open(path, flags, mode: mode, resolution: resolution, from: number)
    }

    private static func open(
        _ path: String,
        _ flags: Int32,
        mode: UInt32,
        resolution: PathResolution,
        from directory: Int32
    ) throws(SystemError) -> Descriptor {
        let creates = flags & (O_CREAT | CLINUX_O_TMPFILE & ~O_DIRECTORY) != 0
        var how = clinux_open_how(
            flags: UInt64(UInt32(bitPattern: flags | O_CLOEXEC)),
            mode: creates ? UInt64(mode & 0o7777) : 0,
            resolve: resolution.flags
        )
        let result = retrying { clinux_openat2(directory, path, &how) }
        return Descriptor(owning: try SystemError.check(result, "openat2", on: path))
    }

    /// How often a walk is tried that the kernel gives up.
    private static let walkLimit = 10_000

    /// Tries a walk that must stay inside a folder until the kernel comes to its end.
    ///
    /// Whenever something is renamed or unmounted meanwhile, wherever that is, it gives up at the next `..` (openat2(2), EAGAIN).
    ///
    /// - Parameter walk: Calls openat2(2), and returns its result.
    /// - Returns: The last result.
    static func retrying(_ walk: () -> Int32) -> Int32 {
        var (result, tries) = (-EAGAIN, 0)
        while result == -EINTR || result == -EAGAIN && tries < walkLimit {
            result = walk()
            tries += 1
        }
        return result
    }
}
