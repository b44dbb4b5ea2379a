// SPDX-License-Identifier: Apache-2.0

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
    /// The folder with the system's `registries.conf` and `registries.conf.d`.
    package var systemContainersFolder = "/etc/containers"
    /// The folder with those of the user; nil for none.
    package var userContainersFolder: String?
    /// A file with all authorities to trust, in place of the system's.
    package var trustedFile: String?

    package init() {}

    /// What the environment of the process says.
    ///
    /// - Parameter variable: Gives the value of a variable.
    package init(_ variable: (String) -> String?) {
        proxies = ProxySettings(variable)
        trustedFile = variable("SSL_CERT_FILE").flatMap { $0.isEmpty ? nil : $0 }
        userContainersFolder = variable("HOME").flatMap { $0.hasPrefix("/") ? "\($0)/.config/containers" : nil }
    }

    /// How a host proves who it is, and how a client does to it.
    ///
    /// - Parameters:
    ///   - authority: The host, with a port where one is given.
    ///   - access: What settings say of it.
    /// - Returns: The files.
    /// - Throws: ``RegistryError/Code/configuration`` for a folder that cannot be read, or a certificate without a key.
    func certificates(for authority: String, _ access: HostAccess) throws(RegistryError) -> HostCertificates {
        var certificates = HostCertificates()
        certificates.trustedFile = trustedFile
        certificates.authorities = access.authorities
        certificates.own = access.certificates
        var folders = certificateFolders.map { "\($0)/\(authority)" }
        for folder in hostsFolders where !certificateFolders.contains(folder) {
            // A folder of containerd's with a `hosts.toml` has no other meaning.
            folders += Self.folderNames(of: authority).map { "\(folder)/\($0)" }.filter {
                SettingsFile.Stamp("\($0)/hosts.toml") == nil
            }
        }
        for folder in folders {
            let names = try SettingsFile.names(in: folder)
            certificates.authorities += names.filter { $0.hasSuffix(".crt") }.map { "\(folder)/\($0)" }
            for name in names where name.hasSuffix(".cert") {
                let key = name.dropLast(".cert".count) + ".key"
                guard names.contains(String(key)) else {
                    throw RegistryError(
                        .configuration,
                        "the certificate `\(folder)/\(name)` has no key beside it; put it into `\(key)`, or call an "
                            + "authority `NAME.crt`"
                    )
                }
                certificates.own.append(ClientCertificate(file: "\(folder)/\(name)", key: "\(folder)/\(key)"))
            }
        }
        // Whoever gives a host an authority wants it to be asked for.
        certificates.isVerified =
            access.skipsVerification.map { !$0 } ?? (!isInsecure(authority) || !certificates.authorities.isEmpty)
        return certificates
    }
}
