// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// What a server says of a file, by which it can be asked whether there is another one.
package struct WebFile: Codable, Equatable, Sendable {
    package var entityTag: String?
    /// In the form of HTTP, as the server has written it.
    package var lastModified: String?

    package init(entityTag: String? = nil, lastModified: String? = nil) {
        (self.entityTag, self.lastModified) = (entityTag, lastModified)
    }

    /// When the file was changed, in seconds since 1970; nil where the server does not say it.
    package var modified: Int64? { lastModified.flatMap { HTTPDate.read($0) } }
}

/// Fetches files from servers of HTTP.
package final class WebClient: Sendable {
    /// How an answer is taken in; a connection that breaks begins anew.
    package struct Receiver: Sendable {
        /// Forgets what there is.
        package var restart: @Sendable () throws -> Void
        /// Takes in the next bytes.
        package var receive: @Sendable (UnsafeRawBufferPointer) throws -> Void

        package init(
            restart: @escaping @Sendable () throws -> Void,
            receive: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
        ) {
            (self.restart, self.receive) = (restart, receive)
        }
    }

    private let settings: RegistrySettings
    private let transport: Transport

    /// How many redirections are followed.
    private static let mostRedirects = 10

    /// - Parameter settings: How servers are reached.
    package init(_ settings: RegistrySettings = RegistrySettings()) {
        self.settings = settings
        transport = Transport(settings)
    }

    /// The host of an address; nil where it is no address of HTTP.
    package static func host(of address: String) -> String? { WebAddress(address)?.host }

    /// Fetches a file.
    ///
    /// - Parameters:
    ///   - address: Where it is.
    ///   - known: The file that is here; nil for none.
    ///   - authorization: The header that says who asks; the host of the address alone gets it.
    ///   - receiver: Takes it in.
    ///   - notice: Told, in words, of what goes wrong and is tried again.
    /// - Returns: What the server says of the file; nil where that which is known is still the one.
    /// - Throws: ``RegistryError``, `CancellationError`, or what the receiver throws.
    package func fetch(
        _ address: String,
        unless known: WebFile?,
        authorization: String?,
        into receiver: Receiver,
        notice: @escaping @Sendable (String) -> Void
    ) async throws -> WebFile? {
        guard let start = WebAddress(address) else {
            throw RegistryError(
                .configuration,
                "`\(address.prefix(200))` is no address of HTTP; credentials in it are not taken, secrets are for that"
            )
        }
        return try await settings.retry.persistently(notice: notice) {
            try receiver.restart()
            let answer = try await answer(start, known, authorization)
            if answer.status == 304, known != nil {
                await answer.discard()
                return nil
            }
            guard (200...299).contains(answer.status) else {
                if answer.isTemporary { throw await answer.temporaryFailure("cannot fetch \(address)") }
                let code: RegistryError.Code = answer.status == 404 ? .notFound : .failed
                throw RegistryError(code, "cannot fetch \(address): \(await answer.reason())")
            }
            try await take(answer, address, receiver)
            return WebFile(entityTag: answer["ETag"], lastModified: answer["Last-Modified"])
        }
    }

    /// Asks, and follows where the answer points to.
    private func answer(_ start: WebAddress, _ known: WebFile?, _ authorization: String?) async throws -> Answer {
        var address = start
        for _ in 0...Self.mostRedirects {
            var request = Outgoing(.GET, address)
            if let tag = known?.entityTag { request.headers.add(name: "If-None-Match", value: tag) }
            if let time = known?.lastModified, known?.entityTag == nil {
                request.headers.add(name: "If-Modified-Since", value: time)
            }
            if let authorization, address.hasOrigin(of: start) {
                request.headers.add(name: "Authorization", value: authorization)
            }
            let answer = try await transport.send(request)
            guard [301, 302, 303, 307, 308].contains(answer.status), let location = answer["Location"] else {
                return answer
            }
            await answer.discard()
            guard let next = address.resolving(location) else {
                throw RegistryError(
                    .malformed,
                    "cannot fetch \(start): \(address.authority) points to `\(location.prefix(200))`, which is no address"
                )
            }
            if next.scheme == .http, address.scheme == .https {
                throw RegistryError(
                    .denied,
                    "cannot fetch \(start): \(address.authority) points to \(next.authority) without encryption"
                )
            }
            address = next
        }
        throw RegistryError(.malformed, "cannot fetch \(start): it points to itself without end")
    }

    private func take(_ answer: Answer, _ address: String, _ receiver: Receiver) async throws {
        var count: Int64 = 0
        try await answer.forEachPiece("cannot fetch \(address)") { piece in
            count += Int64(piece.count)
            try receiver.receive(piece)
        }
        try Task.checkCancellation()
        if let length = answer.length, length != count {
            throw TransientFailure(
                error: RegistryError(.unreachable, "\(address) ends after \(count) of \(length) bytes")
            )
        }
    }
}
