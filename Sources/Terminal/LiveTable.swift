// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A text on standard output that is drawn again in its place; where there is no terminal, one text follows the other.
package struct LiveTable {
    private let stream = OutputStream.standard
    private let isTerminal: Bool
    /// How many lines of the last drawing stand above the cursor.
    private var height = 0

    package init() {
        isTerminal = OutputStream.standard.isTerminal
    }

    /// Draws the text in place of the last one, in one write, so that nothing flickers.
    ///
    /// Lines are cut at the width of the terminal, and what does not fit its height is left out: what scrolls away can not be
    /// drawn again.
    package mutating func draw(_ text: String) {
        guard isTerminal else {
            stream.write(text)
            return
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        let rows = max(2, stream.height - 1)
        if lines.count > rows {
            let left = lines.count - rows + 1
            lines = Array(lines.prefix(rows - 1)) + ["… \(left) more"]
        }
        let width = max(1, stream.width - 1)
        // Up to the first line of the last drawing (ECMA-48, 8.3.22), and each line cleared behind its end (8.3.41).
        var frame = height > 0 ? "\u{1B}[\(height)A\r" : ""
        for line in lines { frame += TextCells.cut(line, to: width) + "\u{1B}[K\n" }
        // What is left of a longer drawing (8.3.39).
        frame += "\u{1B}[J"
        stream.write(frame)
        height = lines.count
    }

    /// Leaves the last drawing where it is.
    package mutating func finish() {
        height = 0
    }
}
