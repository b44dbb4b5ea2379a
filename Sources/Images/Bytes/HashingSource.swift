// SPDX-License-Identifier: Apache-2.0

package import OCI

import struct Crypto.SHA256
import struct Crypto.SHA512

/// A hash that is being computed.
struct RunningHash {
    private enum State {
        case sha256(SHA256)
        case sha512(SHA512)
    }

    private var state: State

    init(_ algorithm: Digest.Algorithm = .sha256) {
        switch algorithm {
        case .sha256: state = .sha256(SHA256())
        case .sha512: state = .sha512(SHA512())
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .sha512(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha512(hash)
        }
    }

    /// The digest of all bytes so far.
    var digest: Digest {
        switch state {
        case .sha256(let hash): Digest(.sha256, hash: hash.finalize())
        case .sha512(let hash): Digest(.sha512, hash: hash.finalize())
        }
    }
}

/// Another source's bytes, hashed and counted as they pass.
final class HashingSource: ByteSource {
    private let source: any ByteSource
    private var hash: RunningHash
    /// How many bytes have passed.
    private(set) var count: Int64 = 0

    init(_ source: any ByteSource, algorithm: Digest.Algorithm = .sha256) {
        self.source = source
        hash = RunningHash(algorithm)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        let count = try source.read(into: buffer)
        hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        self.count += Int64(count)
        return count
    }

    /// The digest of what has passed.
    var digest: Digest { hash.digest }
}

extension Digest {
    /// The digest of bytes in memory.
    package init(sha256 bytes: [UInt8]) {
        self.init(.sha256, hash: SHA256.hash(data: bytes))
    }
}
