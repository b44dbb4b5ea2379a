// SPDX-License-Identifier: Apache-2.0

/// Something about a registry that failed: what kind of failure, and in words what was tried, the answer, and what to do.
package struct RegistryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure, by which callers decide.
    package enum Code: Sendable {
        /// The registry wants other credentials, or some at all.
        case unauthorized
        /// The credentials do not allow it.
        case denied
        /// There is no such repository, manifest or blob.
        case notFound
        /// The registry wants to be asked less often.
        case throttled
        /// It is legal but not supported.
        case unsupported
        /// Content is not what its digest or size says.
        case mismatch
        /// A bound of size or number was reached.
        case limitExceeded
        /// Nothing answers, or the connection does not hold.
        case unreachable
        /// The answer is not what the specification of registries says.
        case malformed
        /// The registry answers with another error.
        case failed
        /// A file of settings cannot be read or contradicts itself.
        case configuration
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// A failure that the next try may not meet.
struct TransientFailure: Error {
    var error: RegistryError
    /// How long the registry wants to be left alone.
    var pause: Duration?
    /// Whether anything answered; what has never answered is not asked again.
    var hasAnswered = true
}
