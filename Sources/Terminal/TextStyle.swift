// SPDX-License-Identifier: Apache-2.0

/// Marks up text for a terminal, or leaves it as it is.
package struct TextStyle: Sendable {
    /// A way to show text: the parameters of Select Graphic Rendition (ECMA-48, 8.3.117).
    enum Paint: String {
        case bold = "1"
        case faint = "2"
        case boldRed = "1;31"
        case boldYellow = "1;33"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case cyan = "36"
        case brightGreen = "92"
    }

    /// Whether escape sequences are written at all.
    package var isColoured: Bool

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    /// Text without markup.
    package static let plain = TextStyle(isColoured: false)

    package func bold(_ text: String) -> String { paint(text, .bold) }
    package func faint(_ text: String) -> String { paint(text, .faint) }
    package func red(_ text: String) -> String { paint(text, .boldRed) }
    package func green(_ text: String) -> String { paint(text, .green) }
    package func brightGreen(_ text: String) -> String { paint(text, .brightGreen) }
    package func yellow(_ text: String) -> String { paint(text, .boldYellow) }

    /// Select Graphic Rendition, reset at the end.
    func paint(_ text: String, _ paint: Paint?) -> String {
        guard let paint, isColoured, !text.isEmpty else { return text }
        return "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m"
    }
}
