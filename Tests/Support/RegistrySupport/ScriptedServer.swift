// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization
import TestSupport

/// A server of HTTP on a port of 127.0.0.1 that does what a test says, also what no server should do.
package final class ScriptedServer: Sendable {
    /// What a client has sent.
    package struct Request: Sendable {
        package var method: String
        /// Path and query.
        package var target: String
        /// By names in lower case.
        package var fields: [String: String]
        package var body: [UInt8]

        package init(_ method: String, _ target: String, _ fields: [String: String] = [:], _ body: [UInt8] = []) {
            self.method = method
            self.target = target
            self.fields = fields
            self.body = body
        }

        /// The path without the query.
        package var path: String { String(target.prefix { $0 != "?" }) }
    }

    /// How an answer ends.
    package enum End: Sendable {
        case whole
        /// The connection is closed after a number of bytes of the body.
        case cut(after: Int)
        /// Nothing comes after a number of bytes of the body, until the client goes.
        case stall(after: Int)
    }

    package struct Response: Sendable {
        package var status: Int
        package var fields: [(name: String, value: String)]
        package var body: [UInt8]
        /// What is said of the length of the body; nil for the truth.
        package var length: Int?
        package var end: End

        package init(
            _ status: Int,
            _ fields: [(name: String, value: String)] = [],
            _ body: [UInt8] = [],
            length: Int? = nil,
            end: End = .whole
        ) {
            self.status = status
            self.fields = fields
            self.body = body
            self.length = length
            self.end = end
        }
    }

    package typealias Handler = @Sendable (Request) -> Response

    private let listener: Descriptor
    /// `127.0.0.1:PORT`.
    package let address: String
    private let log = Mutex<[Request]>([])
    private let connections = Mutex<Set<Int32>>([])

    /// What was asked so far.
    package var requests: [Request] { log.withLock(\.self) }

    /// Starts a server.
    ///
    /// - Parameter handler: Answers, on the threads of connections.
    /// - Throws: The error of a call.
    package init(_ handler: @escaping Handler) throws {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemFailure("make", "a socket") }
        listener = Descriptor(owning: number)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(number, pointer, length) == 0 && listen(number, 64) == 0
                    && getsockname(number, pointer, &length) == 0
            }
        }
        guard isBound else { throw SystemFailure("listen on", "127.0.0.1") }
        self.address = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let server = Unowned(self)
        try BlockingCall.start { Self.accept(number, server, handler) }
    }

    /// The server for its threads, which end when it does.
    private final class Unowned: Sendable {
        private weak let server: ScriptedServer?

        init(_ server: ScriptedServer) {
            self.server = server
        }

        func log(_ request: Request) { server?.log.withLock { $0.append(request) } }
    }

    deinit { shutdown(listener.number, Int32(SHUT_RDWR)) }

    private static func accept(_ listener: Int32, _ server: Unowned, _ handler: @escaping Handler) {
        while true {
            let number = Glibc.accept(listener, nil, nil)
            if number < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            let box = DescriptorBox(Descriptor(owning: number))
            try? BlockingCall.start { serve(box, server, handler) }
        }
    }

    private static func serve(_ box: DescriptorBox, _ server: Unowned, _ handler: Handler) {
        guard let connection = box.take() else { return }
        signal(SIGPIPE, SIG_IGN)
        var reader = RequestReader(connection.number)
        while let request = reader.next() {
            server.log(request)
            if !answer(handler(request), to: request, on: connection.number) { return }
        }
    }

    /// Answers; false where the connection ends with the answer.
    private static func answer(_ response: Response, to request: Request, on connection: Int32) -> Bool {
        var head = "HTTP/1.1 \(response.status) Scripted\r\n"
        for field in response.fields { head += "\(field.name): \(field.value)\r\n" }
        head += "Content-Length: \(response.length ?? response.body.count)\r\n\r\n"
        guard send(Array(head.utf8), on: connection) else { return false }
        if request.method == "HEAD" { return true }
        switch response.end {
        case .whole:
            return send(response.body, on: connection) && response.length == nil
        case .cut(let count):
            _ = send(Array(response.body.prefix(count)), on: connection)
            return false
        case .stall(let count):
            _ = send(Array(response.body.prefix(count)), on: connection)
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        }
    }

    private static func send(_ bytes: [UInt8], on connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Reads requests from a connection.
private struct RequestReader {
    private let connection: Int32
    private var bytes: [UInt8] = []

    init(_ connection: Int32) {
        self.connection = connection
    }

    private mutating func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65536)
        let count = recv(connection, &piece, piece.count, 0)
        if count > 0 { bytes += piece.prefix(count) }
        return count > 0
    }

    private mutating func line() -> String? {
        while true {
            if let end = bytes.firstIndex(of: 0x0A) {
                let line = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeFirst(end + 1)
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            // A client that begins with TLS gets no answer.
            if bytes.first == 0x16 || !fill() || bytes.first == 0x16 { return nil }
        }
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        while bytes.count < count { if !fill() { return nil } }
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }

    mutating func next() -> ScriptedServer.Request? {
        guard let start = line() else { return nil }
        let words = start.split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        var request = ScriptedServer.Request(words[0], words[1])
        while let field = line() {
            if field.isEmpty { return body(of: &request) ? request : nil }
            let parts = field.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            request.fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        return nil
    }

    private mutating func body(of request: inout ScriptedServer.Request) -> Bool {
        if request.fields["transfer-encoding"] == "chunked" {
            while let head = line(), let count = Int(head, radix: 16) {
                guard let piece = take(count), line() != nil else { return false }
                if count == 0 { return true }
                request.body += piece
            }
            return false
        }
        guard let count = request.fields["content-length"].flatMap({ Int($0) }) else { return true }
        guard let body = take(count) else { return false }
        request.body = body
        return true
    }
}
