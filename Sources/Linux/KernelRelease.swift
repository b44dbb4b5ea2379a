// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A kernel's version as far as features depend on it, `6.18` for example.
package struct KernelRelease: Comparable, Hashable, Sendable, CustomStringConvertible {
    package var major: Int
    package var minor: Int

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads the two leading numbers of a release such as `6.18.44-generic`; nil where there are none.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix(while: \.isASCIIDigit))
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// The release that this machine runs; 0.0 where its name does not begin with a version.
    package static let running: KernelRelease = {
        var name = utsname()
        guard uname(&name) == 0 else { return KernelRelease(major: 0, minor: 0) }
        let text = withUnsafeBytes(of: &name.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return KernelRelease(text) ?? KernelRelease(major: 0, minor: 0)
    }()

    package static func < (left: KernelRelease, right: KernelRelease) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    package var description: String {
        "\(major).\(minor)"
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
