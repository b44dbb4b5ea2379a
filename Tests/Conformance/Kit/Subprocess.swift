// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A command to run.
package struct Invocation: Sendable {
    package var executable: String
    package var arguments: [String]
    package var environment: [String]
    package var directory: String
    /// The file to read as standard input; without it the input is empty.
    package var input: String?
    package var timeLimit: Duration

    package init(
        executable: String,
        arguments: [String],
        environment: [String],
        directory: String,
        input: String? = nil,
        timeLimit: Duration
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
        self.timeLimit = timeLimit
    }
}

/// What a command left behind.
package struct Outcome: Sendable {
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case crashed(signal: Int32)
        case timedOut
        case notStarted(String)
    }

    package var ending: Ending
    package var output: [UInt8] = []
    package var errors: [UInt8] = []

    package init(ending: Ending, output: [UInt8] = [], errors: [UInt8] = []) {
        self.ending = ending
        self.output = output
        self.errors = errors
    }

    /// The decision, nil when the command did not come to one.
    package var decision: Decision? {
        guard case .exited(let status) = ending else { return nil }
        return status == 0 ? .accept : .reject
    }
}

extension Invocation {
    /// One command is started at a time, so that no child inherits the pipes of another.
    private static let starting = Mutex(())

    /// Runs the command to its end and collects what it prints.
    ///
    /// Blocks the thread. The whole process group is killed when the time limit passes.
    package func run() -> Outcome {
        guard access(executable, X_OK) == 0 else {
            return Outcome(ending: .notStarted(String(cString: strerror(errno))))
        }
        var reading: [Int32] = []
        var process: pid_t = 0
        let failure = Self.starting.withLock { _ in start(&process, &reading) }
        guard failure == 0 else { return Outcome(ending: .notStarted(String(cString: strerror(failure)))) }
        var outcome = Outcome(ending: .exited(0))
        let finished = collect(reading, &outcome)
        for descriptor in reading { close(descriptor) }
        if !finished { kill(-process, SIGKILL) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        if !finished {
            outcome.ending = .timedOut
        } else if status & 0x7F == 0 {
            outcome.ending = .exited((status >> 8) & 0xFF)
        } else {
            outcome.ending = .crashed(signal: status & 0x7F)
        }
        return outcome
    }

    /// Starts the process with two pipes and returns their reading ends.
    private func start(_ process: inout pid_t, _ reading: inout [Int32]) -> Int32 {
        var pipes: [Int32] = [-1, -1, -1, -1]
        for index in [0, 2] {
            let failed = pipes.withUnsafeMutableBufferPointer { pipe($0.baseAddress.map { $0 + index }) } != 0
            if failed { return errno }
        }
        for descriptor in pipes { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        posix_spawn_file_actions_adddup2(&actions, pipes[3], 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        // The C library can start a program in another folder, but not through a name that Swift sees.
        let command = ["env", "-C", directory, executable] + arguments
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        let failure = posix_spawn(&process, "/usr/bin/env", &actions, &attributes, &words, &variables)
        close(pipes[1])
        close(pipes[3])
        if failure != 0 {
            close(pipes[0])
            close(pipes[2])
        } else {
            reading = [pipes[0], pipes[2]]
        }
        return failure
    }

    /// Reads both pipes until they are closed; false when time runs out before that.
    private func collect(_ reading: [Int32], _ outcome: inout Outcome) -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: timeLimit)
        var polled = reading.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while polled.contains(where: { $0.fd >= 0 }) {
            let left = clock.now.duration(to: deadline).components
            let milliseconds = left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000
            guard milliseconds > 0 else { return false }
            let ready = poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds))
            guard ready > 0 else { continue }
            for index in polled.indices where polled[index].revents != 0 {
                let count = read(polled[index].fd, &buffer, buffer.count)
                if count > 0 {
                    let bytes = buffer.prefix(count)
                    if index == 0 { outcome.output += bytes } else { outcome.errors += bytes }
                } else if count == 0 || errno != EINTR {
                    polled[index].fd = -1
                }
            }
        }
        return true
    }
}
