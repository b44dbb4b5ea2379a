// SPDX-License-Identifier: Apache-2.0

/// One of the security options that clients of the engine take: `security_opt` and `--security-opt`.
package enum SecurityOption: Equatable, Sendable {
    /// A profile of seccomp in a file, whose content the engine is sent.
    case seccomp(file: String)
    /// No path of `/proc` and `/sys` is hidden.
    case unmasked
    /// What the engine is sent as it stands.
    case other(String)

    /// Reads `NAME=VALUE`, the old `NAME:VALUE`, or `no-new-privileges`; nil for anything else.
    package init?(_ text: String) {
        var parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1, text != "no-new-privileges" {
            parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { return nil }
        }
        switch (parts[0], parts.count == 2 ? parts[1] : "") {
        case ("systempaths", "unconfined"): self = .unmasked
        case ("seccomp", let file) where !["unconfined", "builtin"].contains(file): self = .seccomp(file: file)
        default: self = .other(text)
        }
    }

    /// The content of a profile as the engine is sent it: JSON without white space between its values.
    ///
    /// - Parameter bytes: The content of the file.
    /// - Returns: The text; nil where it is not UTF-8. Whether it is a profile, the engine finds out.
    package static func profile(_ bytes: [UInt8]) -> String? {
        var compact: [UInt8] = []
        compact.reserveCapacity(bytes.count)
        var (isInString, isEscaped) = (false, false)
        for byte in bytes {
            if isInString {
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            } else if [0x09, 0x0a, 0x0d, 0x20].contains(byte) {
                continue
            } else {
                isInString = byte == UInt8(ascii: "\"")
            }
            compact.append(byte)
        }
        return String(validating: compact, as: UTF8.self)
    }
}
