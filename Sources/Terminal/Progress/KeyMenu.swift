// SPDX-License-Identifier: Apache-2.0

/// The keys that a user may press, and what each does, as the last line of what is drawn.
package struct KeyMenu: Equatable, Sendable {
    /// A key.
    package struct Entry: Equatable, Sendable {
        var key: Character
        var action: String
    }

    private(set) var entries: [Entry]

    /// A menu.
    ///
    /// - Parameter entries: The keys from the left, each with what it does in a few words.
    package init(_ entries: KeyValuePairs<Character, String>) {
        self.entries = entries.map { Entry(key: $0.key, action: $0.value) }
    }

    var line: StyledLine {
        var line = StyledLine()
        for (index, entry) in entries.enumerated() {
            if index > 0 { line.append("   ") }
            line.append(String(entry.key), .bold)
            line.append(" " + entry.action, .faint)
        }
        return line
    }
}
