// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Paths as text, by the rules of Go's `path/filepath` on Linux, which Docker Compose's output shows.
package enum FilePath {
    package static func isAbsolute(_ path: String) -> Bool {
        path.utf8.first == UInt8(ascii: "/")
    }

    /// The shortest path of the same meaning, worked out from the text alone; an empty path becomes `.`.
    package static func clean(_ path: String) -> String {
        if !needsCleaning(path) {
            return path
        }
        var path = path
        return path.withUTF8 { path in
            String(unsafeUninitializedCapacity: max(path.count, 1)) { clean(path, into: $0) }
        }
    }

    /// Writes a clean path into a buffer of at least one byte that is as long as the path, and returns its length.
    private static func clean(
        _ path: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
        var count = 0
        let append = { (byte: UInt8) in
            output[count] = byte
            count += 1
        }
        if path.first == slash {
            append(slash)
        }
        let root = count
        /// The end of the part that `..` cannot take back: the root, or the `..` that lead out of the start.
        var fixed = root
        for part in path.split(separator: slash) where !(part.count == 1 && part.first == dot) {
            let isParent = part.count == 2 && part.allSatisfy { $0 == dot }
            if isParent, count > fixed {
                count = output[fixed..<count].lastIndex(of: slash) ?? fixed
                continue
            }
            guard !isParent || root == 0 else {
                continue
            }
            if count > root {
                append(slash)
            }
            part.forEach(append)
            if isParent {
                fixed = count
            }
        }
        if count == 0 {
            append(dot)
        }
        return count
    }

    private static func needsCleaning(_ path: String) -> Bool {
        var previous: UInt8 = 0
        for byte in path.utf8 {
            if byte == UInt8(ascii: "."), previous == 0 || previous == UInt8(ascii: "/") {
                return true
            }
            if byte == UInt8(ascii: "/"), previous == byte {
                return true
            }
            previous = byte
        }
        return previous == 0 || (previous == UInt8(ascii: "/") && path.utf8.count > 1)
    }

    /// A path below a folder, cleaned; an empty side is left out.
    package static func join(_ folder: String, _ path: String) -> String {
        switch (folder.isEmpty, path.isEmpty) {
        case (true, true): ""
        case (true, false): clean(path)
        case (false, true): clean(folder)
        case (false, false): clean(folder + "/" + path)
        }
    }

    /// The folder that a path stands in.
    package static func directory(_ path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            return "."
        }
        return clean(String(path[...slash]))
    }

    /// The last part of a path.
    package static func base(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? (path.isEmpty ? "." : "/")
    }

    /// The way from one absolute folder to an absolute path.
    package static func relative(from folder: String, to path: String) -> String {
        let from = clean(folder).split(separator: "/")
        let to = clean(path).split(separator: "/")
        let common = zip(from, to).prefix { $0 == $1 }.count
        let parts = Array(repeating: "..", count: from.count - common) + to.dropFirst(common)
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }

    /// A path that starts with `~`, below the home folder.
    package static func expandingHome(_ path: String, home: String?) -> String {
        guard path.utf8.first == UInt8(ascii: "~"), let home, !home.isEmpty else {
            return path
        }
        return join(home, String(path.dropFirst()))
    }

    /// An absolute path on Windows: a drive letter with a separator, or a network share.
    package static func isAbsoluteOnWindows(_ path: String) -> Bool {
        let bytes = Array(path.utf8.prefix(3))
        let isSeparator = { (byte: UInt8) in byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "/") }
        guard bytes.count >= 2 else {
            return false
        }
        if bytes[0] == UInt8(ascii: "\\"), bytes[1] == UInt8(ascii: "\\") {
            return true
        }
        let isLetter = (bytes[0] | 0x20) >= UInt8(ascii: "a") && (bytes[0] | 0x20) <= UInt8(ascii: "z")
        return isLetter && bytes[1] == UInt8(ascii: ":") && bytes.count == 3 && isSeparator(bytes[2])
    }

    /// What stands at a path, links followed.
    package enum Kind: Equatable, Sendable {
        case file
        case directory
        case missing
        /// The system refused to say; the text is its reason.
        case unknown(String)
    }

    /// What stands at a path, links followed.
    package static func kind(of path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let error = errno
            return error == ENOENT || error == ENOTDIR
                ? .missing : .unknown(String(cString: strerror(error)).lowercased())
        }
        return status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
    }

    /// The size of a regular file in bytes, or nil where there is none.
    package static func size(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Int(status.st_size)
    }

    /// The path without symbolic links, or nil where that cannot be told.
    package static func resolvingLinks(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else {
            return nil
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Whether the last part of a path is a symbolic link.
    package static func isSymbolicLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }
}
