// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistrySupport
import Synchronization
import TestSupport
import Testing

@testable import Registry

/// A registry that wants tokens, and the service that gives them.
private final class TokenRegistry: Sendable {
    let service: ScriptedServer
    let registry: ScriptedServer
    let blob = TestBlob(count: 1000)
    /// The tokens that the registry takes.
    private let valid: Valid

    private final class Valid: Sendable {
        let tokens = Mutex<(next: Int, taken: Set<String>)>((0, []))
    }

    /// - Parameter oauth: What the service answers to the protocol of OAuth 2.
    /// - Throws: The error of a call.
    init(oauth: Int = 200) throws {
        let valid = Valid()
        let blob = blob
        service = try ScriptedServer { request in
            if request.method == "POST", oauth != 200 { return .init(oauth) }
            if request.fields["authorization"] == "Basic dTp3cm9uZw==" { return .init(401) }
            let token = valid.tokens.withLock { tokens in
                tokens.next += 1
                tokens.taken.insert("t\(tokens.next)")
                return "t\(tokens.next)"
            }
            return .init(200, [], Array(#"{"token":"\#(token)","expires_in":300}"#.utf8))
        }
        let realm = "http://\(service.address)/token"
        registry = try ScriptedServer { request in
            let token = request.fields["authorization"]?.dropFirst("Bearer ".count)
            guard let token, valid.tokens.withLock({ $0.taken.contains(String(token)) }) else {
                return .init(
                    401,
                    [("WWW-Authenticate", "Bearer realm=\"\(realm)\",service=\"s\",scope=\"repository:a:pull\"")]
                )
            }
            return request.path == blob.path ? .init(200, [], blob.bytes) : .init(200)
        }
        self.valid = valid
    }

    func expireAll() { valid.tokens.withLock { $0.taken = [] } }
}

@Suite struct `A token` {
    @Test func `is fetched once for what it is good for`() async throws {
        let registry = try TokenRegistry()
        let repository = try repository(at: registry.registry.address, Waits().settings)
        for _ in 0..<3 { _ = try await repository.blob(registry.blob.descriptor, limit: 1 << 20) }
        #expect(registry.service.requests.map(\.target) == ["/token?service=s&scope=repository%3Aa%3Apull"])
        #expect(registry.service.requests[0].fields["authorization"] == nil)
    }

    @Test func `that is not taken any more is replaced`() async throws {
        let registry = try TokenRegistry()
        let repository = try repository(at: registry.registry.address, Waits().settings)
        _ = try await repository.blob(registry.blob.descriptor, limit: 1 << 20)
        registry.expireAll()
        _ = try await repository.blob(registry.blob.descriptor, limit: 1 << 20)
        #expect(registry.service.requests.count == 2)
        #expect(registry.registry.requests.last?.fields["authorization"] == "Bearer t2")
    }

    @Test func `is had for user and password, which the registry does not see`() async throws {
        let registry = try TokenRegistry()
        let credentials = RegistryCredentials(username: "u", password: "p")
        let repository = try repository(at: registry.registry.address, Waits().settings, credentials)
        _ = try await repository.blob(registry.blob.descriptor, limit: 1 << 20)
        #expect(registry.service.requests[0].fields["authorization"] == "Basic dTpw")
        #expect(value("account", in: registry.service.requests[0].target) == "u")
        #expect(registry.registry.requests.allSatisfy { $0.fields["authorization"]?.hasPrefix("Basic") != true })
    }

    @Test func `is not had for a wrong password`() async throws {
        let registry = try TokenRegistry()
        let credentials = RegistryCredentials(username: "u", password: "wrong")
        let repository = try repository(at: registry.registry.address, Waits().settings, credentials)
        let error = await #expect(throws: RegistryError.self) {
            try await repository.blob(registry.blob.descriptor, limit: 1 << 20)
        }
        #expect(error?.code == .unauthorized && error?.message.contains("wrong") == false)
    }

    @Test(arguments: [(200, ["POST"]), (404, ["POST", "GET"]), (405, ["POST", "GET"])])
    func `is had for an identity token, by either protocol`(status: Int, methods: [String]) async throws {
        let registry = try TokenRegistry(oauth: status)
        let credentials = RegistryCredentials(username: "u", identityToken: "id/1")
        let repository = try repository(at: registry.registry.address, Waits().settings, credentials)
        _ = try await repository.blob(registry.blob.descriptor, limit: 1 << 20)
        #expect(registry.service.requests.map(\.method) == methods)
        let form = String(decoding: registry.service.requests[0].body, as: UTF8.self)
        #expect(value("refresh_token", in: form) == "id%2F1" && value("grant_type", in: form) == "refresh_token")
    }

    @Test func `of the caller's own is sent as it is`() async throws {
        let registry = try TokenRegistry()
        let credentials = RegistryCredentials(registryToken: "own")
        let repository = try repository(at: registry.registry.address, Waits().settings, credentials)
        _ = try? await repository.blob(registry.blob.descriptor, limit: 1 << 20)
        #expect(registry.registry.requests.contains { $0.fields["authorization"] == "Bearer own" })
    }

    @Test func `is told by nobody`() {
        let credentials = RegistryCredentials(username: "u", password: "secret", identityToken: "secret")
        #expect(!"\(credentials)".contains("secret") && !String(reflecting: credentials).contains("secret"))
        var text = ""
        dump(credentials, to: &text)
        #expect(!text.contains("secret"))
    }
}
