// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import TestSupport

/// A name server of Debian's with nothing but what its arguments say; it ends with the last reference.
package final class Dnsmasq {
    package let pid: Int32

    /// Starts it, and waits until it serves.
    ///
    /// - Parameters:
    ///   - arguments: Where it listens and what it knows.
    ///   - network: The network that it is in; nil for that of the calling thread.
    /// - Throws: What it says of its failure.
    package init(_ arguments: [String], in network: TestNetwork? = nil) throws {
        let pipe = try Pipe()
        let errors = pipe.writer.number
        let start: @Sendable () throws -> pid_t = { try Self.spawn(arguments, writingTo: errors) }
        pid = try network?.run(start) ?? start()
        try pipe.split { reader, writer in
            // So that its death is the end of what it says.
            close(writer.release())
            var said: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 4096)
            while !String(decoding: said, as: UTF8.self).contains("started") {
                let count = read(reader.number, &piece, piece.count)
                guard count > 0 else {
                    throw SystemFailure(message: "dnsmasq: \(String(decoding: said, as: UTF8.self))")
                }
                said += piece.prefix(count)
            }
        }
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    private static func spawn(_ arguments: [String], writingTo errors: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        let standard = [
            "dnsmasq", "--no-daemon", "--log-facility=-", "--no-resolv", "--no-hosts", "--bind-interfaces",
            "--pid-file=",
            "--user=root", "--conf-file=/dev/null",
        ]
        var words = (standard + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, "/usr/sbin/dnsmasq", &actions, nil, &words, environ)
        if failure != 0 { throw SystemError("posix_spawn", failure, on: "dnsmasq") }
        return pid
    }
}
