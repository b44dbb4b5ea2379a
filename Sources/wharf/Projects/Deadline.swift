// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A limit of time for something that only waits.
enum Deadline {
    /// Runs a function, and ends the process where it takes too long: what it waits for goes on in the engine only as long as
    /// somebody listens.
    ///
    /// - Parameters:
    ///   - seconds: The limit; nil for none.
    ///   - message: What is said where it is reached.
    ///   - body: The function.
    /// - Throws: What it throws.
    static func run(seconds: Int?, _ message: String, _ body: () throws -> Void) throws {
        guard let seconds, seconds > 0 else { return try body() }
        // A clock of the kernel's, since the thread itself waits for the engine.
        limit = "error: \(message) after \(seconds)s\n  help: `wharf ps -a` shows what is not, and `wharf logs` why\n"
        signal(SIGALRM) { _ in
            Deadline.limit.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
            _exit(1)
        }
        alarm(UInt32(clamping: seconds))
        defer { alarm(0) }
        try body()
    }

    /// Written before the alarm is set, and read by its handler alone.
    nonisolated(unsafe) private static var limit = ""
}
