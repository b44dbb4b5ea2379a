// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Files that the user names for commands to read.
enum InputFile {
    /// Everything in a file.
    ///
    /// - Parameters:
    ///   - path: The file; it may be a pipe.
    ///   - limit: The size of the largest one.
    ///   - failure: What the command ends with where it cannot be read.
    /// - Returns: The bytes.
    /// - Throws: ``CommandFailure`` with the path.
    static func read(_ path: String, limit: Int, failure: ExitStatus = .failure) throws -> [UInt8] {
        var bytes: [UInt8] = []
        do throws(SystemError) {
            let file = try Descriptor.open(path, O_RDONLY)
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
            defer { piece.deallocate() }
            while bytes.count <= limit {
                let count = try file.read(into: piece)
                if count == 0 { return bytes }
                bytes += piece[..<count]
            }
        } catch {
            let reason = SystemError.text(of: error.number)
            throw CommandFailure(message: "cannot read `\(path)`: \(reason)", status: failure)
        }
        throw CommandFailure(message: "cannot read `\(path)`: it is larger than \(limit) bytes", status: failure)
    }
}
