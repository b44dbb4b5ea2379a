// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Files that the user asks commands to write.
enum OutputFile {
    /// Writes a file, replacing what it held.
    static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "we") else {
            throw failure(path, errno)
        }
        let written = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
        let writeError = errno
        guard fclose(file) == 0, written == bytes.count else {
            throw failure(path, written == bytes.count ? errno : writeError)
        }
    }

    /// Writes a file piece by piece, replacing what it held; it has its name only when it is complete.
    ///
    /// What stands at the path and is no file, such as a pipe, is written to directly.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - next: Gives the next piece; nil at the end.
    /// - Throws: ``CommandFailure`` where it cannot be written, or what `next` throws; nothing is left behind then.
    static func write(to path: String, _ next: () throws -> [UInt8]?) throws {
        var status = stat()
        let isSpecial = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        let place = isSpecial ? path : "\(path).\(getpid()).tmp"
        guard let file = fopen(place, isSpecial ? "we" : "wxe") else {
            throw failure(path, errno)
        }
        var isComplete = false
        var isOpen = true
        defer {
            if isOpen { fclose(file) }
            if !isComplete, !isSpecial { unlink(place) }
        }
        while let piece = try next() {
            guard piece.withUnsafeBytes({ fwrite($0.baseAddress, 1, $0.count, file) }) == piece.count else {
                throw failure(path, errno)
            }
        }
        isOpen = false
        guard fclose(file) == 0 else { throw failure(path, errno) }
        guard isSpecial || rename(place, path) == 0 else { throw failure(path, errno) }
        isComplete = true
    }

    private static func failure(_ path: String, _ error: Int32) -> CommandFailure {
        CommandFailure(message: "cannot write `\(path)`: \(String(cString: strerror(error)).lowercased())")
    }
}
