// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// The socket at which clients find the engine.
package final class Listener: Sendable {
    let socket: Descriptor
    /// Where the socket is; nil where somebody else has made it, to whom the path belongs.
    package let path: String?

    /// Listens at a path, in the place of a socket that an engine before has left there.
    ///
    /// The socket has its name only when it listens, so that no client finds one that does not.
    ///
    /// - Parameter path: The path; the caller has seen to it that no other engine is there.
    /// - Throws: The error of the call that failed.
    package init(at path: String) throws(SystemError) {
        let temporary = Self.aside(path)
        unlink(temporary)
        socket = try Descriptor.listeningStream(at: temporary)
        self.path = path
        if rename(temporary, path) != 0 {
            let failure = errno
            unlink(temporary)
            throw SystemError("rename", failure, on: path)
        }
    }

    /// Uses a socket that was handed over and listens.
    package init(_ socket: consuming Descriptor) {
        _ = fcntl(socket.number, F_SETFL, fcntl(socket.number, F_GETFL) | O_NONBLOCK)
        self.socket = socket
        path = nil
    }

    /// A name in the same folder that is no longer than that of the socket, whose length is limited.
    private static func aside(_ path: String) -> String {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        return folder + ".new"
    }

    /// Lets no further client find the socket, but keeps it.
    package func withdraw() {
        if let path { rename(path, Self.aside(path)) }
    }

    /// Lets clients find it again.
    package func publish() {
        if let path { rename(Self.aside(path), path) }
    }

    /// Whether a client waits to be accepted.
    package var hasWaiting: Bool {
        var request = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) == 1
    }

    /// Removes the socket where it was withdrawn or not.
    package func remove() {
        guard let path else { return }
        withdraw()
        unlink(Self.aside(path))
    }
}
