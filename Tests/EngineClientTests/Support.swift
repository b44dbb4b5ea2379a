// SPDX-License-Identifier: Apache-2.0

import EngineClient
import FoundationEssentials
import Glibc
import Linux
import TestSupport

/// The other end of a socket, which does what a test tells it to.
final class Peer: Sendable {
    private let scratch: Scratch
    private let listener: Int32
    /// The path of the socket.
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch / "peer.sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if listener < 0 { throw SystemFailure("create", "a socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result != 0 || listen(listener, 16) != 0 { throw SystemFailure("listen on", path) }
    }

    deinit { close(listener) }

    /// The next connection.
    func accept() throws -> Conversation {
        let number = Glibc.accept(listener, nil, nil)
        if number < 0 { throw SystemFailure("accept on", path) }
        return Conversation(number)
    }

    /// Lets nobody wait any more for a connection that does not come.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// Plays both sides, each on a thread of its own.
    ///
    /// - Parameters:
    ///   - script: What the peer does.
    ///   - body: What the client does.
    /// - Returns: What became of the client, and what the script returned; nil where it failed.
    /// - Throws: Where there is no thread for them.
    func play<Seen: Sendable, Value: Sendable>(
        _ script: @escaping @Sendable (Peer) throws -> Seen,
        client body: @escaping @Sendable (EngineClient) throws -> Value
    ) async throws -> (client: Result<Value, any Error>, peer: Seen?) {
        async let seen = BlockingCall.run { try? script(self) }
        let path = path
        let value = try await BlockingCall.run {
            Result { try body(EngineClient(socket: path)) }
        }
        stop()
        return (value, try await seen)
    }

    /// Plays against a peer that answers one request after the other with given bytes and closes.
    func answer<Value: Sendable>(
        _ answers: [String],
        _ body: @escaping @Sendable (EngineClient) throws -> Value
    ) async throws -> (client: Result<Value, any Error>, peer: [String]?) {
        try await play(
            { peer in
                try answers.map { answer in
                    let conversation = try peer.accept()
                    let request = try conversation.request()
                    conversation.send(answer)
                    return request
                }
            },
            client: body
        )
    }
}

/// A connection as the peer has it, closed at the end of its life.
final class Conversation {
    private var number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close() }

    /// Ends the connection.
    func close() {
        if number >= 0 { Glibc.close(number) }
        number = -1
    }

    /// Sends bytes one by one, so that the client meets every way to cut them.
    func send(_ text: String) {
        for byte in text.utf8 {
            var byte = byte
            if Glibc.send(number, &byte, 1, Int32(MSG_NOSIGNAL)) != 1 { return }
        }
    }

    /// Sends bytes that need not be text.
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// The next byte; nil at the end.
    func byte() -> UInt8? {
        var byte: UInt8 = 0
        return recv(number, &byte, 1, 0) == 1 ? byte : nil
    }

    /// A request with its body, whose chunks are put together.
    func request() throws -> String {
        let head = try line(until: "\r\n\r\n")
        if head.contains("Transfer-Encoding: chunked") {
            var body = ""
            while true {
                let size = Int(try line(until: "\r\n").dropLast(), radix: 16) ?? 0
                body += try take(size)
                _ = try take(2)
                if size == 0 { return head + body }
            }
        }
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }?.dropFirst(16)
        return head + (try take(length.flatMap { Int($0) } ?? 0))
    }

    /// All that comes until the client sends no more.
    func rest() -> String {
        var bytes: [UInt8] = []
        while let byte = byte() { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func take(_ count: Int) throws -> String {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let byte = byte() else { throw SystemFailure(message: "the request ends too early") }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func line(until end: String) throws -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(end.utf8.count).elementsEqual(end.utf8) {
            guard let byte = byte() else { throw SystemFailure(message: "the request ends too early") }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Any JSON; what is empty, zero or null says the same as what is not there.
enum JSONValue: Decodable, Equatable {
    case nothing
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .nothing
        } else if let value = try? container.decode(Bool.self) {
            self = value ? .flag(true) : .nothing
        } else if let value = try? container.decode(Double.self) {
            self = value == 0 ? .nothing : .number(value)
        } else if let value = try? container.decode(String.self) {
            self = value.isEmpty ? .nothing : .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = value.isEmpty ? .nothing : .list(value)
        } else {
            // The keys of a set, such as exposed ports, count although their values are empty.
            let object = try container.decode([String: JSONValue].self)
            let isSet = object.values.allSatisfy { $0 == .nothing } && object.keys.allSatisfy { !$0.isCapitalized }
            var kept = isSet ? object : object.filter { $0.value != .nothing }
            // Docker's client shuffles variables, and may repeat them.
            if case .list(let variables)? = kept["Env"] {
                let texts = variables.compactMap { if case .text(let text) = $0 { text } else { nil } }
                kept["Env"] = .list(Set(texts).sorted().map { .text($0) })
            }
            self = kept.isEmpty ? .nothing : .object(kept)
        }
    }

    static func read(_ text: String) throws -> Self {
        try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    }
}

extension String {
    /// Whether it begins like the name of a field in this API.
    fileprivate var isCapitalized: Bool { first?.isUppercase == true }
}

/// Bytes in base64 (RFC 4648).
func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
