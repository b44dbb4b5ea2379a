// SPDX-License-Identifier: Apache-2.0

/// Text in columns as Go's text/tabwriter writes it, with spaces and without flags: what Docker's tables are made with.
///
/// A cell ends at a tab; neighbouring lines that have a cell in a column form a block, which is as wide as its widest cell.
struct TabWriter {
    /// How wide a column is at least.
    var minimumWidth = 10
    /// The spaces behind the widest cell.
    var padding = 3

    /// What stands between two tabs.
    private struct Cell {
        let text: Substring
        /// In characters of Unicode.
        let width: Int

        init(_ text: Substring) {
            self.text = text
            // All bytes but those that go on with a character.
            width = text.utf8.reduce(0) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 }
        }
    }

    /// The text with its tabs replaced.
    func aligned(_ text: String) -> String {
        // By bytes: a line break is one also behind a carriage return, with which it is one `Character`.
        let pieces = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var lines = pieces.map { line in
            line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map { Cell(Substring($0)) }
        }
        let endsWithBreak = pieces.last?.isEmpty ?? false
        if endsWithBreak { lines.removeLast() }
        var output = ""
        var widths: [Int] = []
        var position = 0
        format(lines, 0..<lines.count, &widths, &position, &output)
        write(lines, position..<lines.count, widths, &output)
        if !endsWithBreak, output.hasSuffix("\n") { output.removeLast() }
        return output
    }

    /// Finds the next block that begins at the current column, and the columns to its right.
    private func format(
        _ lines: [[Cell]],
        _ range: Range<Int>,
        _ widths: inout [Int],
        _ position: inout Int,
        _ output: inout String
    ) {
        let column = widths.count
        var line = range.lowerBound
        while line < range.upperBound {
            guard column < lines[line].count - 1 else {
                line += 1
                continue
            }
            write(lines, position..<line, widths, &output)
            position = max(position, line)
            var width = minimumWidth
            var end = line
            while end < range.upperBound, column < lines[end].count - 1 {
                width = max(width, lines[end][column].width + padding)
                end += 1
            }
            widths.append(width)
            format(lines, line..<end, &widths, &position, &output)
            write(lines, position..<end, widths, &output)
            position = max(position, end)
            widths.removeLast()
            line = end
        }
    }

    private func write(_ lines: [[Cell]], _ range: Range<Int>, _ widths: [Int], _ output: inout String) {
        for cells in lines[range.lowerBound..<max(range.lowerBound, range.upperBound)] {
            for (index, cell) in cells.enumerated() {
                output += cell.text
                guard index < widths.count, index < cells.count - 1 else { continue }
                for _ in 0..<max(0, widths[index] - cell.width) { output.append(" ") }
            }
            output += "\n"
        }
    }
}
