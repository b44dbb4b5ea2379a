// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// Gets tokens from the services that registries name.
struct TokenService: Sendable {
    /// What a token is wanted for.
    struct Wish: Sendable {
        var realm: String
        var service: String
        var scopes: [AccessScope]
        /// Whether a token is wanted that others can be had for.
        var isOffline = false
    }

    let transport: Transport
    /// What the service is told about the program.
    private static let client = "wharf"

    /// Asks for a token.
    ///
    /// - Parameters:
    ///   - wish: What for.
    ///   - place: Who asks, and the registry that wants it.
    /// - Returns: The token.
    /// - Throws: ``RegistryError`` where the service refuses, or ``TransientFailure``.
    func token(
        _ wish: Wish,
        from place: Authorizer.Place
    ) async throws -> AccessToken {
        let (origin, credentials) = (place.address.origin, place.credentials)
        guard let realm = WebAddress(wish.realm) else {
            throw RegistryError(
                .malformed,
                "the registry \(origin) names `\(wish.realm.prefix(200))` for tokens, which is no address of HTTP"
            )
        }
        if realm.scheme == .http, place.address.scheme == .https {
            throw RegistryError(
                .malformed,
                "the registry \(origin) wants credentials to be sent to \(realm) without encryption; ask its operator"
            )
        }
        // What is for the registry's host alone is not for a service elsewhere.
        let access = realm.hasOrigin(of: place.address) ? place.access : .plain
        if !credentials.identityToken.isEmpty, let token = try await exchange(wish, realm, access, credentials) {
            return token
        }
        var query: [(name: String, value: String)] = []
        if !wish.service.isEmpty { query.append(("service", wish.service)) }
        query += wish.scopes.map { ("scope", $0.description) }
        if !credentials.username.isEmpty { query.append(("account", credentials.username)) }
        if wish.isOffline { query += [("offline_token", "true"), ("client_id", Self.client)] }
        var request = Outgoing(.GET, realm.adding(query), access)
        if let basic = credentials.basic { request.headers.add(name: "Authorization", value: basic) }
        let answer = try await transport.send(request)
        return try await Self.token(of: answer, realm, credentials)
    }

    /// Asks by the protocol of OAuth 2 with an identity token; nil where the service does not speak it.
    private func exchange(
        _ wish: Wish,
        _ realm: WebAddress,
        _ access: HostAccess,
        _ credentials: RegistryCredentials
    ) async throws -> AccessToken? {
        var form = [("grant_type", "refresh_token"), ("refresh_token", credentials.identityToken)]
        form += [("service", wish.service), ("client_id", Self.client)]
        let scopes = wish.scopes.map(\.description).joined(separator: " ")
        if !scopes.isEmpty { form.append(("scope", scopes)) }
        if wish.isOffline { form.append(("access_type", "offline")) }
        var request = Outgoing(.POST, realm, access)
        let text = form.map { "\($0.0)=\(WebAddress.escaped($0.1))" }.joined(separator: "&")
        request.body = .bytes(Array(text.utf8), type: "application/x-www-form-urlencoded")
        let answer = try await transport.send(request)
        if [404, 405].contains(answer.status) {
            await answer.discard()
            return nil
        }
        return try await Self.token(of: answer, realm, credentials)
    }

    private static func token(
        of answer: Answer,
        _ realm: WebAddress,
        _ credentials: RegistryCredentials
    ) async throws -> AccessToken {
        if answer.isTemporary { throw await answer.temporaryFailure("cannot get a token from \(realm.authority)") }
        guard answer.status == 200 else {
            let reason = await answer.reason()
            let who = credentials.username.isEmpty ? "without credentials" : "for the user \(credentials.username)"
            let code: RegistryError.Code = [400, 401, 403].contains(answer.status) ? .unauthorized : .failed
            throw RegistryError(code, "\(realm.authority) gives no token \(who): \(reason)")
        }
        let bytes = try await answer.bytes(limit: 1 << 20, of: "the token of \(realm.authority)")
        guard let token = AccessToken(bytes) else {
            throw RegistryError(.malformed, "the answer of \(realm.authority) has no token")
        }
        return token
    }
}
