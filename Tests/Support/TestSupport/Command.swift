// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A program that a test runs, from start to end, with its output kept and its memory measured.
package struct Command: Sendable {
    /// How a run ended.
    package enum End: Equatable, Sendable {
        case exit(Int)
        case signal(Int)
        /// The time limit was reached and the program was killed.
        case timeout
    }

    /// What a run left behind.
    package struct Outcome: Sendable {
        package var end: End
        package var output: String
        package var errors: String
        /// The largest amount of memory that was resident at once, in bytes.
        package var peakMemory: Int
        /// From the start to the end of the program.
        package var duration: Duration
    }

    package var program: String
    package var arguments: [String]
    /// The working directory; nil keeps the one of the test.
    package var folder: String?
    /// The whole environment of the program; nil keeps the one of the test.
    package var environment: [String: String]?
    /// The file that the program reads as standard input.
    package var input = "/dev/null"
    /// Kills a program that hangs, so that the test can fail; it is no measure of speed.
    package var watchdogSeconds = 300
    /// The limit of the address space in bytes, so that a runaway program does not take the machine along; 0 sets none.
    package var addressSpace = 0

    package init(
        _ program: String,
        _ arguments: [String] = [],
        in folder: String? = nil,
        environment: [String: String]? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.folder = folder
        self.environment = environment
    }

    /// Runs the program and waits for its end.
    ///
    /// Standard output and error are kept in files while it runs, so that neither can block it.
    package func run() throws(SystemFailure) -> Outcome {
        let scratch = try Scratch()
        let (result, output, errors) = (scratch / "result", scratch / "output", scratch / "errors")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY | O_CREAT, 0o600)

        let measure = Binaries.path(of: "measure")
        let command = [measure, result, "\(watchdogSeconds)", "\(addressSpace)", folder ?? ".", program] + arguments
        var child: pid_t = 0
        let failure = withCStrings(command) { vector in
            guard let environment else { return posix_spawn(&child, measure, &actions, nil, vector, environ) }
            return withCStrings(environment.map { "\($0.key)=\($0.value)" }) {
                posix_spawn(&child, measure, &actions, nil, vector, $0)
            }
        }
        if failure != 0 { throw SystemFailure("run", measure, failure) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            if errno != EINTR { throw SystemFailure("wait for", program) }
        }
        let errorText = try scratch.text("errors")
        if status != 0 { throw SystemFailure(message: "cannot measure \(program): \(errorText)") }
        return try Self.outcome(
            of: scratch.text("result"),
            output: scratch.text("output"),
            errors: errorText
        )
    }

    private static func outcome(of result: String, output: String, errors: String) throws(SystemFailure) -> Outcome {
        let lines = result.split(separator: "\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard lines.count == 3, words.count == 2, let code = Int(words[1]),
            let memory = Int(lines[1]), let nanoseconds = Int64(lines[2])
        else { throw SystemFailure(message: "unexpected result of measure: \(result)") }
        let end: End =
            switch words[0] {
            case "exit": .exit(code)
            case "signal": .signal(code)
            default: .timeout
            }
        return Outcome(
            end: end,
            output: output,
            errors: errors,
            peakMemory: memory,
            duration: .nanoseconds(nanoseconds)
        )
    }
}

/// Calls `body` with a null-terminated vector of C strings.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var vector: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    vector.append(nil)
    defer { for string in vector { free(string) } }
    return vector.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("the vector has its terminator") }
        return body(start)
    }
}
