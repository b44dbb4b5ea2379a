// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Sends requests, each by the proxy and with the certificates that its host has.
final class Transport: Sendable {
    private let settings: RegistrySettings
    private let clients = Mutex<[ProxySettings.Proxy?: HTTPClient]>([:])
    /// The security of each host and port.
    private let security = Mutex<[String: TLSConfiguration]>([:])
    /// What `hosts.toml` says of the trust in hosts, by host and port.
    private let trusted = Mutex<[String: (authorities: [String], isVerified: Bool)]>([:])

    init(_ settings: RegistrySettings) {
        self.settings = settings
    }

    deinit {
        // It keeps itself until it is done.
        for client in clients.withLock(\.values) { _ = client.shutdown() as EventLoopFuture<Void> }
    }

    /// Notes how a host proves who it is.
    func trust(_ endpoint: Endpoint) {
        if endpoint.authorities.isEmpty, !endpoint.skipsVerification { return }
        trusted.withLock { $0[endpoint.authority] = (endpoint.authorities, !endpoint.skipsVerification) }
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// - Parameter request: The request; redirections are not followed.
    /// - Returns: The answer.
    /// - Throws: What ``ConnectionFailure/transient(_:_:)`` makes of a failure, ``RegistryError`` for bad certificate files.
    func send(_ request: Outgoing) async throws -> Answer {
        do {
            return try await sendOnce(request)
        } catch {
            throw ConnectionFailure.transient(error, "cannot reach \(request.address.authority)")
        }
    }

    /// Sends a request and waits for the head of the answer, or throws what the client does.
    func sendOnce(_ request: Outgoing) async throws -> Answer {
        let address = request.address
        let client = client(for: address)
        var prepared = try request.request(userAgent: settings.userAgent)
        if address.scheme == .https { prepared.tlsConfiguration = try security(for: address.authority) }
        let response = try await client.execute(prepared, deadline: .distantFuture)
        return Answer(
            status: Int(response.status.code),
            headers: response.headers,
            body: response.body,
            address: address
        )
    }

    private func client(for address: WebAddress) -> HTTPClient {
        let proxy = settings.proxies.proxy(for: address)
        return clients.withLock { clients in
            if let client = clients[proxy] { return client }
            var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
            configuration.httpVersion = .http1Only
            configuration.timeout = HTTPClient.Configuration.Timeout(
                connect: TimeAmount(settings.connectTimeout),
                read: TimeAmount(settings.stallTimeout),
                write: TimeAmount(settings.stallTimeout)
            )
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.connectionPool.idleTimeout = .seconds(15)
            configuration.proxy = proxy.map { proxy in
                .server(
                    host: proxy.host,
                    port: proxy.port,
                    authorization: proxy.user.map { .basic(username: $0, password: proxy.password ?? "") }
                )
            }
            let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
            clients[proxy] = client
            return client
        }
    }

    private func security(for authority: String) throws -> TLSConfiguration {
        if let known = security.withLock({ $0[authority] }) { return known }
        var certificates = settings.certificates(for: authority)
        if let trust = trusted.withLock({ $0[authority] }) {
            certificates.authorities += trust.authorities
            certificates.isVerified = trust.isVerified && (certificates.isVerified || !trust.authorities.isEmpty)
        }
        let made = try certificates.configuration()
        return security.withLock { security in
            if let known = security[authority] { return known }
            security[authority] = made
            return made
        }
    }
}
