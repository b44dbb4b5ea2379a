// SPDX-License-Identifier: Apache-2.0

/// Why the engine refuses a request, with the words that clients look for.
package struct EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: CaseIterable, Sendable {
        /// The object is already in the state that was asked for.
        case notModified
        case badParameter
        case unauthorized
        case forbidden
        case notFound
        case conflict
        /// The program of a container is a file that cannot be executed.
        case commandNotExecutable
        /// The program of a container does not exist.
        case commandNotFound
        case failed
        case notImplemented
        case unavailable

        /// The HTTP status and the exit status of a command, code by code: the only such table.
        private var row: (http: Int, exit: Int32) {
            switch self {
            case .notModified: (304, 0)
            case .badParameter: (400, 1)
            case .unauthorized: (401, 1)
            case .forbidden: (403, 1)
            case .notFound: (404, 1)
            case .conflict: (409, 1)
            case .commandNotExecutable: (400, 126)
            case .commandNotFound: (400, 127)
            case .failed: (500, 1)
            case .notImplemented: (501, 1)
            case .unavailable: (503, 1)
            }
        }

        /// The status of the response.
        package var httpStatus: Int { row.http }

        /// What a command exits with.
        package var exitStatus: Int32 { row.exit }

        /// What `container run` exits with, whose other statuses are the container's own.
        package var runExitStatus: Int32 { row.exit == 1 ? 125 : row.exit }
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// The body of the response; there is none with `notModified`.
    package var body: ErrorResponse { ErrorResponse(message: message) }
}

/// The body of a response that tells of an error.
package struct ErrorResponse: Codable, Equatable, Sendable {
    package var message: String

    package init(message: String) {
        self.message = message
    }

    /// The error that a client makes of a response.
    ///
    /// - Parameter httpStatus: The status of the response; one that no code has counts by its hundreds.
    /// - Returns: The error with the message of the response.
    package func error(httpStatus: Int) -> EngineError {
        if httpStatus == 400, let code = startFailure { return EngineError(code, message) }
        let code = EngineError.Code.allCases.first { $0.httpStatus == httpStatus }
        return EngineError(code ?? ((400..<500).contains(httpStatus) ? .badParameter : .failed), message)
    }
}

extension ErrorResponse {
    /// What kept a program from running, by the words of the message; nil where it is about something else.
    private var startFailure: EngineError.Code? {
        let isAboutProgram = message.contains("exec: \"")
        let isMissing = message.contains("no such file or directory") || message.contains("not a directory")
        if message.contains("executable file not found") || isAboutProgram && isMissing { return .commandNotFound }
        return isAboutProgram || message.contains("permission denied") ? .commandNotExecutable : nil
    }
}

// The texts that clients and their tests match.
extension EngineError {
    package static func noSuchContainer(_ reference: String) -> Self {
        Self(.notFound, "No such container: \(reference)")
    }

    package static func noSuchExec(_ reference: String) -> Self {
        Self(.notFound, "No such exec instance: \(reference)")
    }

    /// No image has the name.
    ///
    /// - Parameter reference: The name with its tag, as `familiar` gives it.
    /// - Returns: The error.
    package static func noSuchImage(_ reference: String) -> Self {
        Self(.notFound, "No such image: \(reference)")
    }

    package static func notRunning(_ id: String) -> Self {
        Self(.conflict, "Container \(id) is not running")
    }

    package static func removingRunning(_ id: String) -> Self {
        Self(
            .conflict,
            "You cannot remove a running container \(id). "
                + "Stop the container before attempting removal or force remove"
        )
    }

    package static func nameInUse(_ name: String, by id: String) -> Self {
        Self(
            .conflict,
            "Conflict. The container name \"/\(name)\" is already in use by container \"\(id)\". "
                + "You have to remove (or rename) that container to be able to reuse that name."
        )
    }

    package static func ambiguousPrefix(_ prefix: String) -> Self {
        Self(.badParameter, "Multiple IDs found with provided prefix: \(prefix)")
    }

    package static var unknownRoute: Self { Self(.notFound, "page not found") }

    package static func wrongContentType(_ type: String) -> Self {
        Self(.badParameter, "Content-Type specified (\(type)) must be 'application/json'")
    }

    /// The body of a request is not what the route reads.
    package init(unreadableBody error: DecodingError) {
        let context: DecodingError.Context
        var key: (any CodingKey)?
        var reason: String
        switch error {
        case .typeMismatch(let type, let found): (context, reason) = (found, "it is not of type \(type)")
        case .valueNotFound(_, let found): (context, reason) = (found, "it is null")
        case .keyNotFound(let missing, let found): (context, key, reason) = (found, missing, "it is missing")
        case .dataCorrupted(let found): (context, reason) = (found, found.debugDescription)
        @unknown default: (context, reason) = (DecodingError.Context(codingPath: [], debugDescription: ""), "\(error)")
        }
        let path = (context.codingPath + (key.map { [$0] } ?? [])).map {
            $0.intValue.map(String.init) ?? $0.stringValue
        }
        if path.isEmpty {
            self.init(.badParameter, "the body of the request is not the JSON that is expected: \(reason)")
        } else {
            self.init(.badParameter, "cannot read `\(path.joined(separator: "."))` in the body: \(reason)")
        }
    }
}
