// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink

/// Asks others what is not ours, from the network of the host.
final class DNSForwarder {
    struct Settings: Sendable {
        /// The file that says whom the host asks.
        let resolverFile: String
        let port: UInt16
    }

    /// Who waits for an answer.
    enum ReplyTo {
        case datagram(UInt32, SocketAddress)
        case connection(UInt32)

        fileprivate var isStream: Bool {
            if case .connection = self { true } else { false }
        }
    }

    /// An answer, and whose it is.
    struct Reply {
        let way: ReplyTo
        let message: [UInt8]
    }

    private let events: SharedEventQueue
    private let port: UInt16
    private var upstream: UpstreamServers
    private var exchanges: [UInt32: DNSExchange] = [:]
    private var lastIndex: UInt32 = 0
    private(set) var deadlines = DeadlineWatch()

    /// The most queries that others are being asked at once; more are refused.
    private static let most = 1024

    init(_ events: SharedEventQueue, _ settings: Settings) {
        self.events = events
        port = settings.port
        upstream = UpstreamServers(path: settings.resolverFile)
    }

    /// Begins to ask.
    ///
    /// - Parameters:
    ///   - message: The query as it came.
    ///   - way: Who waits for the answer; who asks by TCP is answered by what TCP gives.
    ///   - servers: Whom to ask; none: whom the host asks.
    /// - Returns: The answer where there is nobody to ask; otherwise it comes later.
    func ask(_ message: [UInt8], for way: ReplyTo, servers: [IPAddress]) -> Reply? {
        let servers = servers.isEmpty ? upstream.current() : Array(servers.prefix(UpstreamServers.most))
        let exchange = DNSExchange(message, for: way, servers: servers, port: port)
        guard exchanges.count < Self.most else { return exchange.failure }
        return goOn(with: exchange)
    }

    /// Asks the next server; the answer where none is left.
    private func goOn(with exchange: DNSExchange) -> Reply? {
        while exchange.askNext(isStream: exchange.way.isStream) {
            lastIndex &+= 1
            let token = EventToken.exchange(lastIndex).number
            guard (try? events.queue.add(exchange.number, exchange.events, token: token)) != nil else { continue }
            exchanges[lastIndex] = exchange
            deadlines.note(exchange.deadline)
            return nil
        }
        return exchange.failure
    }

    /// Takes up what a server has sent.
    ///
    /// - Returns: The answer, where it is complete or none is left to ask.
    func goOn(_ index: UInt32) -> Reply? {
        guard let exchange = exchanges[index] else { return nil }
        switch exchange.proceed() {
        case .waiting:
            events.queue.change(exchange.number, exchange.events, token: EventToken.exchange(index).number)
            return nil
        case .answered(let message):
            exchanges[index] = nil
            return Reply(way: exchange.way, message: message)
        case .failed:
            exchanges[index] = nil
            return goOn(with: exchange)
        }
    }

    /// Asks the next server for what is overdue.
    ///
    /// - Returns: The answers to those for which none is left.
    func expire() -> [Reply] {
        let now = DeadlineWatch.now
        var replies: [Reply] = []
        for (index, exchange) in exchanges where exchange.deadline <= now {
            exchanges[index] = nil
            if let reply = goOn(with: exchange) { replies.append(reply) }
        }
        deadlines.begin(again: exchanges.values.lazy.map(\.deadline))
        return replies
    }
}

/// One query that others are asked, one server after the other.
final class DNSExchange {
    /// What came of a server's sign.
    enum Progress {
        case waiting
        /// The answer, for whoever asked.
        case answered([UInt8])
        /// This server gives none.
        case failed
    }

    let way: DNSForwarder.ReplyTo
    private let message: [UInt8]
    private let port: UInt16
    private var servers: ArraySlice<IPAddress>
    private var socket: Descriptor?
    private var isStream = false
    /// Another one than the client's: whoever wants to forge an answer has to guess it, and the port.
    private var id: UInt16 = 0
    private var output: [UInt8] = []
    private var input: [UInt8] = []
    private(set) var deadline: UInt64 = 0

