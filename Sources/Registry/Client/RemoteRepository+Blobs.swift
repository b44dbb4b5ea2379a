// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
package import OCI

/// Takes in a blob, in one piece or in several.
package protocol BlobReceiver: AnyObject {
    /// How many bytes are there.
    var received: Int64 { get }
    /// What the registry calls the content that the bytes belong to; nil where it has no name.
    var validator: String? { get }
    /// Notes what the registry calls the content.
    func setValidator(_ validator: String?) throws
    /// Takes in the next bytes.
    func receive(_ bytes: UnsafeRawBufferPointer) throws
    /// Forgets all bytes.
    func restart() throws
    /// Checks that what is there is the whole blob.
    func finish() throws
}

extension RemoteRepository {
    /// Fetches a blob, from where the receiver is.
    ///
    /// What is cut off goes on where it was; what turns out to be wrong is fetched once more from its start.
    ///
    /// - Parameters:
    ///   - descriptor: The blob.
    ///   - receiver: Takes it in, and checks it.
    /// - Throws: ``RegistryError``, `CancellationError`, or what the receiver throws.
    package func fetch(_ descriptor: ContentDescriptor, into receiver: any BlobReceiver) async throws {
        try await atFirstEndpoint { endpoint in
            let isResumed = receiver.received > 0
            do {
                try await fetch(descriptor, at: endpoint, into: receiver)
            } catch let error where isResumed && Self.isAboutContent(error) {
                // What was there before may have been at fault.
                notice("\(error); fetching \(descriptor.digest) from its start")
                try receiver.restart()
                try await fetch(descriptor, at: endpoint, into: receiver)
            }
        }
    }

    private static func isAboutContent(_ error: any Error) -> Bool {
        if error is CancellationError { return false }
        return (error as? RegistryError).map { $0.code == .mismatch } ?? true
    }

    private func fetch(
        _ descriptor: ContentDescriptor,
        at endpoint: Endpoint,
        into receiver: any BlobReceiver
    ) async throws {
        do {
            let progress = { receiver.received }
            try await persistently(progress: progress) {
                if receiver.received < descriptor.size || descriptor.size == 0 {
                    try await fetchRest(descriptor, at: endpoint, into: receiver)
                }
            }
            try receiver.finish()
        } catch let error as RegistryError where error.code == .mismatch {
            try receiver.restart()
            throw error
        }
    }

    private func fetchRest(
        _ descriptor: ContentDescriptor,
        at endpoint: Endpoint,
        into receiver: any BlobReceiver
    ) async throws {
        var call = Call(
            .GET,
            "/v2/\(name)/blobs/\(descriptor.digest)",
            for: pulling,
            "pull \(descriptor.digest) of \(place)"
        )
        let start = receiver.received
        if start > 0 {
            call.headers.add(name: "Range", value: "bytes=\(start)-")
            if let validator = receiver.validator { call.headers.add(name: "If-Range", value: validator) }
        }
        let answer = try await exchange(call, at: endpoint)
        switch answer.status {
        case 200: if start > 0 { try receiver.restart() }
        case 206 where Self.starts(answer, at: start): break
        case 206, 416:
            await answer.discard()
            try receiver.restart()
            throw TransientFailure(
                error: RegistryError(.malformed, "\(endpoint.authority) gives another part of \(descriptor.digest)")
            )
        default: throw await failure(answer, of: call)
        }
        if let length = answer.length, receiver.received + length != descriptor.size {
            throw RegistryError(
                .mismatch,
                "\(descriptor.digest) of \(place) should have \(descriptor.size) bytes, and \(endpoint.authority) has "
                    + "\(receiver.received + length)"
            )
        }
        try receiver.setValidator(answer["ETag"].flatMap { $0.hasPrefix("W/") ? nil : $0 })
        try await answer.forEachPiece("cannot \(call.action) from \(answer.address.authority)") { piece in
            try receiver.receive(piece)
        }
        try Task.checkCancellation()
        if receiver.received < descriptor.size {
            throw TransientFailure(
                error: RegistryError(
                    .unreachable,
                    "\(descriptor.digest) of \(place) ends after \(receiver.received) of \(descriptor.size) bytes"
                )
            )
        }
    }

    /// Whether the answer has the rest from a place on.
    private static func starts(_ answer: Answer, at start: Int64) -> Bool {
        guard let range = answer["Content-Range"], range.hasPrefix("bytes ") else { return false }
        return Int64(range.dropFirst(6).prefix { $0 != "-" }) == start
    }

    /// Fetches a small blob as a whole.
    ///
    /// - Parameters:
    ///   - descriptor: The blob.
    ///   - limit: How many bytes it may have.
    /// - Returns: Its bytes, which are what the digest says.
    /// - Throws: ``RegistryError`` or `CancellationError`.
    package func blob(_ descriptor: ContentDescriptor, limit: Int) async throws -> [UInt8] {
        if descriptor.size > Int64(limit) {
            throw RegistryError(
                .limitExceeded,
                "\(descriptor.digest) of \(place) has \(descriptor.size) bytes, more than \(limit)"
            )
        }
        let receiver = MemoryReceiver(descriptor, place)
        try await fetch(descriptor, into: receiver)
        return receiver.bytes
    }
}

/// A blob in memory.
private final class MemoryReceiver: BlobReceiver {
    private let descriptor: ContentDescriptor
    private let place: String
    private(set) var bytes: [UInt8] = []
    private(set) var validator: String?

    init(_ descriptor: ContentDescriptor, _ place: String) {
        self.descriptor = descriptor
        self.place = place
    }

    var received: Int64 { Int64(bytes.count) }

    func receive(_ piece: UnsafeRawBufferPointer) throws {
        if Int64(piece.count) > descriptor.size - received {
            throw RegistryError(.mismatch, "\(descriptor.digest) of \(place) has more than \(descriptor.size) bytes")
        }
        bytes += piece
    }

    func setValidator(_ validator: String?) { self.validator = validator }

    func restart() { bytes = [] }

    func finish() throws {
        let digest = Digest(descriptor.digest.algorithm, of: bytes)
        if digest != descriptor.digest {
            throw RegistryError(.mismatch, "\(descriptor.digest) of \(place) is broken: its digest is \(digest)")
        }
    }
}
