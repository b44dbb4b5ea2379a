// SPDX-License-Identifier: Apache-2.0

/// One line of a drawing: pieces of printable text, each with its colour, which can be cut without cutting a colour.
struct StyledLine {
    private var pieces: [(text: String, paint: TextStyle.Paint?)] = []
    /// The cells that the line takes.
    private(set) var width = 0

    /// Adds a text, without what of it is not for terminals.
    mutating func append(_ text: String, _ paint: TextStyle.Paint? = nil) {
        let text = TextCells.printable(text)
        pieces.append((text, paint))
        width += TextCells.width(text)
    }

    /// Adds spaces.
    mutating func pad(to cells: Int) {
        if cells > width { append(String(repeating: " ", count: cells - width)) }
    }

    /// Cuts the line to a width, with a sign that it was cut.
    mutating func cut(to cells: Int) {
        guard width > cells else { return }
        var kept: [(text: String, paint: TextStyle.Paint?)] = []
        var used = 0
        // The piece that has to be cut is the first behind which no cell is left for the sign.
        for piece in pieces {
            let size = TextCells.width(piece.text)
            if used + size < cells {
                kept.append(piece)
                used += size
                continue
            }
            // One more character than fits, so that the sign is there even where the piece alone would fit.
            let text = TextCells.cut(piece.text + "…", to: cells - used)
            kept.append((text, piece.paint))
            used += TextCells.width(text)
            break
        }
        (pieces, width) = (kept, used)
    }

    /// The line with its colours.
    func text(_ style: TextStyle) -> String {
        pieces.map { style.paint($0.text, $0.paint) }.joined()
    }
}
