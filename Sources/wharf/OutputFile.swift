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

    private static func failure(_ path: String, _ error: Int32) -> CommandFailure {
        CommandFailure(message: "cannot write `\(path)`: \(String(cString: strerror(error)).lowercased())")
    }
}
