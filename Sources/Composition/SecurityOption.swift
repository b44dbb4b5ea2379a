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
}
