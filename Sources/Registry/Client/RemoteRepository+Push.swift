// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
package import OCI

/// How a blob came to be in a repository.
package enum BlobPush: Equatable, Sendable {
    /// It was there.
    case existed
    /// It was in another repository of the registry.
    case mounted(from: String)
    case uploaded
}

extension RemoteRepository {
    /// Where content is put: never at a mirror.
    private var home: Endpoint {
        get throws(RegistryError) {
            let home = try route().home
            if home.pushes { return home }
            throw RegistryError(
                .denied,
                "cannot push to \(place): the `capabilities` in the `hosts.toml` of \(registry) do not have `push`"
            )
        }
    }

    private var pushing: [AccessScope] { [AccessScope(repository: name, "pull,push")] }

    /// Puts a blob into the repository, where it is not there yet.
    ///
    /// - Parameters:
    ///   - descriptor: The blob.
    ///   - others: Repositories of the same registry that may have it.
    ///   - open: Opens the blob, for each try anew; gives one piece after the other.
    /// - Returns: How it came there.
    /// - Throws: ``RegistryError``, `CancellationError`, or what reading throws.
    package func push(
        _ descriptor: ContentDescriptor,
        mountingFrom others: [String] = [],
        _ open: @escaping @Sendable () throws -> @Sendable () async throws -> [UInt8]?
    ) async throws -> BlobPush {
        let endpoint = try home
        return try await persistently {
            let call = Call(
                .HEAD,
                "/v2/\(name)/blobs/\(descriptor.digest)",
                for: pushing,
                "look for a blob at \(place)"
            )
            let answer = try await exchange(call, at: endpoint)
            guard [200, 404].contains(answer.status) else { throw await failure(answer, of: call) }
            await answer.discard()
            if answer.status == 200 { return .existed }
            for other in others where try await mount(descriptor.digest, from: other, at: endpoint) {
                return .mounted(from: other)
            }
            try await upload(descriptor, at: endpoint, open)
            return .uploaded
        }
    }

    /// Has the registry take a blob from another repository; false where it does not.
    private func mount(_ digest: Digest, from other: String, at endpoint: Endpoint) async throws -> Bool {
        let query = "mount=\(WebAddress.escaped("\(digest)"))&from=\(WebAddress.escaped(other))"
        let call = Call(
            .POST,
            "/v2/\(name)/blobs/uploads/?\(query)",
            for: pushing + [AccessScope(repository: other, "pull")],
            "push to \(place)"
        )
        let answer = try await exchange(call, at: endpoint)
        await answer.discard()
        // An upload that was begun in place of that ends by itself.
        return answer.status == 201
    }

    private func upload(
        _ descriptor: ContentDescriptor,
        at endpoint: Endpoint,
        _ open: @escaping @Sendable () throws -> @Sendable () async throws -> [UInt8]?
    ) async throws {
        let begin = Call(.POST, "/v2/\(name)/blobs/uploads/", for: pushing, "push to \(place)")
        let begun = try await exchange(begin, at: endpoint)
        guard begun.status == 202 else { throw await failure(begun, of: begin) }
        await begun.discard()
        guard let location = begun["Location"].flatMap(begun.address.resolving) else {
            throw RegistryError(.malformed, "cannot push to \(place): \(endpoint.authority) does not say where to")
        }
        var call = Call(.PUT, begin.target, for: pushing, "push \(descriptor.digest) to \(place)")
        call.address = location.adding([("digest", "\(descriptor.digest)")])
        call.body = .pieces(length: descriptor.size, open)
        let answer = try await exchange(call, at: endpoint)
        guard [201, 204].contains(answer.status) else { throw await failure(answer, of: call) }
        await answer.discard()
    }

    /// Puts a manifest or an index into the repository.
    ///
    /// - Parameters:
    ///   - bytes: The document, byte for byte.
    ///   - descriptor: What it is.
    ///   - reference: A tag or its digest.
    /// - Throws: ``RegistryError`` or `CancellationError`.
    package func push(manifest bytes: [UInt8], _ descriptor: ContentDescriptor, as reference: String) async throws {
        let endpoint = try home
        try await persistently {
            var call = Call(
                .PUT,
                "/v2/\(name)/manifests/\(reference)",
                for: pushing,
                "push the manifest of \(place):\(reference)"
            )
            call.body = .bytes(bytes, type: descriptor.mediaType.rawValue)
            let answer = try await exchange(call, at: endpoint)
            guard [200, 201].contains(answer.status) else { throw await failure(answer, of: call) }
            await answer.discard()
            if let found = answer["Docker-Content-Digest"].flatMap({ Digest($0) }),
                found.algorithm == descriptor.digest.algorithm, found != descriptor.digest
            {
                throw RegistryError(
                    .mismatch,
                    "\(endpoint.authority) has another manifest than was pushed: \(found) in place of \(descriptor.digest)"
                )
            }
        }
    }
}

extension RegistryClient {
    /// Finds out whether a registry takes credentials.
    ///
    /// - Parameters:
    ///   - registry: The registry as names of images have it.
    ///   - credentials: Who asks.
    /// - Returns: A token to keep in place of the password, where the registry gives one.
    /// - Throws: ``RegistryError/Code/unauthorized``, or another ``RegistryError``.
    package func logIn(to registry: String, _ credentials: RegistryCredentials) async throws -> String? {
        let home = try settings.route(to: registry).home
        do {
            return try await logIn(at: home, registry, credentials)
        } catch let failure as TransientFailure {
            throw failure.error
        }
    }

    private func logIn(
        at endpoint: Endpoint,
        _ registry: String,
        _ credentials: RegistryCredentials
    ) async throws -> String? {
        var address = try await origin(of: endpoint)
        address.target = endpoint.path + "/"
        var answer = try await transport.send(Outgoing(.GET, address, endpoint.access))
        guard answer.status == 401 else {
            await answer.discard()
            if answer.status == 200 { return nil }
            throw RegistryError(.malformed, "\(registry) is no registry: it answers with the status \(answer.status)")
        }
        await answer.discard()
        var (value, identity): (String?, String?) = (credentials.basic, nil)
        let challenges = AuthenticationChallenge.read(answer.headers["WWW-Authenticate"])
        if let challenge = challenges.first(where: { $0.scheme == "bearer" }) {
            var wish = TokenService.Wish(
                realm: challenge.parameters["realm"] ?? "",
                service: challenge.parameters["service"] ?? "",
                scopes: []
            )
            wish.isOffline = true
            let place = Authorizer.Place(address: address, credentials: credentials, access: endpoint.access)
            let token = try await TokenService(transport: transport).token(wish, from: place)
            (value, identity) = ("Bearer " + token.text, token.identityToken)
        }
        var request = Outgoing(.GET, address, endpoint.access)
        if let value { request.headers.add(name: "Authorization", value: value) }
        answer = try await transport.send(request)
        await answer.discard()
        guard answer.status == 200 else {
            throw RegistryError(.unauthorized, "\(registry) does not take the credentials: check user and password")
        }
        return identity
    }
}
