// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization
import TestSupport

/// A command in a terminal, which a test types into and reads from.
final class Pseudoterminal: Sendable {
    private let master: Int32
    private let pid: Int32
    private let seen = Mutex<[UInt8]>([])
    private let ended = Atomic(false)
    /// Fails a test that waits for what does not come; it is no measure of speed.
    private static let watchdogMilliseconds: Int32 = 60_000

    private init(_ master: Int32, _ pid: Int32) {
        (self.master, self.pid) = (master, pid)
    }

    deinit {
        // A client that is still there gets SIGHUP, as from any terminal that goes.
        close(master)
        if !ended.load(ordering: .relaxed) {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }

    /// Starts a command of a shell in a terminal of its own.
    ///
    /// - Parameters:
    ///   - line: The command.
    ///   - rows: The height of the terminal.
    ///   - columns: Its width.
    ///   - host: Where the command finds the programs.
    /// - Returns: The terminal.
    /// - Throws: Where it cannot be made.
    static func start(
        _ line: String,
        rows: UInt16 = 30,
        columns: UInt16 = 100,
        in host: Installation
    ) async throws -> Pseudoterminal {
        let (variables, folder) = (host.environment, host.scratch.path)
        return try await BlockingCall.run {
            // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
            let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            var (lock, number): (Int32, UInt32) = (0, 0)
            guard master >= 0, ioctl(master, 0x4004_5431, &lock) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
                throw SystemFailure("open", "a terminal")
            }
            let path = "/dev/pts/\(number)"
            resize(master, rows, columns)
            // The first terminal that the leader of a session opens is its own (tty(4)).
            let words = [
                "/usr/bin/setsid", "--wait", "/bin/bash", "-c",
                "exec <\(path) >\(path) 2>&1; cd \(folder); exec \(line)",
            ]
            var vector: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
            var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
            defer { for word in vector + environment { free(word) } }
            var child: pid_t = 0
            let failure = posix_spawn(&child, words[0], nil, nil, &vector, &environment)
            if failure != 0 { throw SystemFailure("run", line, failure) }
            return Pseudoterminal(master, child)
        }
    }

    /// Waits until the terminal shows a text behind what was waited for before.
    func wait(for text: String) async throws {
        try await BlockingCall.run { [self] in
            while !take(text) {
                guard try read() else { throw SystemFailure(message: "\(text) is not in \(shown)") }
            }
        }
    }

    /// Types a text.
    func type(_ text: String) async throws {
        let bytes = Array(text.utf8)
        try await BlockingCall.run { [self] in
            if write(master, bytes, bytes.count) != bytes.count { throw SystemFailure("write to", "the terminal") }
        }
    }

    /// Changes its size, as a user who pulls at a corner of the window.
    func resize(rows: UInt16, columns: UInt16) { Self.resize(master, rows, columns) }

    /// Waits for the end of the command, and gives its status.
    func end() async throws -> Int32 {
        try await BlockingCall.run { [self] in
            while try read() {}
            var status: Int32 = 0
            if waitpid(pid, &status, 0) != pid { throw SystemFailure("wait for", "the command") }
            ended.store(true, ordering: .relaxed)
            return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        }
    }

    /// What it has shown and was not waited for.
    var shown: String { seen.withLock { String(decoding: $0, as: UTF8.self) } }

    private static func resize(_ master: Int32, _ rows: UInt16, _ columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    private func take(_ text: String) -> Bool {
        seen.withLock { bytes in
            guard let place = String(decoding: bytes, as: UTF8.self).firstRange(of: text) else { return false }
            let rest = String(decoding: bytes, as: UTF8.self)[place.upperBound...]
            bytes = Array(rest.utf8)
            return true
        }
    }

    /// Reads what there is; false when no process has the terminal any more.
    private func read() throws -> Bool {
        var wait = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        if poll(&wait, 1, Self.watchdogMilliseconds) == 0 {
            throw SystemFailure(message: "nothing more comes behind \(shown)")
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(master, &bytes, bytes.count)
        // Nobody has opened it yet, or nobody has it open any more: EIO for both.
        if count <= 0 { return try waitForEnd() }
        seen.withLock { $0 += bytes[..<count] }
        return true
    }

    /// Tells the two apart: false where the command has ended.
    private func waitForEnd() throws -> Bool {
        var information = siginfo_t()
        if waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT | WNOHANG) != 0 {
            throw SystemFailure("wait for", "the command")
        }
        sched_yield()
        return information.si_signo != SIGCHLD
    }
}
