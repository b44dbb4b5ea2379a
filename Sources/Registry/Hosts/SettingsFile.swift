// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// Files of settings.
enum SettingsFile {
    /// No file of settings is larger.
    private static let limit = 1 << 20

    /// Reads a file.
    ///
    /// - Parameter path: Where it is.
    /// - Returns: Its text; nil where there is none.
    /// - Throws: ``RegistryError/Code/configuration`` for one that cannot be read.
    static func text(at path: String) throws(RegistryError) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0 {
            if [ENOENT, ENOTDIR].contains(errno) { return nil }
            throw failure(path, errno)
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(file, &piece, piece.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(path, errno)
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece.prefix(count)
            if bytes.count > limit {
                throw RegistryError(.configuration, "`\(path)` is larger than \(limit) bytes")
            }
        }
    }

    /// What is in a folder, in the order of names.
    ///
    /// - Parameter path: Where the folder is.
    /// - Returns: The names; none where there is no such folder.
    /// - Throws: ``RegistryError/Code/configuration`` for one that cannot be read.
    static func names(in path: String) throws(RegistryError) -> [String] {
        guard access(path, F_OK) == 0 else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw RegistryError(.configuration, "cannot read the folder `\(path)`: \(error)")
        }
    }

    private static func failure(_ path: String, _ number: Int32) -> RegistryError {
        let reason = String(cString: strerror(number)).lowercased()
        return RegistryError(.configuration, "cannot read `\(path)`: \(reason); mend it, or remove it")
    }

    /// What changes when a file is written anew; nil where there is none.
    struct Stamp: Hashable, Sendable {
        private var node: UInt64
        private var size: Int64
        private var seconds: Int
        private var nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (node, size) = (UInt64(status.st_ino), Int64(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }
}
