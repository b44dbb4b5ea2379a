// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
package import OCI
import Synchronization

/// A client of registries by the distribution specification of the OCI.
///
/// It keeps connections and tokens for as long as it lives, and takes no credentials from anywhere but its caller.
package final class RegistryClient: Sendable {
    let settings: RegistrySettings
    let transport: Transport
    let authorizer: Authorizer
    /// How the endpoints that may do without encryption are spoken to.
    private let schemes = Mutex<[Endpoint: WebAddress.Scheme]>([:])

    package init(_ settings: RegistrySettings = RegistrySettings()) {
        self.settings = settings
        transport = Transport(settings)
        authorizer = Authorizer(TokenService(transport: transport))
    }

    /// A repository, for one piece of work.
    ///
    /// - Parameters:
    ///   - reference: A name in it. Of tag and digest counts alone whether there is a digest: some mirrors are for those only.
    ///   - credentials: Who asks.
    ///   - notice: Told, in words, of what goes wrong and is tried again.
    /// - Returns: The repository.
    package func repository(
        of reference: ImageReference,
        _ credentials: RegistryCredentials = .anonymous,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) -> RemoteRepository {
        RemoteRepository(
            client: self,
            registry: reference.registry,
            name: reference.repository,
            isDigested: reference.digest != nil,
            credentials: credentials,
            notice: notice
        )
    }

    /// Where an endpoint is, found out for one that may do without encryption: TLS is tried first.
    func origin(of endpoint: Endpoint) async throws -> WebAddress {
        if let scheme = endpoint.scheme { return WebAddress(scheme, endpoint.authority, "/") }
        guard endpoint.isInsecure else { return WebAddress(.https, endpoint.authority, "/") }
        if let known = schemes.withLock({ $0[endpoint] }) { return WebAddress(known, endpoint.authority, "/") }
        let secure = WebAddress(.https, endpoint.authority, "/v2/")
        var scheme = WebAddress.Scheme.https
        do {
            await (try transport.sendOnce(Outgoing(.GET, secure, endpoint.access))).discard()
        } catch  where ConnectionFailure.isNoTLS(error) && !Task.isCancelled {
            scheme = .http
        } catch {
            throw ConnectionFailure.transient(error, "cannot reach \(endpoint.authority)")
        }
        schemes.withLock { $0[endpoint] = scheme }
        return WebAddress(scheme, endpoint.authority, "/")
    }
}

/// A repository of a registry.
package struct RemoteRepository: Sendable {
    let client: RegistryClient
    /// The registry as names have it.
    let registry: String
    let name: String
    /// Whether the image has its digest in its name.
    let isDigested: Bool
    let credentials: RegistryCredentials
    let notice: @Sendable (String) -> Void

    private let memory = RouteMemory()

    init(
        client: RegistryClient,
        registry: String,
        name: String,
        isDigested: Bool,
        credentials: RegistryCredentials,
        notice: @escaping @Sendable (String) -> Void
    ) {
        (self.client, self.registry, self.name) = (client, registry, name)
        (self.isDigested, self.credentials, self.notice) = (isDigested, credentials, notice)
    }

    /// The repository with its registry, for messages.
    var place: String { "\(registry)/\(name)" }

    /// Does something at the first endpoint that can.
    ///
    /// - Parameters:
    ///   - isTag: Whether it is asked what a tag stands for.
    ///   - body: Does it at an endpoint.
    /// - Returns: What it returned.
    /// - Throws: What it threw at the last one; what went wrong at mirrors is told by `notice`.
    func atFirstEndpoint<Value>(
        resolving isTag: Bool = false,
        _ body: (Endpoint) async throws -> Value
    ) async throws -> Value {
        let able = try route().sources.filter { $0.pulls && ($0.resolves || !isTag) }
        for endpoint in able.dropLast() {
            do {
                return try await body(endpoint)
            } catch let error as RegistryError where error.code != .unsupported {
                notice("the mirror \(endpoint.authority) does not help: \(error)")
            }
        }
        guard let last = able.last else {
            throw RegistryError(
                .configuration,
                "cannot \(isTag ? "find out what tags stand for" : "pull") at \(registry): the `capabilities` in its "
                    + "`hosts.toml` do not allow it for any host"
            )
        }
        return try await body(last)
    }

    /// Where the repository is found; what is odd in the files that say so is told the first time.
    func route() throws(RegistryError) -> RegistryRoute {
        if let known = memory.route.withLock(\.self) { return known }
        let route = try client.settings.route(to: registry, name, isDigested: isDigested)
        let isFirst = memory.route.withLock { known in
            defer { known = route }
            return known == nil
        }
        if isFirst { for warning in route.warnings { notice(warning) } }
        return route
    }

    /// Does something until it succeeds or there is no use in trying again.
    ///
    /// - Parameters:
    ///   - progress: How far it is, from which the count of tries begins anew.
    ///   - body: Does it.
    /// - Returns: What it returned.
    /// - Throws: ``RegistryError``, `CancellationError`, or what else `body` threw.
    func persistently<Value>(
        progress: () -> Int64 = { 0 },
        _ body: () async throws -> Value
    ) async throws -> Value {
        try await client.settings.retry.persistently(progress: progress, notice: notice, body)
    }
}

/// Where a repository is found, once that is known; it stays so for one piece of work.
private final class RouteMemory: Sendable {
    let route = Mutex<RegistryRoute?>(nil)
}
