// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What it means that a connection failed.
enum ConnectionFailure {
    /// What a failure of the client means to a request.
    ///
    /// - Parameters:
    ///   - error: The failure.
    ///   - action: What was tried, on what.
    /// - Returns: `CancellationError` where nobody wants the answer any more, ``RegistryError`` for what stays as it is, else
    ///   ``TransientFailure``.
    static func transient(_ error: any Error, _ action: String) -> any Error {
        if error is CancellationError || Task.isCancelled { return CancellationError() }
        if let error = error as? TransientFailure { return error }
        if let error = error as? RegistryError { return error }
        if error is NIOConnectionError || isUnanswered(error) {
            let failure = RegistryError(.unreachable, "\(action): \(reason(error))")
            return TransientFailure(error: failure, hasAnswered: false)
        }
        if isAboutTrust(error) {
            return RegistryError(
                .unreachable,
                "\(action): \(reason(error)); if the registry has a certificate of its own, put that of its authority into "
                    + "`/etc/docker/certs.d/HOST:PORT/ca.crt`"
            )
        }
        if isRefusal(error) {
            return RegistryError(
                .unauthorized,
                "\(action): \(reason(error)); it does not take the client's certificate, or wants one: put it and its key "
                    + "into `/etc/docker/certs.d/HOST:PORT/client.cert` and `client.key`"
            )
        }
        if let error = error as? HTTPClientError {
            if error == .cancelled { return CancellationError() }
            let failure = RegistryError(.unreachable, "\(action): \(reason(error))")
            if error == .connectTimeout { return TransientFailure(error: failure, hasAnswered: false) }
            return TransientFailure(error: failure)
        }
        return TransientFailure(error: RegistryError(.unreachable, "\(action): \(reason(error))"))
    }

    /// Whether nobody listens, or there is no way to where somebody might.
    private static func isUnanswered(_ error: any Error) -> Bool {
        guard let error = error as? IOError else { return false }
        return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
    }

    /// Whether the other end could not prove who it is.
    private static func isAboutTrust(_ error: any Error) -> Bool {
        if error is NIOSSLExtraError { return true }
        guard case .handshakeFailed(let cause)? = error as? NIOSSLError else { return false }
        return "\(cause)".contains("CERTIFICATE_VERIFY_FAILED")
    }

    /// Whether the other end says that it does not like the client's certificate, or wants one.
    private static func isRefusal(_ error: any Error) -> Bool {
        guard error is NIOSSLError || error is BoringSSLError else { return false }
        return "\(error)".contains("_ALERT_") && refusals.contains { "\(error)".contains($0) }
    }

    /// What the alerts of TLS about certificates are called (RFC 8446 section 6.2).
    private static let refusals = ["CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED"]

    /// Whether it may be for the client's certificate that the other end has ended a connection.
    static func mayBeRefusal(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError { return error == .remoteConnectionClosed }
        return error is NIOSSLError && !isAboutTrust(error) || error is BoringSSLError || error is IOError
    }

    /// Whether the other end does not speak TLS, or not before it got other bytes.
    static func isNoTLS(_ error: any Error) -> Bool {
        // Who sends alerts speaks it.
        if isAboutTrust(error) || isUnanswered(error) || "\(error)".contains("_ALERT_") { return false }
        if error is NIOSSLError || error is ChannelError { return true }
        if let error = error as? HTTPClientError {
            return error == .remoteConnectionClosed || error == .tlsHandshakeTimeout
        }
        return error is IOError
    }

    /// A failure in words.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
                return "the name `\(error.host)` is unknown; check it, and the name servers in /etc/resolv.conf"
            }
            let texts = error.connectionErrors.map { reason($0.error) }
            return texts.first ?? "no connection"
        case let error as IOError: return String(cString: strerror(error.errnoCode)).lowercased()
        case let error as HTTPClientError:
            if error == .readTimeout { return "no bytes came for too long" }
            if error == .connectTimeout { return "no connection in time" }
            if error == .remoteConnectionClosed { return "the connection was closed before the end" }
            return error.shortDescription
        case NIOSSLError.handshakeFailed(let cause): return "the TLS handshake failed: \(cause)"
        default: return "\(error)"
        }
    }
}
