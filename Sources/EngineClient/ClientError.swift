// SPDX-License-Identifier: Apache-2.0

import Linux

/// Why there is no answer of an engine.
package struct ClientError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Equatable, Sendable {
        /// Nobody listens on the socket.
        case notRunning
        /// The engine could not be reached or started.
        case unreachable
        /// The connection ended before the engine had read the request, so that nothing was done.
        case unread
        /// The connection ended before the first byte of an answer.
        case unanswered
        /// The connection ended within an answer.
        case truncated
        /// The answer is not HTTP, or not what the request asked for.
        case malformed
        /// It would change something, and the client may not.
        case refused
        /// What was to be sent could not be read.
        case unreadableBody
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

extension ClientError {
    static func malformed(_ reason: String) -> Self {
        Self(.malformed, "the engine's answer cannot be understood: \(reason)")
    }

    /// What a client answers that may change nothing, and what a command does that would.
    package static var dryRun: Self {
        Self(
            .refused,
            "--dry-run: nothing was done. What this command does cannot be told beforehand; `up`, `create`, `start`, `stop`, "
                + "`restart`, `kill`, `pause`, `unpause`, `rm`, `down`, `pull` and `watch` can be tried so"
        )
    }

    static var truncated: Self {
        Self(.truncated, "the engine's answer ended too early; the engine may have been killed: try again")
    }

    static var unanswered: Self {
        Self(.unanswered, "the engine ended before it answered; look whether it has done what you asked, and try again")
    }

    static var unread: Self {
        Self(.unread, "the engine ended before it read the request; try again")
    }

    /// A connection that failed while it was used.
    static func lost(_ error: SystemError) -> Self {
        Self(.truncated, "the connection to the engine was lost: \(error)")
    }
}
