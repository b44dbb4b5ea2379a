// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

/// Finds the keys with which a user leaves a terminal among what the user types.
///
/// What could be the start of them is held back until it is clear that it is not.
package struct DetachKeys: Equatable, Sendable {
    /// The bytes of the keys; none are never found.
    private let keys: [UInt8]
    /// How many of them have come, all held back.
    private var held = 0

    /// The keys that Docker has: Ctrl-P and Ctrl-Q.
    private static let standard: [UInt8] = [0x10, 0x11]

    /// How many keys there may be.
    private static let mostKeys = 64

    /// Reads keys such as `ctrl-p,ctrl-q` or `a,ctrl-\`.
    ///
    /// - Parameter text: The keys; nil takes the standard ones, and none are never found.
    /// - Throws: `badParameter` for what is no key.
    package init(_ text: String?) throws(EngineError) {
        guard let text else {
            keys = Self.standard
            return
        }
        var keys: [UInt8] = []
        for name in text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let key = Self.key(name), keys.count < Self.mostKeys else {
                throw EngineError(
                    .badParameter,
                    "invalid detach keys: `\(name.prefix(32))` is neither one character nor ctrl- with a to z, @, [, \\, ], ^ or _"
                )
            }
            keys.append(key)
        }
        self.keys = keys
    }

    private static func key(_ name: Substring) -> UInt8? {
        let bytes = Array(name.utf8)
        if bytes.count == 1 { return bytes[0] }
        guard name.hasPrefix("ctrl-"), bytes.count == 6 else { return nil }
        switch bytes[5] {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return bytes[5] - UInt8(ascii: "a") + 1
        case UInt8(ascii: "@"): return 0
        case UInt8(ascii: "[")...UInt8(ascii: "_"): return bytes[5] - UInt8(ascii: "[") + 27
        default: return nil
        }
    }

    /// Takes what was typed.
    ///
    /// - Parameter bytes: The next bytes.
    /// - Returns: What goes on to the process, and whether the keys have come; what follows them is dropped.
    package mutating func feed(_ bytes: [UInt8]) -> (passed: [UInt8], isDetached: Bool) {
        if keys.isEmpty { return (bytes, false) }
        var passed: [UInt8] = []
        for byte in bytes {
            // The longest start of the keys that the held bytes and this one end with stays held.
            let candidate = keys[..<held] + [byte]
            let longest = (0...min(candidate.count, keys.count)).last {
                candidate.suffix($0).elementsEqual(keys.prefix($0))
            }
            held = longest ?? 0
            passed += candidate.dropLast(held)
            if held == keys.count {
                held = 0
                return (passed, true)
            }
        }
        return (passed, false)
    }

    /// What was held back when no more comes.
    package mutating func finish() -> [UInt8] {
        defer { held = 0 }
        return Array(keys[..<held])
    }
}
