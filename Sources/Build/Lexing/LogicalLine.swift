// SPDX-License-Identifier: Apache-2.0

/// An instruction as one line: what continues it is joined, comments inside are left out.
struct LogicalLine {
    private(set) var text: [Unicode.Scalar] = []
    /// Where the lines of the file begin in the text.
    private var pieces: [(offset: Int, place: SourcePlace)] = []
    /// The comments right above.
    var comments: [String] = []
    /// The first blank line inside.
    var emptyLine: SourcePlace?
    /// The last line of the file that belongs to it.
    var lastLine = 0

    mutating func append(_ piece: ArraySlice<Unicode.Scalar>, at place: SourcePlace) {
        if !piece.isEmpty { pieces.append((text.count, place)) }
        text += piece
    }

    /// The place of a character in the file.
    func place(at offset: Int) -> SourcePlace {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if pieces[middle].offset <= offset { low = middle } else { high = middle }
        }
        guard low < pieces.count else { return SourcePlace(line: max(1, lastLine), column: 1) }
        let piece = pieces[low]
        return SourcePlace(line: piece.place.line, column: piece.place.column + offset - piece.offset)
    }

    /// All of it.
    var whole: LineText { LineText(line: self, range: text.indices) }
}

/// A part of an instruction whose characters know where they stand.
struct LineText {
    let line: LogicalLine
    private(set) var range: Range<Int>

    var scalars: ArraySlice<Unicode.Scalar> { line.text[range] }
    var string: String { String(scalars) }
    var isEmpty: Bool { range.isEmpty }
    var place: SourcePlace { line.place(at: range.lowerBound) }
    var word: Word { Word(string, at: place) }

    /// Without blanks at its ends.
    var trimmed: LineText {
        var copy = self
        let slice = scalars.trimmed
        copy.range = slice.startIndex..<slice.endIndex
        return copy
    }

    /// The first word, and what follows it.
    var split: (first: Word, rest: LineText) {
        let text = trimmed
        let end = text.scalars.firstIndex(where: \.isSeparator) ?? text.range.upperBound
        let first = LineText(line: line, range: text.range.lowerBound..<end)
        return (first.word, LineText(line: line, range: end..<text.range.upperBound).trimmed)
    }

    /// The words between blanks; quotation marks mean nothing here.
    var fields: [Word] {
        var fields: [Word] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            let end = line.text[offset..<range.upperBound].firstIndex(where: \.isSeparator) ?? range.upperBound
            if end > offset { fields.append(LineText(line: line, range: offset..<end).word) }
            offset = end + 1
        }
        return fields
    }

    /// The words between blanks outside of quotation marks; these and what is escaped stay as they are.
    ///
    /// - Parameter escape: What takes the meaning from a blank or a quotation mark.
    /// - Returns: The words.
    func words(escape: Unicode.Scalar) -> [Word] {
        var words: [Word] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            if line.text[offset].isBlank {
                offset += 1
                continue
            }
            let start = offset
            var text: [Unicode.Scalar] = []
            var quote: Unicode.Scalar?
            while offset < range.upperBound, quote != nil || !line.text[offset].isBlank {
                let scalar = line.text[offset]
                if scalar == escape, quote != "'" {
                    offset += 1
                    // At the very end it escapes nothing and is left out.
                    if offset == range.upperBound { break }
                    text += [scalar, line.text[offset]]
                    offset += 1
                    continue
                }
                if scalar == quote {
                    quote = nil
                } else if quote == nil, scalar == "'" || scalar == "\"" {
                    quote = scalar
                }
                text.append(scalar)
                offset += 1
            }
            if !text.isEmpty { words.append(Word(String(text), at: line.place(at: start))) }
        }
        return words
    }
}
