// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// A request to a repository, before it is known how it has to be asked.
struct Call: Sendable {
    var method: HTTPMethod
    /// The path and the query, from `/v2/` on.
    var target: String
    /// Where an upload goes on, in place of the target.
    var address: WebAddress?
    var headers = HTTPHeaders()
    var body = Outgoing.Body.none
    var scopes: [AccessScope]
    /// What is done, on what: `pull the manifest of nginx:1`.
    var action: String

    init(_ method: HTTPMethod, _ target: String, for scopes: [AccessScope], _ action: String) {
        self.method = method
        self.target = target
        self.scopes = scopes
        self.action = action
    }

    /// The same request for the repository where another place has it.
    func moved(from name: String, to other: String) -> Self {
        var call = self
        let start = "/v2/\(name)/"
        if target.hasPrefix(start) { call.target = "/v2/\(other)/" + target.dropFirst(start.count) }
        call.scopes = scopes.map { $0.moved(from: name, to: other) }
        return call
    }
}

extension RemoteRepository {
    /// How many redirections are followed.
    private static let mostRedirects = 10

    /// Sends a request, tells the registry who asks where it wants to know, and follows where it points to.
    ///
    /// Credentials, headers and certificates of the client go to the registry alone, never to where it points to.
    ///
    /// - Parameters:
    ///   - call: The request.
    ///   - endpoint: Where to.
    /// - Returns: The answer, also where it is an error that stays.
    /// - Throws: ``RegistryError``, ``TransientFailure`` or `CancellationError`.
    func exchange(_ call: Call, at endpoint: Endpoint) async throws -> Answer {
        let call = endpoint.repository.map { call.moved(from: name, to: $0) } ?? call
        var home = try await client.origin(of: endpoint)
        home.target = endpoint.target(call.target)
        var address = call.address ?? home
        let place = Authorizer.Place(
            address: WebAddress(home.scheme, home.authority, "/"),
            credentials: endpoint.isMirror ? .anonymous : credentials,
            access: endpoint.access
        )
        var authorization = try await client.authorizer.authorization(at: place, for: call.scopes)
        var (hasAsked, redirects) = (false, 0)
        while true {
            let isHome = address.hasOrigin(of: home)
            var request = Outgoing(call.method, address, isHome ? endpoint.access : .plain)
            request.headers = call.headers
            request.body = call.body
            if isHome, let authorization { request.headers.replaceOrAdd(name: "Authorization", value: authorization) }
            let answer = try await client.transport.send(request)
            if answer.status == 401, isHome, !hasAsked {
                await answer.discard()
                let challenges = AuthenticationChallenge.read(answer.headers["WWW-Authenticate"])
                hasAsked = true
                let next = try await client.authorizer.authorization(
                    after: challenges,
                    refusing: authorization,
                    at: place,
                    for: call.scopes
                )
                guard let next else { throw refusal(of: call, endpoint) }
                authorization = next
                continue
            }
            if let next = try redirection(of: answer, call, endpoint) {
                await answer.discard()
                redirects += 1
                if redirects > Self.mostRedirects {
                    throw RegistryError(
                        .malformed,
                        "cannot \(call.action): \(endpoint.authority) points to itself without end"
                    )
                }
                address = next
                continue
            }
            if answer.isTemporary || !isHome && [400, 401, 403].contains(answer.status) {
                throw await answer.temporaryFailure("cannot \(call.action) from \(address.authority)")
            }
            return answer
        }
    }

    /// Where an answer points to; nil where it is to be taken itself.
    private func redirection(of answer: Answer, _ call: Call, _ endpoint: Endpoint) throws -> WebAddress? {
        guard [301, 302, 303, 307, 308].contains(answer.status), call.method == .GET || call.method == .HEAD,
            let location = answer["Location"]
        else { return nil }
        guard let next = answer.address.resolving(location) else {
            throw RegistryError(
                .malformed,
                "cannot \(call.action): \(answer.address.authority) points to `\(location.prefix(200))`, which is no address"
            )
        }
        if next.scheme == .http, answer.address.scheme == .https, !endpoint.isInsecure {
            throw RegistryError(
                .denied,
                "cannot \(call.action): \(answer.address.authority) points to \(next.authority) without encryption"
            )
        }
        return next
    }

    /// The failure of a request whose credentials are not taken.
    private func refusal(of call: Call, _ endpoint: Endpoint) -> RegistryError {
        let who = credentials == .anonymous || endpoint.isMirror ? "wants credentials" : "does not take the credentials"
        return RegistryError(
            .unauthorized,
            "cannot \(call.action): \(endpoint.authority) \(who); log in with `wharf login \(registry)`"
        )
    }

    /// The failure that an answer tells of.
    func failure(_ answer: Answer, of call: Call) async -> RegistryError {
        let reason = await answer.reason()
        let (code, advice): (RegistryError.Code, String) =
            switch answer.status {
            case 401: (.unauthorized, "; log in with `wharf login \(registry)`")
            case 403: (.denied, "; log in as somebody who may, with `wharf login \(registry)`")
            case 404: (.notFound, "; check the name, and log in where it is a private one")
            case 413: (.limitExceeded, "")
            default: (.failed, "")
            }
        return RegistryError(code, "cannot \(call.action) from \(answer.address.authority): \(reason)\(advice)")
    }
}
