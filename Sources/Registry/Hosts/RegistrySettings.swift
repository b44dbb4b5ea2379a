// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
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
    /// Folders that have one for each `HOST:PORT`, with the authorities that it is trusted by (`*.crt`) and the certificates
    /// that it is shown (`*.cert` and `*.key`).
    package var certificateFolders = ["/etc/docker/certs.d", "/etc/containers/certs.d"]
    /// A file with all authorities to trust, in place of the system's.
    package var trustedFile: String?

    package init() {}

    /// What the environment of the process says.
    ///
    /// - Parameter variable: Gives the value of a variable.
    package init(_ variable: (String) -> String?) {
        proxies = ProxySettings(variable)
        trustedFile = variable("SSL_CERT_FILE").flatMap { $0.isEmpty ? nil : $0 }
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
        certificates.trustedFile = trustedFile
        for folder in certificateFolders.map({ "\($0)/\(authority)" }) {
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
            certificates.authorities += names.filter { $0.hasSuffix(".crt") }.map { "\(folder)/\($0)" }
            for name in names where name.hasSuffix(".cert") {
                let key = name.dropLast(".cert".count) + ".key"
                if names.contains(String(key)) {
                    certificates.own.append(("\(folder)/\(name)", "\(folder)/\(key)"))
                }
            }
        }
        // Whoever gives a host an authority wants it to be asked for.
        certificates.isVerified = !isInsecure(authority) || !certificates.authorities.isEmpty
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
