// SPDX-License-Identifier: Apache-2.0

/// How a host is reached and trusted, and what it is shown, where settings say more than its name does.
///
/// It goes with requests to that host alone, never to where the host points to.
struct HostAccess: Hashable, Sendable {
    /// A field of requests.
    struct Header: Hashable, Sendable {
        var name: String
        var value: String
    }

    /// Files with authorities that prove who it is.
    var authorities: [String] = []
    /// The certificates of the client for it.
    var certificates: [ClientCertificate] = []
    /// Whether it need not prove who it is; nil for what its name says.
    var skipsVerification: Bool?
    /// What requests to it have besides.
    var headers: [Header] = []
    /// How long a connection to it may take to be made; nil for the time of others.
    var connectTimeout: Duration?
    /// The proxy that it is reached by; nil for that of the environment.
    var proxy: ProxySettings.Proxy?

    /// Nothing but what its name says.
    static let plain = Self()

    /// Whether anything is said of TLS.
    var concernsTLS: Bool { !authorities.isEmpty || !certificates.isEmpty || skipsVerification != nil }
}

/// A certificate by which a client proves who it is.
struct ClientCertificate: Hashable, Sendable {
    /// The file with the certificate, and those of authorities between it and one that is known.
    var file: String
    /// The file with the key, which may be the same one.
    var key: String
}
