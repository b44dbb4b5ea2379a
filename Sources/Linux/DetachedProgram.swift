// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A program that outlives its caller.
package enum DetachedProgram {
    /// Starts a program in a session of its own, with nothing of the caller's but the environment that is given.
    ///
    /// - Parameters:
    ///   - program: The path of the program.
    ///   - arguments: Its arguments, without its own name.
    ///   - environment: Its environment, `NAME=value` by `NAME=value`.
    ///   - report: A descriptor that it gets as number 3.
    /// - Returns: Its process, a child of the caller.
    /// - Throws: The error of posix_spawn(3).
    package static func start(
        _ program: String,
        _ arguments: [String],
        environment: [String],
        report: borrowing Descriptor
    ) throws(SystemError) -> Int32 {
        let words = CStrings([program] + arguments)
        let variables = CStrings(environment)
        defer {
            words.free()
            variables.free()
        }
        let pid = clinux_spawn_detached(program, words.pointers, variables.pointers, report.number)
        return try SystemError.check(pid, "posix_spawn", on: program)
    }
}

/// A vector of C strings with the null at its end.
private struct CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0) } + [nil]
    }

    func free() {
        for pointer in pointers { Glibc.free(pointer) }
    }
}
