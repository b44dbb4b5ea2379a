// SPDX-License-Identifier: Apache-2.0

import OCI

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
