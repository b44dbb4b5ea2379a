// SPDX-License-Identifier: Apache-2.0

import Terminal

/// A small terminal: what it shows, what has scrolled away, and where its cursor is.
///
/// It knows just what is written to it by these tests; everything else is kept as a fault.
struct Screen {
    let columns: Int
    let rows: Int
    private(set) var scrollback: [String] = []
    /// A cell each; the second one of a wide character is empty.
    private var cells: [[String]]
    private(set) var row = 0
    private(set) var column = 0
    private var saved = (row: 0, column: 0)
    private(set) var isCursorShown = true
    /// How often the output of a frame began and ended.
    private(set) var frames = 0
    private(set) var isInFrame = false
    private(set) var breaksLines = true
    private(set) var faults: [String] = []

    init(columns: Int = 80, rows: Int = 24) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    /// The lines that are shown, without spaces at their ends and empty lines at the bottom.
    var lines: [String] {
        var lines = cells.map(Self.text)
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// All lines, those that scrolled away first.
    var everything: [String] { scrollback + lines }

    mutating func feed(_ bytes: [UInt8]) {
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\u{1B}": sequence(&scalars)
            case "\r": column = 0
            // As with `onlcr` of stty(1).
            case "\n":
                column = 0
                advance()
            default: show(scalar)
            }
        }
    }

    private static func text(_ cells: [String]) -> String {
        var text = cells.joined()
        while text.last == " " { text.removeLast() }
        return text
    }

    private mutating func advance() {
        row += 1
        guard row == rows else { return }
        row -= 1
        scrollback.append(Self.text(cells.removeFirst()))
        cells.append(Array(repeating: " ", count: columns))
    }

    private mutating func show(_ scalar: Unicode.Scalar) {
        let width = TextCells.width(scalar)
        if width == 0 {
            if column > 0 { cells[row][column - 1].unicodeScalars.append(scalar) }
            return
        }
        if scalar.value < 0x20 { faults.append("control character \(scalar.value)") }
        if column + width > columns {
            if !breaksLines { return }
            column = 0
            advance()
        }
        cells[row][column] = String(scalar)
        if width == 2 { cells[row][column + 1] = "" }
        column += width
    }

    private mutating func sequence(_ scalars: inout Substring.UnicodeScalarView) {
        switch scalars.popFirst() {
        case "7":
            saved = (row, column)
            return
        case "8":
            (row, column) = saved
            return
        case "[": break
        default: return faults.append("no control sequence")
        }
        var parameters = ""
        while let scalar = scalars.popFirst() {
            guard ("@"..."~").contains(scalar) else {
                parameters.unicodeScalars.append(scalar)
                continue
            }
            return obey(Character(scalar), parameters)
        }
        faults.append("a sequence without an end")
    }

    private mutating func obey(_ final: Character, _ parameters: String) {
        switch (final, parameters) {
        case ("A", _):
            row -= Int(parameters) ?? 1
            if row < 0 {
                faults.append("above the first line")
                row = 0
            }
        case ("B", ""): row = min(rows - 1, row + 1)
        case ("C", _): column = min(columns - 1, column + (Int(parameters) ?? 1))
        case ("K", ""): erase(from: column)
        case ("J", ""):
            erase(from: column)
            for row in row + 1..<max(row + 1, rows) { cells[row] = Array(repeating: " ", count: columns) }
        case ("h", "?7"): breaksLines = true
        case ("l", "?7"): breaksLines = false
        case ("h", "?25"): isCursorShown = true
        case ("l", "?25"): isCursorShown = false
        case ("h", "?2026"): isInFrame = true
        case ("l", "?2026"):
            isInFrame = false
            frames += 1
        case ("m", _): break
        default: faults.append("\(parameters)\(final)")
        }
    }

    private mutating func erase(from column: Int) {
        for column in min(column, columns)..<columns { cells[row][column] = " " }
    }
}
