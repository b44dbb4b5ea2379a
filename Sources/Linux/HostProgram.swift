// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A program of the host that works for a while, with nothing of the caller's but what it is given.
///
/// It has a session of its own, and what it has started is killed when it ends.
package final class HostProgram: Sendable {
    /// How a program has ended.
    package struct Outcome: Sendable {
        package var end: ProcessEnd
        /// What it has written to its output, without the line break at the end.
        package var output: String
        /// What it has written to its error stream.
        package var errors: String
    }

    private struct State {
        /// Nil before it runs and when it has ended.
        var process: pid_t?
        var isCancelled = false
    }

    private let path: String
    private let arguments: [String]
    private let environment: [String: String]
    private let folder: String
    private let state = Mutex(State())

    /// The most that is read of what it writes.
    private static let longestText = 1 << 20

    /// - Parameters:
    ///   - path: The program.
    ///   - arguments: Without its own name.
    ///   - environment: All of its variables.
    ///   - folder: Where what it writes is kept until it ends.
    package init(_ path: String, _ arguments: [String], environment: [String: String], in folder: String) {
        (self.path, self.arguments, self.environment, self.folder) = (path, arguments, environment, folder)
    }

    /// Kills it, also where it does not run yet.
    package func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let process = state.process { kill(-process, SIGKILL) }
        }
    }

    /// Runs it to its end, with no input; the call waits.
    ///
    /// - Returns: How it has ended.
    /// - Throws: The error of the call that failed.
    package func run() throws(SystemError) -> Outcome {
        let output = try file("output")
        let errors = try file("errors")
        let process = try start(output.number, errors.number)
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0 {
            if errno != EINTR { throw SystemError("waitid", errno, on: path) }
        }
        let end = try state.withLock { state throws(SystemError) in
            // As long as it was not waited for, its number is its own.
            state.process = nil
            kill(-process, SIGKILL)
            return try ProcessEnd(of: process, running: path)
        }
        return Outcome(
            end: end,
            output: String(try text(of: output).trimmingLineBreak),
            errors: try text(of: errors)
        )
    }

    /// A file without a name.
    private func file(_ name: FilePath) throws(SystemError) -> Descriptor {
        let folder = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let file = try folder.open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try folder.remove(name)
        return file
    }

    private func text(of file: borrowing Descriptor) throws(SystemError) -> String {
        var bytes = [UInt8](repeating: 0, count: Self.longestText)
        let count = pread(file.number, &bytes, bytes.count, 0)
        if count < 0 { throw SystemError("pread", errno) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private func start(_ output: Int32, _ errors: Int32) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The signals of the caller's threads are no concern of it.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Self.ownSession)
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var process: pid_t = 0
        let result = state.withLock { state -> Int32 in
            if state.isCancelled { return ECANCELED }
            let result = posix_spawn(&process, path, &actions, &attributes, &words, &variables)
            if result == 0 { state.process = process }
            return result
        }
        if result != 0 { throw SystemError("posix_spawn", result, on: path) }
        return process
    }

    /// POSIX_SPAWN_SETSID of <spawn.h>.
    private static let ownSession: Int16 = 0x80
}

extension String {
    /// Without the line break at the end.
    fileprivate var trimmingLineBreak: Substring { last?.isNewline == true ? dropLast() : self[...] }
}
