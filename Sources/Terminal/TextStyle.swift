// SPDX-License-Identifier: Apache-2.0

/// Marks up text for a terminal, or leaves it as it is.
package struct TextStyle: Sendable {
    /// Whether escape sequences are written at all.
    package var isColoured: Bool

    package init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    /// Text without markup.
    package static let plain = TextStyle(isColoured: false)

    package func bold(_ text: String) -> String { wrap(text, "1") }
    package func faint(_ text: String) -> String { wrap(text, "2") }
    package func red(_ text: String) -> String { wrap(text, "1;31") }
    package func yellow(_ text: String) -> String { wrap(text, "1;33") }

    /// Select Graphic Rendition (ECMA-48, 8.3.117), reset at the end.
    private func wrap(_ text: String, _ parameters: String) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(parameters)m\(text)\u{1B}[0m" : text
    }
}
