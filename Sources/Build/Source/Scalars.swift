// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text of scalars.
    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }

    /// Without blanks at its ends.
    var trimmed: String {
        let scalars = Array(unicodeScalars)[...]
        return String(scalars.trimmed)
    }
}

extension Unicode.Scalar {
    /// Whether it is a blank of any kind.
    var isBlank: Bool { properties.isWhitespace }

    /// Whether it separates the words of an instruction; others of Unicode's blanks do not.
    var isSeparator: Bool {
        switch self {
        case "\t", "\u{B}", "\u{C}", "\r", " ": true
        default: false
        }
    }

    /// Whether it may stand in the name of a variable.
    var isNamePart: Bool { self == "_" || properties.isAlphabetic || properties.numericType == .decimal }

    /// Whether it is a decimal digit.
    var isDigit: Bool { properties.numericType == .decimal }
}

extension ArraySlice<Unicode.Scalar> {
    /// Without blanks at its ends.
    var trimmed: Self {
        var slice = self
        while slice.first?.isBlank == true { slice.removeFirst() }
        while slice.last?.isBlank == true { slice.removeLast() }
        return slice
    }
}
