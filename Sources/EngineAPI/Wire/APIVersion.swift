// SPDX-License-Identifier: Apache-2.0

/// A version of the API.
package struct APIVersion: Comparable, Hashable, Sendable, LosslessStringConvertible {
    package var major: Int
    package var minor: Int

    /// The version that the engine speaks.
    ///
    /// Later ones take fields away that old clients read.
    package static let current = Self(1, 51)
    /// The oldest version that the engine answers to.
    package static let minimum = Self(1, 24)

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1.51` or `v1.51`, as it stands at the front of a path; nil comes back for anything else.
    package init?(_ description: String) {
        let text = description.hasPrefix("v") ? description.dropFirst() : description[...]
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isNumeric = parts.allSatisfy { part in
            (1...4).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard parts.count == 2, isNumeric, let major = Int(parts[0]), let minor = Int(parts[1]) else { return nil }
        self.init(major, minor)
    }

    package var description: String { "\(major).\(minor)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// Checks that the engine answers requests of this version.
    ///
    /// - Throws: The error that names the nearest version which it does answer.
    package func checkSupported() throws(EngineError) {
        if self > .current {
            throw EngineError(
                .badParameter,
                "client version \(self) is too new. Maximum supported API version is \(Self.current)"
            )
        }
        if self < .minimum {
            throw EngineError(
                .badParameter,
                "client version \(self) is too old. Minimum supported API version is \(Self.minimum), "
                    + "please upgrade your client to a newer version"
            )
        }
    }
}
