// SPDX-License-Identifier: Apache-2.0

/// Shell patterns over names, as Go's `path.Match` reads them: `*`, `?`, `[a-z]`, `[^a-z]` and `\` before any of them.
package enum GlobPattern {
    /// Whether a whole name fits a pattern; a malformed pattern fits nothing.
    package static func matches(_ name: String, _ pattern: String) -> Bool {
        matches(Array(name.unicodeScalars)[...], Array(pattern.unicodeScalars)[...])
    }

    private typealias Text = ArraySlice<Unicode.Scalar>

    private static func matches(_ name: Text, _ pattern: Text) -> Bool {
        var (name, pattern) = (name, pattern)
        /// Where to go on when the last star takes one more character.
        var retry: (name: Text, pattern: Text)?
        while true {
            if pattern.first == "*" {
                pattern = pattern.dropFirst()
                retry = (name, pattern)
                continue
            }
            if name.isEmpty, pattern.isEmpty {
                return true
            }
            if let first = name.first, let rest = matchOne(first, pattern) {
                name = name.dropFirst()
                pattern = rest
                continue
            }
            guard let next = retry, !next.name.isEmpty else {
                return false
            }
            retry = (next.name.dropFirst(), next.pattern)
            (name, pattern) = (next.name.dropFirst(), next.pattern)
        }
    }

    /// The pattern after the part that fits one character, or nil where it does not fit.
    private static func matchOne(_ scalar: Unicode.Scalar, _ pattern: Text) -> Text? {
        switch pattern.first {
        case nil:
            return nil
        case "?":
            return pattern.dropFirst()
        case "[":
            return matchClass(scalar, pattern.dropFirst())
        case "\\":
            let escaped = pattern.dropFirst()
            return escaped.first == scalar ? escaped.dropFirst() : nil
        default:
            return pattern.first == scalar ? pattern.dropFirst() : nil
        }
    }

    private static func matchClass(_ scalar: Unicode.Scalar, _ pattern: Text) -> Text? {
        var pattern = pattern
        let isNegated = pattern.first == "^"
        if isNegated {
            pattern = pattern.dropFirst()
        }
        var fits = false
        while let low = pattern.first, low != "]" {
            pattern = pattern.dropFirst()
            var high = low
            if pattern.first == "-", let end = pattern.dropFirst().first, end != "]" {
                high = end
                pattern = pattern.dropFirst(2)
            }
            fits = fits || (low <= scalar && scalar <= high)
        }
        guard pattern.first == "]" else {
            return nil
        }
        return fits != isNegated ? pattern.dropFirst() : nil
    }
}
