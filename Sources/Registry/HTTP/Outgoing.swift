// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// A request as it goes out.
struct Outgoing: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8], type: String)
        /// Pieces, which a function gives one after the other; that is made anew for each try.
        case pieces(length: Int64, @Sendable () throws -> @Sendable () async throws -> [UInt8]?)
    }

    var method: HTTPMethod
    var address: WebAddress
    var headers = HTTPHeaders()
    var body = Body.none
    /// How its host is reached, and what it is shown.
    var access = HostAccess.plain

    init(_ method: HTTPMethod, _ address: WebAddress, _ access: HostAccess = .plain) {
        self.method = method
        self.address = address
        self.access = access
    }

    /// The request in the words of the client.
    func request(userAgent: String) throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address.description)
        request.method = method
        request.headers = headers
        // What the request needs is stronger than what settings add.
        for header in access.headers where !headers.contains(name: header.name) {
            request.headers.add(name: header.name, value: header.value)
        }
        if !request.headers.contains(name: "User-Agent") { request.headers.add(name: "User-Agent", value: userAgent) }
        switch body {
        case .none:
            if method == .POST || method == .PUT { request.body = .bytes(ByteBuffer()) }
        case .bytes(let bytes, let type):
            request.headers.replaceOrAdd(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(bytes: bytes))
        case .pieces(let length, let make):
            request.headers.replaceOrAdd(name: "Content-Type", value: "application/octet-stream")
            let next = try make()
            let pieces = AsyncThrowingStream(unfolding: { try await next().map { ByteBuffer(bytes: $0) } })
            request.body = .stream(pieces, length: .known(length))
        }
        return request
    }
}
