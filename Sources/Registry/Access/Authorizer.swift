// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Knows how each registry wants to be asked, and the tokens that there are.
final class Authorizer: Sendable {
    /// Who asks, and where.
    struct Place: Hashable {
        /// An address of the registry, whose path does not count.
        var address: WebAddress
        var credentials: RegistryCredentials
        /// How the registry is reached.
        var access = HostAccess.plain
    }

    /// What a token is good for.
    private struct Key: Hashable {
        var place: Place
        var realm: String
        var service: String
        var scopes: [AccessScope]
    }

    private struct State {
        var challenges: [Place: AuthenticationChallenge] = [:]
        var tokens: [Key: AccessToken] = [:]
    }

    private let state = Mutex(State())
    private let service: TokenService

    /// How many tokens are kept at most.
    private static let mostTokens = 512

    init(_ service: TokenService) {
        self.service = service
    }

    /// The value of `Authorization` that is known to be wanted; nil before the registry has said so.
    ///
    /// - Parameters:
    ///   - place: Who asks, and where.
    ///   - scopes: What for.
    /// - Returns: The value.
    /// - Throws: ``RegistryError`` or ``TransientFailure`` of the token service.
    func authorization(at place: Place, for scopes: [AccessScope]) async throws -> String? {
        if !place.credentials.registryToken.isEmpty { return "Bearer " + place.credentials.registryToken }
        guard let challenge = state.withLock({ $0.challenges[place] }) else { return nil }
        return try await authorization(by: challenge, at: place, for: scopes)
    }

    /// The value of `Authorization` after the registry has refused one, or none.
    ///
    /// - Parameters:
    ///   - challenges: How the registry wants to be asked.
    ///   - refused: The value that it refused.
    ///   - place: Who asks, and where.
    ///   - scopes: What for.
    /// - Returns: Nil where there is nothing else to say.
    /// - Throws: ``RegistryError`` or ``TransientFailure`` of the token service.
    func authorization(
        after challenges: [AuthenticationChallenge],
        refusing refused: String?,
        at place: Place,
        for scopes: [AccessScope]
    ) async throws -> String? {
        for scheme in ["bearer", "basic"] {
            guard let challenge = challenges.first(where: { $0.scheme == scheme }) else { continue }
            state.withLock { state in
                state.challenges[place] = challenge
                if let refused { state.tokens = state.tokens.filter { "Bearer " + $0.value.text != refused } }
            }
            if let value = try await authorization(by: challenge, at: place, for: scopes), value != refused {
                return value
            }
        }
        return nil
    }

    private func authorization(
        by challenge: AuthenticationChallenge,
        at place: Place,
        for scopes: [AccessScope]
    ) async throws -> String? {
        guard challenge.scheme == "bearer" else { return place.credentials.basic }
        guard let realm = challenge.parameters["realm"] else { return nil }
        var key = Key(place: place, realm: realm, service: challenge.parameters["service"] ?? "", scopes: scopes)
        // What the registry names itself counts where nothing is known of the request.
        if scopes.isEmpty, let scope = challenge.parameters["scope"], !scope.isEmpty {
            key.scopes = scope.split(separator: " ").map { AccessScope(written: String($0)) }
        }
        if let token = state.withLock({ $0.tokens[key] }), !token.isOver() { return "Bearer " + token.text }
        let token = try await service.token(
            TokenService.Wish(realm: realm, service: key.service, scopes: key.scopes),
            from: place
        )
        state.withLock { state in
            if state.tokens.count >= Self.mostTokens { state.tokens = state.tokens.filter { !$0.value.isOver() } }
            if state.tokens.count < Self.mostTokens { state.tokens[key] = token }
        }
        return "Bearer " + token.text
    }
}
