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
    /// Folders that have one for each registry, and perhaps one called `_default`, with a `hosts.toml`.
    package var hostsFolders = ["/etc/containerd/certs.d", "/etc/docker/certs.d", "/etc/containers/certs.d"]
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

    /// No `hosts.toml` is larger.
    private static let hostsFileLimit = 1 << 20

    /// Where a registry answers, the mirrors first.
    ///
    /// - Parameter registry: The registry as names have it.
    /// - Returns: The endpoints; the last one is the registry itself.
    /// - Throws: ``RegistryError/Code/configuration`` for a `hosts.toml` that cannot be read.
    func endpoints(of registry: String) throws(RegistryError) -> [Endpoint] {
        let authority = registry == ImageReference.defaultRegistry ? "registry-1.docker.io" : registry
        let own = Endpoint(authority: authority, isInsecure: isInsecure(authority))
        guard let file = try hostsFile(of: registry) else { return [own] }
        var endpoints: [Endpoint] = []
        for host in file.hosts { endpoints.append(try endpoint(host, isMirror: true, of: registry)) }
        endpoints.append(
            try file.server.map { host throws(RegistryError) in
                try endpoint(host, isMirror: false, of: registry)
            } ?? own
        )
        return endpoints
    }

    private func hostsFile(of registry: String) throws(RegistryError) -> HostsFile? {
        for folder in hostsFolders {
            for name in [registry, "_default"] {
                let path = "\(folder)/\(name)/hosts.toml"
                guard let data = FileManager.default.contents(atPath: path) else { continue }
                if data.count > Self.hostsFileLimit {
                    throw RegistryError(.configuration, "`\(path)` is larger than \(Self.hostsFileLimit) bytes")
                }
                return try HostsFile(String(decoding: data, as: UTF8.self), path: path)
            }
        }
        return nil
    }

    private func endpoint(
        _ host: HostsFile.Host,
        isMirror: Bool,
        of registry: String
    ) throws(RegistryError) -> Endpoint {
        let text = host.address.contains("://") ? host.address : "https://" + host.address
        guard let address = WebAddress(text) else {
            throw RegistryError(
                .configuration,
                "the `hosts.toml` of \(registry) names `\(host.address.prefix(200))`, which is no address of HTTP"
            )
        }
        var endpoint = Endpoint(authority: address.authority, isMirror: isMirror)
        endpoint.isInsecure = isInsecure(address.authority) || host.skipsVerification
        endpoint.scheme = text.hasPrefix("http://") ? .http : nil
        var path = address.target.prefix { $0 != "?" }
        while path.hasSuffix("/") { path = path.dropLast() }
        // A path that is there already is the start of the API, as containerd reads it.
        endpoint.path = path + (host.overridesPath || path.hasSuffix("/v2") ? "" : "/v2")
        endpoint.authorities = host.authorities
        endpoint.skipsVerification = host.skipsVerification
        endpoint.resolves = host.capabilities.contains(.resolve)
        endpoint.pulls = host.capabilities.contains(.pull)
        if isMirror { endpoint.namespace = registry }
        return endpoint
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
    /// How it is spoken to; nil for TLS, or for what is found out where it may do without.
    var scheme: WebAddress.Scheme?
    /// Where its API begins.
    var path = "/v2"
    /// Files with authorities that prove who it is, besides those of its own folder.
    var authorities: [String] = []
    /// Whether it need not prove that.
    var skipsVerification = false
    /// Whether it is asked what tags stand for.
    var resolves = true
    /// Whether it is asked for content.
    var pulls = true
    /// The registry that it has copies of, which it is told.
    var namespace: String?

    /// The path of a call, which begins with `/v2/`.
    func target(_ call: String) -> String {
        let target = path + call.dropFirst("/v2".count)
        guard let namespace else { return target }
        return target + (target.contains("?") ? "&" : "?") + "ns=" + WebAddress.escaped(namespace)
    }
}
