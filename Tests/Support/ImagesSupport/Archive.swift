// SPDX-License-Identifier: Apache-2.0

package import Images
package import Linux
import TestSupport

/// Runs a program that must succeed and gives its output.
@discardableResult
package func run(_ program: String, _ arguments: [String], in folder: String? = nil) throws -> String {
    var command = Command(program, arguments, in: folder)
    command.watchdogSeconds = 600
    let outcome = try command.run()
    guard outcome.end == .exit(0) else {
        throw SystemFailure(message: "\(program) \(arguments): \(outcome.end) \(outcome.errors)")
    }
    return outcome.output
}

/// Runs a shell script that must succeed and gives its output.
@discardableResult
package func shell(_ script: String, in folder: String) throws -> String {
    try run("/bin/bash", ["-euo", "pipefail", "-c", script], in: folder)
}

/// An archive that a test makes entry by entry.
package struct Archive {
    private let sink = MemorySink()
    private let writer: TarWriter

    package init(_ body: (Archive) throws -> Void = { _ in }) rethrows {
        writer = TarWriter(sink)
        try body(self)
    }

    package func add(_ entry: TarEntry, _ text: String = "") throws {
        try writer.write(entry, data: Array(text.utf8))
    }

    package func directory(_ path: String, mode: UInt32 = 0o755) throws {
        try add(TarEntry(.directory, path: try filePath(path), permissions: mode))
    }

    package func file(_ path: String, _ text: String = "", mode: UInt32 = 0o644, uid: UInt32 = 0) throws {
        var entry = TarEntry(.regular, path: try filePath(path), permissions: mode)
        entry.uid = uid
        try add(entry, text)
    }

    package func link(_ path: String, to target: String) throws {
        try add(TarEntry(.symbolicLink, path: try filePath(path), target: try filePath(target), permissions: 0o777))
    }

    package func hardLink(_ path: String, to target: String) throws {
        try add(TarEntry(.hardLink, path: try filePath(path), target: try filePath(target)))
    }

    package func bytes() throws -> [UInt8] {
        try writer.finish()
        return sink.bytes
    }
}

package func filePath(_ text: String) throws -> FilePath {
    guard let path = FilePath(text.utf8) else { throw SystemFailure(message: "`\(text)` is no path") }
    return path
}
