// SPDX-License-Identifier: Apache-2.0

import OCI

/// What is asked of registries in general, and where they are.
package struct RegistrySettings: Sendable {
    package var retry = RetryPolicy()
    /// How long a connection may take to be made.
    package var connectTimeout = Duration.seconds(30)
    /// How long a connection may be silent while bytes are due.
    package var stallTimeout = Duration.seconds(30)
    package var userAgent = "wharf"
    package var proxies = ProxySettings.none
    /// Bytes of a manifest.
    package var manifestSize = 8 << 20

    package init() {}

    /// What the environment of the process says.
    ///
    /// - Parameter variable: Gives the value of a variable.
    package init(_ variable: (String) -> String?) {
        proxies = ProxySettings(variable)
    }

    /// Where a registry answers, the mirrors first.
    func endpoints(of registry: String) -> [Endpoint] {
        let authority = registry == ImageReference.defaultRegistry ? "registry-1.docker.io" : registry
        return [Endpoint(authority: authority, isInsecure: isInsecure(authority))]
    }

    /// Whether a host may do without encryption, and without proof of who it is.
    func isInsecure(_ authority: String) -> Bool { HostRange.isLoopback(WebAddress.split(authority).host) }

    /// How a host proves who it is.
    func certificates(for authority: String) -> HostCertificates {
        var certificates = HostCertificates()
        certificates.isVerified = !isInsecure(authority)
        return certificates
    }
}

/// One place where a registry answers.
struct Endpoint: Hashable, Sendable {
    /// The host, with a port where one is given.
    var authority: String
    /// Whether it may do without encryption.
    var isInsecure = false
    /// Whether it only has copies of what another one has.
    var isMirror = false
}
