// SPDX-License-Identifier: Apache-2.0

import NIOSSL

/// How a host proves who it is, and how a client does to it.
struct HostCertificates: Sendable {
    /// Whether the host has to prove who it is.
    var isVerified = true
    /// A file with all authorities to trust, in place of the system's.
    var trustedFile: String?
    /// Files with authorities to trust besides.
    var authorities: [String] = []
    /// Pairs of files with a certificate of the client and its key.
    var own: [(certificate: String, key: String)] = []

    /// The settings of TLS.
    ///
    /// - Throws: ``RegistryError/Code/configuration`` with the file that cannot be read.
    func configuration() throws(RegistryError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if !isVerified { configuration.certificateVerification = .none }
        if let trustedFile { configuration.trustRoots = .file(trustedFile) }
        for path in authorities {
            let found = try Self.read(path, "an authority") { try NIOSSLCertificate.fromPEMFile(path) }
            configuration.additionalTrustRoots.append(.certificates(found))
        }
        if let pair = own.first {
            let chain = try Self.read(pair.certificate, "a certificate") {
                try NIOSSLCertificate.fromPEMFile(pair.certificate)
            }
            configuration.certificateChain = chain.map { .certificate($0) }
            let key = try Self.read(pair.key, "a key") { try NIOSSLPrivateKey(file: pair.key, format: .pem) }
            configuration.privateKey = .privateKey(key)
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
