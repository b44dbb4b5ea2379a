// SPDX-License-Identifier: Apache-2.0

import Build

extension Build.FileMode {
    /// The permissions of a file after a change of its mode, as chmod(1) makes it.
    ///
    /// - Parameters:
    ///   - permissions: Those that it has.
    ///   - isFolder: Whether it is a directory, for `X`.
    /// - Returns: Those that it gets.
    func applied(to permissions: UInt32, isFolder: Bool) -> UInt32 {
        switch self {
        case .octal(let mode): UInt32(mode)
        case .symbolic(let changes):
            changes.reduce(permissions) { $1.applied(to: $0, isFolder: isFolder) }
        }
    }
}

extension Build.FileMode.Change {
    fileprivate func applied(to permissions: UInt32, isFolder: Bool) -> UInt32 {
        let classes = who.isEmpty ? "ugo" : who
        var (bits, mask): (UInt32, UInt32) = (0, 0)
        for letter in classes.unicodeScalars {
            let shift: UInt32 = letter == "u" ? 6 : letter == "g" ? 3 : 0
            mask |= 7 << shift
            for permission in self.permissions.unicodeScalars {
                switch permission {
                case "r": bits |= 4 << shift
                case "w": bits |= 2 << shift
                case "x": bits |= 1 << shift
                case "X": if isFolder || permissions & 0o111 != 0 { bits |= 1 << shift }
                case "s": bits |= letter == "u" ? 0o4000 : letter == "g" ? 0o2000 : 0
                case "t": bits |= 0o1000
                case "u": bits |= (permissions >> 6 & 7) << shift
                case "g": bits |= (permissions >> 3 & 7) << shift
                case "o": bits |= (permissions & 7) << shift
                default: break
                }
            }
        }
        switch operation {
        case "+": return permissions | bits
        case "-": return permissions & ~bits
        default:
            let special: UInt32 =
                (classes.contains("u") ? 0o4000 : 0) | (classes.contains("g") ? 0o2000 : 0)
                | (self.permissions.contains("t") || who.isEmpty ? 0o1000 : 0)
            return permissions & ~(mask | special) | bits
        }
    }
}
