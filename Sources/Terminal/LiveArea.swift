// SPDX-License-Identifier: Apache-2.0

/// The lines at the bottom of a terminal that are drawn again in their place, as bytes to write.
///
/// Between two drawings the cursor stands, hidden, behind the first line. A terminal whose width changes breaks the lines
/// anew, and takes the cursor along with the text at which it stands: so nothing has to be known about how many rows a
/// drawing takes by then. Only what the terminal moves out of its window, because the broken lines take more rows, is out of
/// reach and stays there. What somebody types stands behind that line and spoils nothing.
struct LiveArea {
    /// How many lines are shown from the cursor on.
    private(set) var height = 0
    private var isCursorHidden = false

    /// What a terminal keeps from showing until the next sequence, so that no half of a drawing is seen; others ignore it.
    private static let begin = "\u{1B}[?2026h"
    private static let end = "\u{1B}[?2026l"
    /// DECAWM of DEC's terminals: a terminal that is narrower than it was a moment ago, when the lines were made for it, cuts
    /// them off, and each is still one row.
    private static let cutLines = "\u{1B}[?7l"
    private static let breakLines = "\u{1B}[?7h"
    /// DECSC and DECRC of DEC's terminals.
    private static let savePlace = "\u{1B}7"
    private static let findPlace = "\u{1B}8"
    /// To the beginning of the row below (ECMA-48, 8.3.19), or of the last row in that row.
    private static let nextRow = "\r\u{1B}[B"
    /// DECTCEM of DEC's terminals.
    private static let hideCursor = "\u{1B}[?25l"
    private static let showCursor = "\u{1B}[?25h"
    /// What is behind the cursor in its line (ECMA-48, 8.3.41), and from there on (8.3.39).
    private static let eraseLine = "\u{1B}[K"
    private static let eraseBelow = "\u{1B}[J"

    /// Whether there is anything on the terminal that has to be taken back.
    var isShown: Bool { height > 0 || isCursorHidden }

    /// Draws lines in place of the last ones.
    ///
    /// - Parameters:
    ///   - lines: Each narrower than the terminal, fewer than it is high.
    ///   - width: The cells of the first line.
    ///   - isResized: Whether the size of the terminal is another one since the last drawing.
    ///   - above: Text that is printed above them, once; its last line gets an end where it has none.
    /// - Returns: What to write, in one piece.
    mutating func frame(_ lines: [String], width: Int, isResized: Bool = false, above: [UInt8] = []) -> [UInt8] {
        var bytes = start(above)
        if !isCursorHidden { bytes += Self.hideCursor.utf8 }
        isCursorHidden = true
        // Scrolls where there are not enough rows below the cursor. Only here: the rows of the last drawing are there still,
        // and a terminal that is lower than it was a moment ago must not scroll the first line away.
        if lines.count > 1, lines.count > height || isResized || !above.isEmpty {
            bytes += (String(repeating: "\n", count: lines.count - 1) + "\u{1B}[\(lines.count - 1)A\r").utf8
        }
        bytes += Self.savePlace.utf8
        bytes += lines.joined(separator: Self.eraseLine + Self.nextRow).utf8
        bytes += (Self.eraseBelow + Self.findPlace + Self.breakLines).utf8
        if width > 0 { bytes += "\u{1B}[\(width)C".utf8 }
        bytes += Self.end.utf8
        height = lines.count
        return bytes
    }

    /// Draws lines in place of the last ones, to stay, and gives the cursor back.
    mutating func last(_ lines: [String], above: [UInt8] = []) -> [UInt8] {
        var bytes = start(above)
        for line in lines { bytes += (line + Self.eraseLine + "\r\n").utf8 }
        bytes += (Self.eraseBelow + Self.breakLines).utf8
        if isCursorHidden { bytes += Self.showCursor.utf8 }
        bytes += Self.end.utf8
        (height, isCursorHidden) = (0, false)
        return bytes
    }

    /// Forgets what is on the terminal: somebody else has written to it.
    mutating func forget() { (height, isCursorHidden) = (0, false) }

    private func start(_ above: [UInt8]) -> [UInt8] {
        var bytes = Array((Self.begin + "\r").utf8)
        if !above.isEmpty {
            bytes += Self.eraseBelow.utf8
            bytes += above
            if above.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        }
        return bytes + Self.cutLines.utf8
    }
}
