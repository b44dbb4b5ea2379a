// SPDX-License-Identifier: Apache-2.0

/// Text in columns as Go's text/tabwriter writes it, with spaces and without flags: what Docker's tables are made with.
///
/// A cell ends at a tab; neighbouring lines that have a cell in a column form a block, which is as wide as its widest cell.
struct TabWriter {
    /// How wide a column is at least.
    var minimumWidth = 10
    /// The spaces behind the widest cell.
    var padding = 3

    /// The text with its tabs replaced.
    func aligned(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        let endsWithBreak = lines.last == [""]
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
        _ lines: [[String]],
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
                width = max(width, lines[end][column].unicodeScalars.count + padding)
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

    private func write(_ lines: [[String]], _ range: Range<Int>, _ widths: [Int], _ output: inout String) {
        for cells in lines[range.lowerBound..<max(range.lowerBound, range.upperBound)] {
            for (index, cell) in cells.enumerated() {
                output += cell
                guard index < widths.count, index < cells.count - 1 else { continue }
                output += String(repeating: " ", count: max(0, widths[index] - cell.unicodeScalars.count))
            }
            output += "\n"
        }
    }
}
