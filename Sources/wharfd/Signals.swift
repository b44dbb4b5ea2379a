// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The signals that end the engine.
enum Signals {
    /// The pipe into which the handler writes; made before the handler is there, since it must not be made in it.
    private static let ends: (reader: Int32, writer: Int32) = {
        guard let pipe = try? Pipe() else { return (-1, -1) }
        return pipe.split { reader, writer in
            for number in [reader.number, writer.number] {
                _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
            }
            return (reader.release(), writer.release())
        }
    }()

    /// Has the signals written down; a client that goes away while it is written to is no reason to end.
    static func install() throws(SystemError) {
        if ends.writer < 0 { throw SystemError("pipe2", EMFILE) }
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        for number in [SIGTERM, SIGINT] {
            signal(number) { _ in
                let before = errno
                var byte: UInt8 = 0
                _ = write(Signals.ends.writer, &byte, 1)
                errno = before
            }
        }
    }

    /// Waits for one of them.
    static func wait() async throws {
        try await Reactor.shared.wait(for: ends.reader, .readable)
    }
}
