// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// The answer to a request, whose body is still to be read.
struct Answer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: HTTPClientResponse.Body
    /// Where it came from, after all redirections.
    var address: WebAddress

    /// The first value of a header field.
    subscript(name: String) -> String? { headers.first(name: name) }

    /// How many bytes the body has, where the answer says so.
    var length: Int64? { self["Content-Length"].flatMap { Int64($0) } }

    /// Whether the next try may have a better answer.
    var isTemporary: Bool { [408, 425, 429, 500, 502, 503, 504].contains(status) }

    /// The body as a whole.
    ///
    /// - Parameters:
    ///   - limit: How many bytes it may have.
    ///   - name: What it is, for the error.
    /// - Returns: The bytes.
    /// - Throws: ``RegistryError/Code/limitExceeded``, or ``TransientFailure`` where the connection does not hold.
    func bytes(limit: Int, of name: String) async throws -> [UInt8] {
        let tooLarge = RegistryError(.limitExceeded, "\(name) is larger than \(limit) bytes")
        if let length, length > Int64(limit) { throw tooLarge }
        var bytes: [UInt8] = []
        do {
            for try await piece in body {
                bytes += piece.readableBytesView
                if bytes.count > limit { throw tooLarge }
            }
        } catch let error as RegistryError {
            throw error
        } catch {
            throw ConnectionFailure.transient(error, "cannot read \(name) from \(address.authority)")
        }
        if let length, Int64(bytes.count) != length {
            throw TransientFailure(
                error: RegistryError(.unreachable, "\(name) ends after \(bytes.count) of \(length) bytes")
            )
        }
        return bytes
    }

    /// Takes the body in, piece by piece.
    ///
    /// - Parameters:
    ///   - action: What failed where the connection does, for the error.
    ///   - body: Gets each piece; what it throws is thrown as it is.
    /// - Throws: What ``ConnectionFailure/transient(_:_:)`` makes of a failure of the connection.
    func forEachPiece(_ action: String, _ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
        var pieces = self.body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await pieces.next()
            } catch {
                throw ConnectionFailure.transient(error, action)
            }
            guard let piece else { return }
            try piece.withUnsafeReadableBytes(body)
        }
    }

    /// Reads past the body, so that the connection can be used again.
    func discard() async {
        var count = 0
        do {
            for try await piece in body {
                count += piece.readableBytes
                if count > 64 << 10 { return }
            }
        } catch {
            // The connection is not used again.
        }
    }

    /// What the answer says about its failure: the status, and the codes and messages of the registry.
    func reason() async -> String {
        let bytes = (try? await bytes(limit: 64 << 10, of: "the answer")) ?? []
        var texts = Self.messages(bytes)
        if texts.isEmpty {
            let type = self["Content-Type"] ?? ""
            let text = String(decoding: bytes.prefix(300), as: UTF8.self)
            if !text.isEmpty, type.hasPrefix("text/plain") || type.isEmpty { texts = [text] }
        }
        let words = texts.joined(separator: "; ").unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        let text = String(String.UnicodeScalarView(words))
        return "it answers with the status \(status)" + (text.isEmpty ? "" : ": \(text.prefix(500))")
    }

    /// A failure of the moment.
    func temporaryFailure(_ action: String) async -> TransientFailure {
        var reason = await reason()
        if status == 429, let rest = self["ratelimit-remaining"], let limit = self["ratelimit-limit"] {
            reason += " (\(rest.prefix(40)) of \(limit.prefix(40)) requests are left)"
        }
        let advice = status == 429 ? "; wait, or log in with `wharf login`" : ""
        return TransientFailure(
            error: RegistryError(status == 429 ? .throttled : .failed, "\(action): \(reason)\(advice)"),
            pause: self["Retry-After"].flatMap { RetryAfter.read($0) }
        )
    }

    /// The errors as the specification of registries has them, or as token services write them.
    private struct Failures: Decodable {
        struct Failure: Decodable {
            var code: String?
            var message: String?
        }

        var errors: [Failure]?
        var message: String?
        var details: String?
        var description: String?
        var error: String?

        enum CodingKeys: String, CodingKey {
            case errors
            case message
            case details
            case description = "error_description"
            case error
        }
    }

    private static func messages(_ bytes: [UInt8]) -> [String] {
        guard let found = try? JSONDecoder().decode(Failures.self, from: Data(bytes)) else { return [] }
        let texts = (found.errors ?? []).prefix(5).map { failure in
            [failure.code?.lowercased().replacing("_", with: " "), failure.message].compactMap(\.self)
                .filter { !$0.isEmpty }.joined(separator: ": ")
        }
        if !texts.isEmpty { return texts }
        return [found.details, found.message, found.description, found.error].compactMap(\.self).prefix(1)
            .map(\.self)
    }
}
