// SPDX-License-Identifier: Apache-2.0

import Glibc
import Store
import TestSupport

/// A database in a folder of its own.
struct Fixture {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch / "wharf.db"
    }

    func open(eventLimit: Int = 10_000) throws -> Store {
        try Store(path: path, eventLimit: eventLimit)
    }

    /// Runs SQL with the program of SQLite itself, without our checks.
    @discardableResult
    func sql(_ statements: String) throws -> String {
        let settings = "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;"
        let outcome = try Command("sqlite3", [path, settings + statements]).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return outcome.output.trimmed
    }

    /// The bytes of the database file.
    func bytes() throws -> [UInt8] { try readBytes(path) }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0.isNewline }.reversed().drop { $0.isNewline }.reversed()) }
}

/// The identifier with a number, as `store-writer` makes it.
func identifier(_ number: Int, _ first: Character = "a") -> String {
    let text = String(number, radix: 16)
    return "\(first)" + String(repeating: "0", count: 63 - text.utf8.count) + text
}

func container(_ number: Int, name: String? = nil, _ first: Character = "a") -> ContainerRecord {
    ContainerRecord(
        id: identifier(number, first),
        name: name ?? "container-\(number)",
        created: UnixTime(nanoseconds: Int64(number)),
        configuration: Array("{\"Image\":\"image-\(number)\"}".utf8)
    )
}

extension Store {
    func add(_ container: ContainerRecord) throws { try write(.machine) { try $0.add(container) } }

    func containers() throws -> Listing<ContainerRecord> { try read { try $0.containers() } }

    func container(_ reference: String) throws -> ContainerRecord { try read { try $0.container(reference) } }
}

/// A `store-writer` that runs, whose lines are read as they come.
final class Writer {
    private var process: pid_t = 0
    private let lines: UnsafeMutablePointer<FILE>

    init(_ path: String, prefix: String, count: Int, lifetime: String) throws {
        var ends: [Int32] = [0, 0]
        if pipe(&ends) != 0 { throw SystemFailure("make", "a pipe") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        let program = Binaries.path(of: "store-writer")
        let words = [program, path, prefix, String(count), lifetime]
        var vector: [UnsafeMutablePointer<CChar>?] = words.map { (text: String) in strdup(text) }
        vector.append(nil)
        defer { for text in vector { free(text) } }
        let failure = posix_spawn(&process, program, &actions, nil, vector, environ)
        close(ends[1])
        guard failure == 0, let lines = fdopen(ends[0], "r") else { throw SystemFailure("run", program, failure) }
        self.lines = lines
    }

    deinit { fclose(lines) }

    /// The next line; nil at the end.
    func line() -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard fgets(&buffer, Int32(buffer.count), lines) != nil else { return nil }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // What stands after the last line break was cut off by the kill and says nothing.
        return text.hasSuffix("\n") ? String(text.dropLast()) : nil
    }

    /// All lines to the end.
    func rest() -> [String] {
        var found: [String] = []
        while let line = line() { found.append(line) }
        return found
    }

    func kill() { Glibc.kill(process, SIGKILL) }

    /// Waits for the end; the status of `waitpid`.
    func wait() throws -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            if errno != EINTR { throw SystemFailure("wait for", "store-writer") }
        }
        return status
    }
}

/// A small file system in memory, gone with the last reference.
final class SmallDisk {
    let scratch: Scratch

    init(kibibytes: Int) throws {
        scratch = try Scratch()
        if mount("wharf-test", scratch.path, "tmpfs", 0, "size=\(kibibytes)k") != 0 {
            throw SystemFailure("mount a tmpfs on", scratch.path)
        }
    }

    deinit { umount2(scratch.path, Int32(MNT_DETACH)) }

    /// Forbids writing, also to root.
    func makeReadOnly() throws {
        if mount("wharf-test", scratch.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) != 0 {
            throw SystemFailure("remount", scratch.path)
        }
    }
}
