// SPDX-License-Identifier: Apache-2.0

/// One line of a file.
struct SourceLine {
    /// Counted from 1.
    var number: Int
    /// The line without its end.
    var text: ArraySlice<Unicode.Scalar>
    /// The line break; empty at the end of the file.
    var ending: ArraySlice<Unicode.Scalar>
    /// How many characters of the line stand before the text.
    var indentation = 0

    /// Whether it is a comment: `#` is the first character that is no blank.
    var isComment: Bool { text.first { !$0.isBlank } == "#" }

    /// Whether there is nothing in it.
    var isEmpty: Bool { text.allSatisfy(\.isBlank) }

    /// The place of its first character.
    var place: SourcePlace { SourcePlace(line: number, column: indentation + 1) }

    /// The line without the blanks at its start.
    var unindented: SourceLine {
        var copy = self
        copy.text = text.drop(while: \.isBlank)
        copy.indentation += text.count - copy.text.count
        return copy
    }
}

/// The lines of a file, one after the other.
struct SourceLines: Sequence, IteratorProtocol {
    private var rest: ArraySlice<Unicode.Scalar>
    private var number = 0

    /// The lines of a text in UTF-8; what is none becomes U+FFFD, and a byte order mark is left out.
    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        rest = Array(text.unicodeScalars)[...]
        if rest.first == "\u{FEFF}" { rest.removeFirst() }
    }

    mutating func next() -> SourceLine? {
        guard !rest.isEmpty else { return nil }
        number += 1
        let end = rest.firstIndex(of: "\n").map { $0 + 1 } ?? rest.endIndex
        let whole = rest[..<end]
        rest = rest[end...]
        var text = whole
        while let last = text.last, last == "\n" || last == "\r" { text.removeLast() }
        return SourceLine(number: number, text: text, ending: whole[text.endIndex...])
    }
}
