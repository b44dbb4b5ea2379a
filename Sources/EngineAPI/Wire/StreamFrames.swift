// SPDX-License-Identifier: Apache-2.0

/// One of the streams that share a connection.
package enum StandardStream: UInt8, CaseIterable, Sendable {
    case input = 0
    case output = 1
    case errors = 2
}

/// The frames that keep output and errors apart where there is no terminal.
///
/// Each has eight bytes, namely the stream, three zeros and the length in network order, and then that many bytes.
package enum StreamFrames {
    /// The length of what stands before the content.
    package static let headerLength = 8

    /// The bytes that go before a content.
    package static func header(_ stream: StandardStream, length: UInt32) -> [UInt8] {
        [stream.rawValue, 0, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }

    /// A content in frames.
    ///
    /// - Parameters:
    ///   - content: The bytes; none give no frame.
    ///   - stream: The stream that they belong to.
    ///   - longest: The length of the longest frame.
    /// - Returns: The bytes to send.
    package static func encode(
        _ content: some Collection<UInt8>,
        of stream: StandardStream,
        longest: Int = 1 << 20
    ) -> [UInt8] {
        precondition((1...Int(UInt32.max)).contains(longest), "a frame has at least one byte")
        var frames: [UInt8] = []
        var rest = content[...]
        while !rest.isEmpty {
            let piece = rest.prefix(longest)
            frames += header(stream, length: UInt32(piece.count))
            frames += piece
            rest = rest.dropFirst(longest)
        }
        return frames
    }
}

/// Takes frames apart as they arrive, however they are cut.
///
/// It keeps the eight bytes of a header at most: contents are handed on as they come, so that no memory is taken because
/// of a length that the other side claims.
package struct StreamFrameDecoder: Sendable {
    /// What is not a stream of frames.
    package enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// The first byte of a header names no stream; output of a terminal looks like that.
        case unknownStream(UInt8)
        /// The bytes that have to be zero are not.
        case malformedHeader([UInt8])
        case tooLong(length: Int, limit: Int)
        /// The bytes end within a frame.
        case truncated(missing: Int)

        package var description: String {
            switch self {
            case .unknownStream(let number): "\(number) is not a valid stream"
            case .malformedHeader(let bytes): "\(bytes) is not the header of a frame"
            case .tooLong(let length, let limit): "a frame of \(length) bytes is above the limit of \(limit)"
            case .truncated(let missing): "the stream ends \(missing) bytes before the end of a frame"
            }
        }
    }

    private let limit: Int
    private var header: [UInt8] = []
    private var stream = StandardStream.output
    private var missing = 0
    private var problem: Problem?

    /// A decoder at the start of a stream.
    ///
    /// - Parameter limit: The length above which a frame is refused.
    package init(limit: Int = 64 << 20) {
        self.limit = limit
    }

    /// Takes what has arrived.
    ///
    /// - Parameters:
    ///   - bytes: The next bytes of the stream.
    ///   - receive: Gets each piece of content, in order. A frame can come in several pieces.
    /// - Throws: The problem that makes the rest unreadable; from then on every call throws it.
    package mutating func feed(
        _ bytes: some Collection<UInt8>,
        to receive: (StandardStream, ArraySlice<UInt8>) -> Void
    ) throws(Problem) {
        if let problem { throw problem }
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            if missing > 0 {
                let piece = rest.prefix(missing)
                missing -= piece.count
                rest = rest.dropFirst(piece.count)
                receive(stream, piece)
                continue
            }
            let piece = rest.prefix(StreamFrames.headerLength - header.count)
            header += piece
            rest = rest.dropFirst(piece.count)
            if header.count == StreamFrames.headerLength {
                do { try begin() } catch {
                    problem = error
                    throw error
                }
            }
        }
    }

    /// Ends the stream.
    ///
    /// - Throws: The problem where a frame is not complete.
    package func finish() throws(Problem) {
        if let problem { throw problem }
        if !header.isEmpty { throw .truncated(missing: StreamFrames.headerLength - header.count) }
        if missing > 0 { throw .truncated(missing: missing) }
    }

    private mutating func begin() throws(Problem) {
        guard let stream = StandardStream(rawValue: header[0]) else { throw .unknownStream(header[0]) }
        guard header[1...3].allSatisfy({ $0 == 0 }) else { throw .malformedHeader(header) }
        let length = header[4...].reduce(0) { $0 << 8 | Int($1) }
        if length > limit { throw .tooLong(length: length, limit: limit) }
        self.stream = stream
        missing = length
        header.removeAll(keepingCapacity: true)
    }
}
