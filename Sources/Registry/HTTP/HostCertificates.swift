// SPDX-License-Identifier: Apache-2.0

import NIOSSL

/// How a host proves who it is, and how a client does to it.
struct HostCertificates: Hashable, Sendable {
    /// Whether the host has to prove who it is.
    var isVerified = true
    /// A file with all authorities to trust, in place of the system's.
    var trustedFile: String?
    /// Files with authorities to trust besides.
    var authorities: [String] = []
    /// Those of the client, the first one that the host takes is the one.
    var own: [ClientCertificate] = []

    /// What changes when one of the files is written anew.
    var stamps: [SettingsFile.Stamp?] {
        ([trustedFile].compactMap(\.self) + authorities + own.flatMap { [$0.file, $0.key] }).map { .init($0) }
    }

    /// The settings of TLS.
    ///
    /// - Parameter number: Which certificate of the client the host is shown.
    /// - Returns: The settings.
    /// - Throws: ``RegistryError/Code/configuration`` with the file that cannot be read.
    func configuration(showing number: Int) throws(RegistryError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !isVerified { configuration.certificateVerification = .none }
        if let trustedFile { configuration.trustRoots = .file(trustedFile) }
        for path in authorities {
            let found = try Self.read(path, "an authority") { try NIOSSLCertificate.fromPEMFile(path) }
            configuration.additionalTrustRoots.append(.certificates(found))
        }
        if own.indices.contains(number) {
            let pair = own[number]
            let chain = try Self.read(pair.file, "a certificate") { try NIOSSLCertificate.fromPEMFile(pair.file) }
            configuration.certificateChain = chain.map { .certificate($0) }
            let key = try Self.read(pair.key, "the key of `\(pair.file)`") {
                try NIOSSLPrivateKey(file: pair.key, format: .pem)
            }
            configuration.privateKey = .privateKey(key)
            let whole = configuration
            _ = try Self.read(pair.key, "the key of `\(pair.file)`") { try NIOSSLContext(configuration: whole) }
        }
        return configuration
    }

    private static func read<Value>(
        _ path: String,
        _ what: String,
        _ body: () throws -> Value
    ) throws(RegistryError) -> Value {
        do {
            return try body()
        } catch {
            throw RegistryError(
                .configuration,
                "cannot read \(what) from `\(path)`, which has to be a PEM file: \(error)"
            )
        }
    }
}
