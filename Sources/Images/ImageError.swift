// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Something about images that failed: what kind of failure, in words, and the system's answer.
package struct ImageError: Error, Equatable, CustomStringConvertible {
    /// The kind of failure, by which callers decide.
    package enum Code: Sendable {
        /// An archive or compressed data is malformed or ends early.
        case invalidArchive
        /// A JSON document is malformed or contradicts itself or what it points to.
        case invalidDocument
        /// Content is not what its digest or size says.
        case digestMismatch
        /// A bound of size or number was reached.
        case limitExceeded
        /// There is no such image, layer or blob.
        case notFound
        /// A short id stands for more than one image.
        case ambiguous
        /// The image is in the way of what was asked for.
        case conflict
        /// It is legal but not supported.
        case unsupported
        /// The name of an image is malformed.
        case invalidReference
        /// A system call failed.
        case system
    }

    package var code: Code
    /// What was tried, on what, and what to do next where there is something to do.
    package var message: String
    /// What the system answered.
    package var cause: SystemError?
    /// What to do about that answer, where there is something to do.
    package var help: String?

    package init(_ code: Code, _ message: String, cause: SystemError? = nil, help: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.help = help
    }

    package var description: String {
        (cause.map { "\(message): \($0)" } ?? message) + (help.map { "; \($0)" } ?? "")
    }

    /// Runs system calls and says of what they were a part.
    static func system<Result: ~Copyable>(
        _ action: @autoclosure () -> String,
        _ body: () throws(SystemError) -> Result
    ) throws(ImageError) -> Result {
        do {
            return try body()
        } catch {
            throw ImageError(.system, "cannot \(action())", cause: error)
        }
    }

    /// The same error with the object that it is about in front.
    func about(_ object: String) -> ImageError {
        ImageError(code, "\(object): \(message)", cause: cause, help: help)
    }
}
