// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A short run of a program that answers a question.
package enum ProgramRun {
    /// The longest answer that is read.
    private static let longestAnswer = 1 << 16

    /// Runs a program with no input and an empty environment, and reads what it writes.
    ///
    /// - Parameters:
    ///   - program: The path of the program.
    ///   - arguments: Its arguments.
    ///   - milliseconds: How long it may take until it is killed.
    /// - Returns: How it ended, and what it wrote on both of its streams.
    /// - Throws: The error of the call that failed.
    package static func answer(
        of program: String,
        _ arguments: [String] = [],
        milliseconds: Int32 = 5000
    ) throws(SystemError) -> (end: ProcessEnd, text: String) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe", errno) }
        let reader = Descriptor(owning: ends[0])
        let pid: pid_t
        do {
            let writer = Descriptor(owning: ends[1])
            pid = try spawn(program, arguments, output: writer.number, closing: reader.number)
        }
        var bytes: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { piece.deallocate() }
        var request = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
        while bytes.count < longestAnswer {
            guard poll(&request, 1, milliseconds) == 1 else {
                kill(pid, SIGKILL)
                break
            }
            let count = (try? reader.read(into: piece)) ?? 0
            if count == 0 { break }
            bytes += piece[..<count]
        }
        if bytes.count >= longestAnswer { kill(pid, SIGKILL) }
        return (try ProcessEnd(of: pid, running: program), String(decoding: bytes, as: UTF8.self))
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        output: Int32,
        closing other: Int32
    ) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        posix_spawn_file_actions_addclose(&actions, other)
        if output > STDERR_FILENO { posix_spawn_file_actions_addclose(&actions, output) }
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        let result = posix_spawn(&pid, program, &actions, nil, &words, &environment)
        if result != 0 { throw SystemError("posix_spawn", result, on: program) }
        return pid
    }
}
