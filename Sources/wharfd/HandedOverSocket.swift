// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A socket that a service manager has made for this process (sd_listen_fds(3)).
enum HandedOverSocket {
    /// The first descriptor that is handed over.
    private static let first: Int32 = 3

    /// Takes the socket over.
    ///
    /// - Returns: The socket; nil where there is none for this process.
    /// - Throws: Where there are several, or it is no listening stream socket of the local domain.
    static func take() throws -> Int32? {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        guard let pid = number("LISTEN_PID"), pid == getpid(), let count = number("LISTEN_FDS"), count > 0 else {
            return nil
        }
        guard count == 1 else {
            throw StartFailure("the service manager handed over \(count) sockets; the engine takes one, for its API")
        }
        guard option(SO_DOMAIN) == AF_UNIX, option(SO_TYPE) == Int32(SOCK_STREAM.rawValue), option(SO_ACCEPTCONN) == 1
        else {
            throw StartFailure(
                "what the service manager handed over is no listening socket; use `ListenStream=` with a path"
            )
        }
        _ = fcntl(first, F_SETFD, FD_CLOEXEC)
        return first
    }

    private static func number(_ name: String) -> Int32? {
        getenv(name).flatMap { Int32(String(cString: $0)) }
    }

    private static func option(_ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(first, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
