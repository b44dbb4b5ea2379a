// SPDX-License-Identifier: Apache-2.0

import Netlink

/// Why a message is not understood.
enum DNSProblem: Error, Equatable {
    /// It breaks the rules of RFC 1035 section 4.
    case malformed
    /// It is an answer, or too short to be told so: whoever sent it gets none.
    case noQuery
}

/// What became of a query (RFC 1035 section 4.1.1, RFC 6895 section 2.3).
enum DNSResponseCode: UInt8, Sendable {
    case noError = 0
    case formatError = 1
    case serverFailure = 2
    case noSuchName = 3
    case notImplemented = 4
    case refused = 5
}

/// The types of records that are known here by number (RFC 1035 section 3.2.2, RFC 3596, RFC 6891).
enum DNSRecordType {
    static let a: UInt16 = 1
    static let pointer: UInt16 = 12
    static let aaaa: UInt16 = 28
    static let options: UInt16 = 41
    static let any: UInt16 = 255
}

/// What is asked.
struct DNSQuestion: Equatable, Sendable {
    var name: DNSName
    /// The number of ``DNSRecordType``.
    var type: UInt16
    /// 1 is the internet's.
    var recordClass: UInt16
}

/// A message that asks one question.
struct DNSQuery: Sendable {
    let id: UInt16
    /// The operation; 0 asks.
    let operation: UInt8
    let wantsRecursion: Bool
    let question: DNSQuestion
    /// The question as it was sent, with its capital letters: clients compare them.
    let questionBytes: ArraySlice<UInt8>
    /// How many bytes the answer may have by UDP.
    let payloadSize: Int
    /// Whether it has the options of RFC 6891, and so wants them in the answer.
    let hasOptions: Bool

    static let headerSize = 12
    /// What every client takes by UDP (RFC 1035 section 4.2.1), and the most that is sent so that nothing is fragmented.
    private static let leastPayload = 512
    private static let greatestPayload = 1232

    /// Reads a message.
    ///
    /// - Parameter bytes: The whole message.
    /// - Throws: ``DNSProblem``.
    init(_ bytes: [UInt8]) throws(DNSProblem) {
        guard bytes.count >= Self.headerSize, bytes[2] & 0x80 == 0 else { throw .noQuery }
        id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        operation = bytes[2] >> 3 & 0xf
        wantsRecursion = bytes[2] & 1 != 0
        let counts = stride(from: 4, to: Self.headerSize, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
        guard counts[0] == 1 else { throw .malformed }
        var offset = Self.headerSize
        let name = try DNSName(in: bytes, at: &offset)
        guard offset + 4 <= bytes.count else { throw .malformed }
        question = DNSQuestion(
            name: name,
            type: UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1]),
            recordClass: UInt16(bytes[offset + 2]) << 8 | UInt16(bytes[offset + 3])
        )
        offset += 4
        questionBytes = bytes[Self.headerSize..<offset]
        let payload = try Self.payload(in: bytes, from: offset, records: counts[1] + counts[2] + counts[3])
        hasOptions = payload != nil
        payloadSize = min(max(payload ?? Self.leastPayload, Self.leastPayload), Self.greatestPayload)
    }

    /// The size that the options tell; nil where there are none.
    private static func payload(in bytes: [UInt8], from start: Int, records: Int) throws(DNSProblem) -> Int? {
        var (offset, payload) = (start, nil as Int?)
        for _ in 0..<records {
            let name = try DNSName(in: bytes, at: &offset)
            guard offset + 10 <= bytes.count else { throw .malformed }
            let type = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
            let length = Int(bytes[offset + 8]) << 8 | Int(bytes[offset + 9])
            if type == DNSRecordType.options {
                // RFC 6891 section 6.1.1: at most one, and of the root.
                guard payload == nil, name.labelCount == 0 else { throw .malformed }
                payload = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
            }
            offset += 10 + length
            guard offset <= bytes.count else { throw .malformed }
        }
        return payload
    }
}

/// What a record says.
enum DNSRecord: Equatable, Sendable {
    case address(IPAddress)
    case pointer(DNSName)

    fileprivate var type: UInt16 {
        switch self {
        case .address(let address): address.isV4 ? DNSRecordType.a : DNSRecordType.aaaa
        case .pointer: DNSRecordType.pointer
        }
    }

    fileprivate var data: [UInt8] {
        switch self {
        case .address(let address): address.bytes
        case .pointer(let name): name.wire
        }
    }
}

extension DNSQuery {
    /// Makes the answer.
    ///
    /// - Parameters:
    ///   - code: What became of the query.
    ///   - records: All of the name that was asked for. They are not to be kept by anybody: what they say may change at any
    ///     time.
    ///   - isAuthoritative: Whether nobody else could know better.
    ///   - limit: The most bytes; where the records do not fit, the answer says that there are more (RFC 2181 section 9).
    /// - Returns: The message.
    func answer(
        _ code: DNSResponseCode,
        _ records: [DNSRecord] = [],
        isAuthoritative: Bool = false,
        limit: Int
    ) -> [UInt8] {
        let options = hasOptions ? Self.options : []
        var body: [UInt8] = []
        var count = 0
        let room = limit - Self.headerSize - questionBytes.count - options.count
        for record in records {
            let data = record.data
            guard body.count + 12 + data.count <= room else { break }
            // A pointer to the name of the question; no time to live.
            body += [0xc0, UInt8(Self.headerSize)] + Self.bytes(record.type) + [0, 1, 0, 0, 0, 0]
            body += Self.bytes(UInt16(data.count)) + data
            count += 1
        }
        let isCut = count < records.count
        var message = Self.bytes(id)
        message.append(
            0x80 | operation << 3 | (isAuthoritative ? 4 : 0) | (isCut ? 2 : 0) | (wantsRecursion ? 1 : 0)
        )
        message.append(0x80 | code.rawValue)
        message += [0, 1] + Self.bytes(UInt16(count)) + [0, 0, 0, hasOptions ? 1 : 0]
        return message + questionBytes + body + options
    }

    /// The answer to a message that is not understood; nil where it is none that could be answered.
    static func refusal(of message: [UInt8], _ code: DNSResponseCode) -> [UInt8]? {
        guard message.count >= headerSize, message[2] & 0x80 == 0 else { return nil }
        return message[0..<2] + [0x80 | message[2] & 0x79, 0x80 | code.rawValue] + [UInt8](repeating: 0, count: 8)
    }

    /// The options of an answer: how much this side takes by UDP, and nothing else.
    private static let options: [UInt8] =
        [0] + bytes(DNSRecordType.options) + bytes(UInt16(greatestPayload)) + [0, 0, 0, 0, 0, 0]

    private static func bytes(_ number: UInt16) -> [UInt8] {
        [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
    }
}
