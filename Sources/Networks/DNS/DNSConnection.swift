// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A connection over which queries come, each behind its length (RFC 1035 section 4.2.2, RFC 7766).
final class DNSConnection {
    /// The container whose connection it is.
    let client: UInt32
    /// How many queries somebody else is being asked.
    var waiting = 0
    /// Whether it is not worth listening to any more.
    var isBroken = false
    /// When it is closed if nothing comes of it, by the clock of ``DeadlineWatch``.
    private(set) var deadline: UInt64

    private let socket: Descriptor
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var hasEnded = false

    /// How long it may take from one query to the next.
    private static let patience: UInt64 = 10_000
    /// The longest query that is read, and how much may wait to be sent before the next query is read.
    private static let longestQuery = 4096
    private static let mostOutput = 1 << 17

    init(_ socket: consuming Descriptor, of client: UInt32) {
        self.socket = socket
        self.client = client
        deadline = DeadlineWatch.now + Self.patience
    }

    var number: Int32 { socket.number }

    /// What to wait for.
    var events: UInt32 {
        let isReading = !hasEnded && output.count < Self.mostOutput
        return (isReading ? EventQueue.readable : 0) | (output.isEmpty ? 0 : EventQueue.writable)
    }

    /// Whether nothing will come of it any more.
    var isOver: Bool { isBroken || hasEnded && output.isEmpty && waiting == 0 }

    /// The queries that have come as a whole.
    func receive() -> [[UInt8]] {
        // Its other end has gone for good if it is told of though nothing is waited for.
        if hasEnded, output.isEmpty { isBroken = true }
        guard !hasEnded, output.count < Self.mostOutput else { return [] }
        do {
            let count = try socket.receive(appendingTo: &input, atMost: Self.longestQuery, waits: false)
            if count == 0 { hasEnded = true }
        } catch {
            isBroken = true
            return []
        }
        var (messages, rest) = ([[UInt8]](), input[...])
        while rest.count >= 2 {
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            guard (DNSQuery.headerSize...Self.longestQuery).contains(length) else {
                isBroken = true
                break
            }
            guard rest.count >= 2 + length else { break }
            messages.append(Array(rest.dropFirst(2).prefix(length)))
            rest = rest.dropFirst(2 + length)
        }
        input = Array(rest)
        if !messages.isEmpty { deadline = DeadlineWatch.now + Self.patience }
        return messages
    }

    /// Adds an answer to what is to be sent.
    func queue(_ message: [UInt8]) {
        output += [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message
    }

    /// Sends what there is room for.
    func flush() {
        while !output.isEmpty {
            do {
                guard let count = try socket.send(output[...], waits: false) else { return }
                output.removeFirst(count)
            } catch {
                isBroken = true
                return
            }
        }
    }
}
