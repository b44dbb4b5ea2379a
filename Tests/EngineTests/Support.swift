// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

/// Runs a program that must succeed and gives its output.
@discardableResult
func run(_ program: String, _ arguments: [String], in folder: String? = nil) throws -> String {
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
func shell(_ script: String, in folder: String) throws -> String {
    try run("/bin/bash", ["-euo", "pipefail", "-c", script], in: folder)
}

/// A folder of the host as the root of a container.
final class TestRoot: Sendable {
    let scratch: Scratch
    let descriptor: Descriptor

    init(_ script: String = "") throws {
        scratch = try Scratch()
        try makeFolder(scratch / "root")
        descriptor = try Descriptor.open(scratch / "root", O_RDONLY | O_DIRECTORY)
        // What is beside the root must stay as it is.
        try scratch.write("canary/file", Self.secret)
        if !script.isEmpty { try shell(script, in: path) }
    }

    deinit {
        // A scratch folder is removed by names in UTF-8, and those of a hostile root need not be.
        _ = try? run("rm", ["-rf", path])
    }

    var path: String { scratch / "root" }

    /// Everything beside the root.
    func canary() throws -> String {
        try shell("find canary -printf '%P %y %m %U %G %s\\n' | sort; cat canary/file", in: scratch.path)
    }

    static let secret = "what only the host may see"
}

/// Everything about the files below a folder, by programs that are not ours.
func listing(_ folder: String) throws -> String {
    try shell(
        #"""
        export LC_ALL=C
        find . -mindepth 1 ! -type s -printf '%P %y %m %U %G %s %Ts %l\n' | awk '$2 == "d" { $6 = "-" } { print }' | sort
        find . -type f -links +1 -printf '%i %P\n' | sort | awk '$1 != last { printf "\n" } { last = $1; printf " %s", $2 }' | sort
        echo
        find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort
        find . -type f -print0 | sort -z | xargs -0r sha256sum
        find . -mindepth 1 ! -type s -print0 | sort -z | xargs -0r getfattr -h -d -m - -e hex 2>/dev/null
        """#,
        in: folder
    )
}

/// An archive that a test makes entry by entry.
struct Archive {
    private let sink = MemorySink()
    private let writer: TarWriter

    init(_ body: (Archive) throws -> Void = { _ in }) rethrows {
        writer = TarWriter(sink)
        try body(self)
    }

    func add(_ entry: TarEntry, _ text: String = "") throws {
        try writer.write(entry, data: Array(text.utf8))
    }

    func directory(_ path: String, mode: UInt32 = 0o755) throws {
        try add(TarEntry(.directory, path: try filePath(path), permissions: mode))
    }

    func file(_ path: String, _ text: String = "", mode: UInt32 = 0o644, uid: UInt32 = 0) throws {
        var entry = TarEntry(.regular, path: try filePath(path), permissions: mode)
        entry.uid = uid
        try add(entry, text)
    }

    func link(_ path: String, to target: String) throws {
        try add(TarEntry(.symbolicLink, path: try filePath(path), target: try filePath(target), permissions: 0o777))
    }

    func hardLink(_ path: String, to target: String) throws {
        try add(TarEntry(.hardLink, path: try filePath(path), target: try filePath(target)))
    }

    func bytes() throws -> [UInt8] {
        try writer.finish()
        return sink.bytes
    }
}

func filePath(_ text: String) throws -> FilePath {
    try #require(FilePath(text.utf8))
}

/// A thread that changes a file between two states as fast as it can, as a hostile process of a container does.
final class SwapRace: Sendable {
    private let result: BlockingResult<Int>

    /// - Parameters:
    ///   - first: A path of the host.
    ///   - second: Another, whose file is exchanged with the first again and again.
    /// - Throws: Where there is no thread.
    init(_ first: String, _ second: String) throws {
        // The thread must not own the race that it belongs to.
        let flag = SwapFlag()
        self.flag = flag
        result = try BlockingCall.begin {
            var count = 0
            while !flag.isSet {
                // Renamed twice, since a directory cannot take the place of a link in one step.
                rename(first, "\(first).away")
                rename(second, first)
                rename(first, second)
                rename("\(first).away", first)
                count += 1
            }
            return count
        }
    }

    private let flag: SwapFlag

    /// Ends it; how often the files were exchanged.
    func end() async throws -> Int {
        flag.set()
        return try await result.value
    }
}

private final class SwapFlag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}
