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
    private let clients = Mutex<[Way: HTTPClient]>([:])
    /// What was made of certificates.
    private let security = Mutex<[HostCertificates: Security]>([:])

    /// How a host is reached.
    private struct Way: Hashable {
        var proxy: ProxySettings.Proxy?
        var connectTimeout: Duration
    }

    /// What was made of certificates, as long as their files are the same.
    private struct Security {
        var stamps: [SettingsFile.Stamp?]
        /// By the number of the client's certificate.
        var configurations: [Int: TLSConfiguration] = [:]
        /// The client's certificate that the host has taken.
        var number = 0
    }

    init(_ settings: RegistrySettings) {
        self.settings = settings
    }

    deinit {
        // It keeps itself until it is done.
        for client in clients.withLock(\.values) { _ = client.shutdown() as EventLoopFuture<Void> }
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
    ///
    /// Where the host does not take one of the client's certificates, it is shown the next one.
    func sendOnce(_ request: Outgoing) async throws -> Answer {
        guard request.address.scheme == .https else { return try await send(request, nil) }
        let certificates = try settings.certificates(for: request.address.authority, request.access)
        let first = current(certificates).number
        for number in first..<max(certificates.own.count, first + 1) {
            do {
                let answer = try await send(request, configuration(certificates, showing: number))
                if number != first { security.withLock { $0[certificates]?.number = number } }
                return answer
            } catch  where number + 1 < certificates.own.count && ConnectionFailure.mayBeRefusal(error) {
                try Task.checkCancellation()
            }
        }
        throw RegistryError(.configuration, "\(request.address.authority) takes none of the client's certificates")
    }

    private func send(_ request: Outgoing, _ security: TLSConfiguration?) async throws -> Answer {
        let address = request.address
        var prepared = try request.request(userAgent: settings.userAgent)
        prepared.tlsConfiguration = security
        let response = try await client(for: request).execute(prepared, deadline: .distantFuture)
        return Answer(
            status: Int(response.status.code),
            headers: response.headers,
            body: response.body,
            address: address
        )
    }

    private func client(for request: Outgoing) -> HTTPClient {
        let way = Way(
            proxy: request.access.proxy ?? settings.proxies.proxy(for: request.address),
            connectTimeout: request.access.connectTimeout ?? settings.connectTimeout
        )
        return clients.withLock { clients in
            if let client = clients[way] { return client }
            var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
            configuration.httpVersion = .http1Only
            configuration.timeout = HTTPClient.Configuration.Timeout(
                connect: TimeAmount(way.connectTimeout),
                read: TimeAmount(settings.stallTimeout),
                write: TimeAmount(settings.stallTimeout)
            )
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.connectionPool.idleTimeout = .seconds(15)
            configuration.proxy = way.proxy.map { proxy in
                .server(
                    host: proxy.host,
                    port: proxy.port,
                    authorization: proxy.user.map { .basic(username: $0, password: proxy.password ?? "") }
                )
            }
            let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
            clients[way] = client
            return client
        }
    }

    /// What was made of certificates, forgotten where a file was written anew.
    private func current(_ certificates: HostCertificates) -> Security {
        let stamps = certificates.stamps
        return security.withLock { security in
            if let known = security[certificates], known.stamps == stamps { return known }
            let fresh = Security(stamps: stamps)
            security[certificates] = fresh
            return fresh
        }
    }

    private func configuration(_ certificates: HostCertificates, showing number: Int) throws -> TLSConfiguration {
        let known = current(certificates)
        if let made = known.configurations[number] { return made }
        let made = try certificates.configuration(showing: number)
        return security.withLock { security in
            guard let now = security[certificates], now.stamps == known.stamps else { return made }
            if let other = now.configurations[number] { return other }
            security[certificates]?.configurations[number] = made
            return made
        }
    }
}
