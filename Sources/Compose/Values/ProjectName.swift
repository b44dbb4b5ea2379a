// SPDX-License-Identifier: Apache-2.0

/// The names that a project can have: lower-case letters, digits, `-` and `_`, the first one a letter or a digit.
package enum ProjectName {
    /// Whether a text is a project name as it is.
    package static func isValid(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first) else {
            return false
        }
        return text.utf8.allSatisfy(isNameByte)
    }

    /// The project name that is nearest to a text.
    ///
    /// - Parameter text: The text, such as the name of a directory.
    /// - Returns: The text in lower case and without what a name cannot have; empty where nothing is left.
    package static func normalize(_ text: String) -> String {
        if isValid(text) {
            return text
        }
        let kept = text.lowercased().utf8.filter(isNameByte).drop { !isLetterOrDigit($0) }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            false
        }
    }
}
