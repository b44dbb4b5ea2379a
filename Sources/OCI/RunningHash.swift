// SPDX-License-Identifier: Apache-2.0

import CCrypto

/// A hash that is being computed (FIPS 180-4).
package struct RunningHash: Sendable {
    private enum State {
        case sha256(SHA256_CTX)
        case sha512(SHA512_CTX)
    }

    private var state: State

    /// A hash of no bytes yet.
    ///
    /// - Parameter algorithm: Which hash.
    package init(_ algorithm: Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256:
            var context = SHA256_CTX()
            SHA256_Init(&context)
            state = .sha256(context)
        case .sha512:
            var context = SHA512_CTX()
            SHA512_Init(&context)
            state = .sha512(context)
        }
    }

    /// Takes in what comes next.
    ///
    /// - Parameter bytes: The bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var context):
            SHA256_Update(&context, bytes.baseAddress, bytes.count)
            state = .sha256(context)
        case .sha512(var context):
            SHA512_Update(&context, bytes.baseAddress, bytes.count)
            state = .sha512(context)
        }
    }

    /// The digest of all bytes so far.
    package var digest: Digest {
        switch state {
        case .sha256(var context):
            var hash = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
            SHA256_Final(&hash, &context)
            return Digest(.sha256, hash: hash)
        case .sha512(var context):
            var hash = [UInt8](repeating: 0, count: Int(SHA512_DIGEST_LENGTH))
            SHA512_Final(&hash, &context)
            return Digest(.sha512, hash: hash)
        }
    }
}

extension Digest {
    /// The SHA-256 digest of bytes in memory.
    ///
    /// - Parameter bytes: The bytes.
    package init(sha256 bytes: [UInt8]) { self.init(.sha256, of: bytes) }

    /// The digest of bytes in memory.
    ///
    /// - Parameters:
    ///   - algorithm: Which hash.
    ///   - bytes: The bytes.
    package init(_ algorithm: Algorithm, of bytes: [UInt8]) {
        var hash = RunningHash(algorithm)
        bytes.withUnsafeBytes { hash.update($0) }
        self = hash.digest
    }
}
