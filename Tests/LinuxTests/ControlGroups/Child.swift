// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import TestSupport

/// A process that waits for a line before it does anything, so that a test can put it into a group first.
final class Child {
    let process: pid_t
    private let input: Int32
    private let output: Int32
    private var status: Int32?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path.
    ///   - arguments: Its arguments, without its name.
    /// - Throws: Where it cannot be started.
    init(_ program: String, _ arguments: [String]) throws {
        var (into, from): ([Int32], [Int32]) = ([0, 0], [0, 0])
        // Tests start children at the same time: none may inherit another's pipe.
        guard clinux_pipe2(&into, O_CLOEXEC) == 0, clinux_pipe2(&from, O_CLOEXEC) == 0 else {
            throw SystemFailure("open a pipe to", program)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, into[0], 0)
        posix_spawn_file_actions_adddup2(&actions, from[1], 1)
        // The threads that run tests block signals, which a program would inherit.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var vector = ([program] + arguments).map { strdup($0) }
        vector.append(nil)
        defer { for string in vector { free(string) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, program, &actions, &attributes, vector, environ)
        close(into[0])
        close(from[1])
        process = child
        (input, output) = (into[1], from[0])
        if failure != 0 { throw SystemFailure("run", program, failure) }
    }

    /// A shell that reads a line and then runs the script.
    convenience init(shell script: String) throws {
        try self.init("/bin/sh", ["-c", "read go; \(script)"])
    }

    /// A Perl program that reads a line and then runs the script.
    convenience init(perl script: String) throws {
        try self.init("/usr/bin/perl", ["-e", "$| = 1; <STDIN>; \(script)"])
    }

    deinit {
        if status == nil {
            kill(process, SIGKILL)
            wait()
        }
        close(input)
        close(output)
    }

    /// Lets it go on.
    func go() {
        write(input, "\n", 1)
    }

    /// The next byte that it writes; nil at the end.
    func nextByte() -> Character? {
        var byte: UInt8 = 0
        return read(output, &byte, 1) == 1 ? Character(Unicode.Scalar(byte)) : nil
    }

    /// Everything that it writes until it, and whoever has its output, ends.
    func rest() -> String {
        var text = ""
        while let byte = nextByte() { text.append(byte) }
        return text
    }

    /// Waits for its end: the exit status, or 128 and the signal's number.
    @discardableResult
    func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while waitpid(process, &raw, 0) < 0, errno == EINTR {}
        let ended = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f)
        status = ended
        return ended
    }
}
