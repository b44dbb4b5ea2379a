// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A connection to the engine, with what was received and not used yet.
struct Connection: ~Copyable {
    private let socket: Descriptor
    private var buffer: [UInt8] = []
    private var position = 0
    /// Whether anything was ever received.
    private(set) var hasAnswered = false
    /// Whether the peer has gone without having read all that was sent (unix(7): that resets a connection).
    private(set) var wasReset = false
    /// Whether the peer has said that there is no more.
    private var isAtEnd = false

    private static let pieceSize = 1 << 16
    /// How much is kept that arrives while a body is still being sent.
    private static let mostEarlyBytes = 1 << 20

    init(_ socket: consuming Descriptor) {
        self.socket = socket
    }

    /// The socket, with what was received behind the last thing read.
    consuming func hijack(contentType: String) -> HijackedStream {
        let rest = Array(buffer[position...])
        return HijackedStream(socket: socket, early: rest, contentType: contentType)
    }

    /// The socket's number.
    var number: Int32 { socket.number }

    // MARK: Receiving

    /// How many bytes were received and not used yet.
    var unreadCount: Int { buffer.count - position }

    /// The next bytes as they come, at most so many; nil at the end.
    mutating func some(atMost limit: Int) throws(ClientError) -> [UInt8]? {
        if position == buffer.count, try !fill() { return nil }
        let piece = Array(buffer[position..<min(buffer.count, position + limit)])
        position += piece.count
        return piece
    }

    /// A line without its line break.
    ///
    /// - Parameter limit: The length of the longest line.
    /// - Returns: Nil where the connection ends before the line break.
    /// - Throws: `malformed` for a longer one.
    mutating func line(limit: Int) throws(ClientError) -> [UInt8]? {
        var scanned = position
        while true {
            if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = buffer[position..<end]
                position = end + 1
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                if line.count > limit { break }
                return Array(line)
            }
            if buffer.count - position > limit { break }
            let length = buffer.count - position
            if try !fill() { return nil }
            scanned = position + length
        }
        throw .malformed("a line is longer than \(limit) bytes")
    }

    /// Receives more; false at the end.
    private mutating func fill(waits: Bool = true) throws(ClientError) -> Bool {
        if isAtEnd { return false }
        if position > 0 {
            buffer.removeSubrange(..<position)
            position = 0
        }
        let count: Int?
        do {
            count = try socket.receive(appendingTo: &buffer, atMost: Self.pieceSize, waits: waits)
        } catch {
            isAtEnd = true
            guard error.number == ECONNRESET else { throw .lost(error) }
            wasReset = true
            return false
        }
        guard let count else { return true }
        if count == 0 { isAtEnd = true }
        hasAnswered = hasAnswered || count > 0
        return count > 0
    }

    // MARK: Sending

    /// Sends all bytes; false where the peer has gone, who may have answered before.
    mutating func send(_ bytes: [UInt8]) throws(ClientError) -> Bool {
        var sent = 0
        while sent < bytes.count {
            do throws(SystemError) {
                sent += try socket.send(bytes[sent...]) ?? 0
            } catch {
                guard error.number == EPIPE || error.number == ECONNRESET else { throw .lost(error) }
                wasReset = true
                return false
            }
        }
        return true
    }

    /// Sends all that can be read from a descriptor as chunks (RFC 9112, 7.1).
    ///
    /// An answer that comes before the end of the body is kept, and one that tells of an error ends the sending.
    mutating func sendChunks(from input: Int32) throws(ClientError) {
        var piece = [UInt8](repeating: 0, count: Self.pieceSize)
        while true {
            guard try waitForInput(input) else { return }
            let count = read(input, &piece, piece.count)
            if count < 0 {
                let failure = errno
                if failure == EINTR || failure == EAGAIN { continue }
                throw ClientError(
                    .unreadableBody,
                    "cannot read what is to be sent to the engine: \(SystemError.text(of: failure))"
                )
            }
            guard try sendWhileReceiving(Self.chunk(piece[..<count])), count > 0 else { return }
        }
    }

    /// Sends what a function writes as chunks; see ``sendChunks(from:)``.
    mutating func sendChunks(of produce: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws {
        /// The peer wants no more; its answer says why.
        struct Stop: Error {}
        do {
            try produce { bytes in
                // An empty chunk would be the end.
                if bytes.isEmpty { return }
                guard try sendWhileReceiving(Self.chunk(bytes)) else { throw Stop() }
            }
        } catch is Stop {
            return
        }
        _ = try sendWhileReceiving(Self.chunk([]))
    }

    private static func chunk(_ bytes: some Collection<UInt8>) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10]
    }

    /// Waits for input; false where the sending is over because of an answer.
    private mutating func waitForInput(_ input: Int32) throws(ClientError) -> Bool {
        while true {
            let isWatched = !isAtEnd && buffer.count < Self.mostEarlyBytes
            var waits = [
                pollfd(fd: input, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isWatched ? socket.number : -1, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, 2, -1) < 0 {
                if errno == EINTR { continue }
                throw .lost(SystemError("poll", errno))
            }
            if waits[1].revents != 0, try !receiveEarly() { return false }
            if waits[0].revents != 0 { return true }
        }
    }

    /// Sends bytes while the answer may be arriving; false where the sending is over because of it.
    private mutating func sendWhileReceiving(_ bytes: [UInt8]) throws(ClientError) -> Bool {
        var sent = 0
        while sent < bytes.count {
            do throws(SystemError) {
                if let count = try socket.send(bytes[sent...], waits: false) {
                    sent += count
                    continue
                }
            } catch {
                guard error.number == EPIPE || error.number == ECONNRESET else { throw .lost(error) }
                wasReset = true
                return false
            }
            let events = buffer.count < Self.mostEarlyBytes ? POLLIN | POLLOUT : POLLOUT
            var wait = pollfd(fd: socket.number, events: Int16(events), revents: 0)
            if poll(&wait, 1, -1) < 0, errno != EINTR { throw .lost(SystemError("poll", errno)) }
            if wait.revents & Int16(POLLIN) != 0, try !receiveEarly() { return false }
        }
        return true
    }

    /// Keeps what has arrived; false where it is the end or an answer that tells of an error.
    private mutating func receiveEarly() throws(ClientError) -> Bool {
        guard try fill(waits: false) else { return false }
        // `HTTP/1.1 404`: the first digit of the status stands in this place in every answer.
        let place = position + 9
        return buffer.count <= place || buffer[place] < UInt8(ascii: "4")
    }
}
