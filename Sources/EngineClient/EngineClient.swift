// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Glibc
import JSONTree
package import Linux

/// A client of an engine on a local socket.
///
/// It blocks until there is an answer, and opens a connection for each request: a command lives for a few of them.
package struct EngineClient: Sendable {
    /// The path of the socket.
    package let socket: String
    /// What stands before the path of Docker's routes.
    private let prefix: String
    private let starter: EngineStarter?
    /// Whether nothing may be changed: requests that would are refused, as in a dry run.
    package var onlyAsks = false

    /// A client of the engine at a location.
    ///
    /// - Parameters:
    ///   - location: The location; its folders are absolute.
    ///   - startsEngine: Whether an engine is started where none answers.
    package init(location: EngineLocation, startsEngine: Bool = true) {
        socket = location.socket
        prefix = "/v\(APIVersion.current)"
        starter = startsEngine ? EngineStarter(location) : nil
    }

    /// A client of whatever engine listens on a socket.
    ///
    /// - Parameters:
    ///   - socket: The path of the socket.
    ///   - version: The version of the API to speak; ``negotiated(socket:)`` finds that of a foreign engine.
    package init(socket: String, version: APIVersion = .current) {
        self.socket = socket
        prefix = "/v\(version)"
        starter = nil
    }

    /// A client of a foreign engine, which speaks the version of the API that both know.
    package static func negotiated(socket: String) throws -> Self {
        let ping = try Self(socket: socket).ping()
        return Self(socket: socket, version: min(ping.apiVersion, .current))
    }

    // MARK: Requests

    /// Sends a request and waits for the head of the answer.
    ///
    /// - Parameter request: The request.
    /// - Returns: The answer, whose status tells of success.
    /// - Throws: ``EngineError`` where the engine refuses, ``ClientError`` where there is no answer.
    package func send(_ request: Request) throws -> Response {
        var response = try answer(request)
        if (200..<300).contains(response.head.status) { return response }
        throw try Self.error(from: &response, request)
    }

    /// Sends a request that makes a stream of bytes out of the connection.
    ///
    /// - Parameter request: The request.
    /// - Returns: The stream.
    /// - Throws: ``EngineError`` where the engine refuses, ``ClientError`` where there is no answer.
    package func hijack(_ request: Request) throws -> HijackedStream {
        var request = request
        request.upgrades = true
        var response = try answer(request)
        if response.head.status == 101 { return response.hijack() }
        if response.head.status >= 300 { throw try Self.error(from: &response, request) }
        throw ClientError.malformed("it has the status \(response.head.status) and not 101 for `\(request.path.text)`")
    }

    private func answer(_ request: Request) throws -> Response {
        if request.path.hasEmptyPart { throw EngineError(.badParameter, "a name or an identifier is empty") }
        if onlyAsks, !request.changesNothing { throw ClientError.dryRun }
        do {
            return try attempt(request)
        } catch let error as ClientError {
            // An idle engine may end between the connection and the answer.
            let isHarmless = error.code == .unread || error.code == .unanswered && request.changesNothing
            guard isHarmless, request.isRepeatable else { throw error }
        }
        return try attempt(request)
    }

    private func attempt(_ request: Request) throws -> Response {
        var connection = Connection(try connect())
        // Our own routes have their version in the path.
        let isOwn = request.path.text.hasPrefix("/wharf/") || request.path.text == "/_ping"
        let isSent = try connection.send(request.head(version: isOwn ? "" : prefix))
        switch request.body {
        case .stream(let descriptor, _) where isSent: try connection.sendChunks(from: descriptor)
        case .generated(_, let produce) where isSent: try connection.sendChunks(of: produce)
        default: break
        }
        return try Response(connection, request.method)
    }

    private static func error(from response: inout Response, _ request: Request) throws(ClientError) -> EngineError {
        let status = response.head.status
        if status == 304 { return EngineError(.notModified, "the object is in that state already") }
        let body = try response.bytes(limit: 1 << 20)
        if let answer = try? JSON.decode(ErrorResponse.self, from: body) {
            return answer.error(httpStatus: status)
        }
        var text = String(decoding: body.prefix(1000), as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        let reason = text.isEmpty ? "the engine answered `\(request.path.text)` with the status \(status)" : text
        return ErrorResponse(message: reason).error(httpStatus: status)
    }

    // MARK: Connections

    private func connect() throws(ClientError) -> Descriptor {
        do {
            return try connectOnce()
        } catch {
            guard let starter, error.code == .notRunning else { throw error }
            try starter.start()
        }
        return try connectOnce()
    }

    private func connectOnce() throws(ClientError) -> Descriptor {
        do throws(SystemError) {
            return try Descriptor.connectedStream(to: socket)
        } catch {
            switch error.number {
            // Whoever starts one says more of a folder that cannot be.
            case ENOENT, ENOTDIR, ECONNREFUSED:
                throw ClientError(.notRunning, "no engine listens on \(socket): \(SystemError.text(of: error.number))")
            case EACCES, EPERM:
                let advice = "only the user who started the engine may use it; use `--root` for one of your own"
                throw ClientError(.unreachable, "permission denied on the engine's socket \(socket): \(advice)")
            case ENAMETOOLONG:
                let length = socket.utf8.count
                throw ClientError(
                    .unreachable,
                    "the path of the engine's socket has \(length) bytes, \(EngineLocation.longestSocketPath) fit: "
                        + "\(socket); choose a shorter `--root`"
                )
            default: throw ClientError(.unreachable, "cannot connect to the engine: \(error)")
            }
        }
    }
}

/// A connection that became a stream of bytes.
package struct HijackedStream: ~Copyable {
    /// The connection, in blocking mode.
    package let socket: Descriptor
    /// What the engine has sent already; it comes before what the socket gives.
    package let early: [UInt8]
    /// Says whether output and errors come in frames: `application/vnd.docker.multiplexed-stream`.
    package let contentType: String
}
