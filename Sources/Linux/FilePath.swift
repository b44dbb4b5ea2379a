// SPDX-License-Identifier: Apache-2.0

/// A path or a name as the kernel has it: bytes without a zero, which need not be UTF-8.
package struct FilePath: Hashable, Sendable {
    /// The bytes and the zero that C wants behind them.
    private let terminated: [UInt8]

    /// The path with the given bytes.
    ///
    /// - Parameter bytes: The bytes; nil comes back where there is a zero among them.
    package init?(_ bytes: some Sequence<UInt8>) {
        var terminated = Array(bytes)
        if terminated.contains(0) { return nil }
        terminated.append(0)
        self.terminated = terminated
    }

    /// The bytes, without the zero of C.
    package var bytes: ArraySlice<UInt8> { terminated.dropLast() }

    package var isEmpty: Bool { terminated.count == 1 }

    /// The names between the slashes; empty ones and `.` are left out.
    package var components: [FilePath] {
        bytes.split(separator: UInt8(ascii: "/")).compactMap { $0.elementsEqual([0x2E]) ? nil : FilePath($0) }
    }

    package var isAbsolute: Bool { terminated[0] == UInt8(ascii: "/") }

    /// The names with slashes between them; the empty path is `.`.
    ///
    /// - Parameter components: The names.
    package init(joining components: some Collection<FilePath>) {
        guard !components.isEmpty else {
            terminated = [0x2E, 0]
            return
        }
        var bytes: [UInt8] = []
        for component in components {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "/")) }
            bytes += component.bytes
        }
        terminated = bytes + [0]
    }

    /// Calls a function with the C string.
    package func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try terminated.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            guard let start = buffer.baseAddress else { preconditionFailure("a path has its terminator") }
            return try UnsafeRawPointer(start).withMemoryRebound(to: CChar.self, capacity: buffer.count, body)
        }
    }
}

extension FilePath: ExpressibleByStringLiteral, CustomStringConvertible {
    package init(stringLiteral value: String) {
        precondition(!value.utf8.contains(0), "a path has no zero")
        terminated = Array(value.utf8) + [0]
    }

    /// The text, with what is not UTF-8 replaced.
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension FilePath: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