    /// How long a server has for its answer, in milliseconds.
    private static let patience: UInt64 = 2000

    fileprivate init(_ message: [UInt8], for way: DNSForwarder.ReplyTo, servers: [IPAddress], port: UInt16) {
        self.message = message
        self.way = way
        self.servers = servers[...]
        self.port = port
    }

    fileprivate var number: Int32 { socket?.number ?? -1 }

    fileprivate var events: UInt32 { output.isEmpty ? EventQueue.readable : EventQueue.writable }

    /// The answer where nobody has given one.
    fileprivate var failure: DNSForwarder.Reply? {
        guard let query = try? DNSQuery(message) else { return nil }
        return DNSForwarder.Reply(way: way, message: query.answer(.serverFailure, limit: query.payloadSize))
    }

    /// Asks the next server; false where none is left.
    fileprivate func askNext(isStream: Bool) -> Bool {
        self.isStream = isStream
        while let server = servers.popFirst() {
            let type = isStream ? SOCK_STREAM : SOCK_DGRAM
            let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let number = Glibc.socket(Int32(server.family), Int32(type.rawValue) | flags, 0)
            if number < 0 { continue }
            let descriptor = Descriptor(owning: number)
            let result = SocketAddress(server, port: port).withPointer { connect(number, $0, $1) }
            if result != 0, errno != EINPROGRESS { continue }
            socket = consume descriptor
            id = .random(in: .min ... .max)
            let length = [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)]
            output = (isStream ? length : []) + [UInt8(id >> 8), UInt8(truncatingIfNeeded: id)] + message.dropFirst(2)
            input = []
            deadline = DeadlineWatch.now + Self.patience
            // A connection is not there yet; a datagram can go at once.
            if isStream || send() { return true }
        }
        socket = nil
        return false
    }

    /// Sends what is left of the query; false where that fails.
    private func send() -> Bool {
        let sent = Glibc.send(number, output, output.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        if sent < 0 { return errno == EAGAIN || errno == EINPROGRESS }
        output.removeFirst(sent)
        return true
    }

    fileprivate func proceed() -> Progress {
        if !output.isEmpty { return send() ? .waiting : .failed }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(number, &piece, piece.count, Int32(MSG_DONTWAIT))
        if count < 0 { return errno == EAGAIN ? .waiting : .failed }
        guard isStream else { return judge(piece[..<count]) ?? .waiting }
        if count == 0 { return .failed }
        input += piece.prefix(count)
        guard input.count >= 2 else { return .waiting }
        let length = Int(input[0]) << 8 | Int(input[1])
        guard input.count >= 2 + length else { return .waiting }
        return judge(input.dropFirst(2).prefix(length)) ?? .failed
    }

    /// What an answer is worth; nil where it is none to this query.
    private func judge(_ answer: ArraySlice<UInt8>) -> Progress? {
        let bytes = Array(answer)
        guard bytes.count >= DNSQuery.headerSize, bytes[2] & 0x80 != 0, bytes[0] == UInt8(id >> 8),
            bytes[1] == UInt8(truncatingIfNeeded: id)
        else { return nil }
        let code = DNSResponseCode(rawValue: bytes[3] & 0xf)
        // A failure may have no question; another server may do better.
        if code == .serverFailure || code == .refused || code == .notImplemented, !servers.isEmpty { return .failed }
        guard let query = try? DNSQuery(message) else { return .failed }
        let end = DNSQuery.headerSize + query.questionBytes.count
        let isOfQuestion = bytes.count >= end && Self.isSame(bytes[DNSQuery.headerSize..<end], query.questionBytes)
        guard isOfQuestion || bytes[4...5].elementsEqual([0, 0]) else { return nil }
        return .answered(Array(message[..<2]) + bytes[2...])
    }

    /// Compares questions; some servers change the case of letters.
    private static func isSame(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.elementsEqual(right) { $0 == $1 || ($0 ^ $1 == 0x20 && (0x41...0x5a).contains($0 & 0xdf)) }
    }
}
