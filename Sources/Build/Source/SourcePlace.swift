// SPDX-License-Identifier: Apache-2.0

/// A place in a Dockerfile.
package struct SourcePlace: Hashable, Comparable, Sendable {
    /// The line, counted from 1.
    package var line: Int
    /// The column, counted in characters from 1.
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (one: Self, other: Self) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

/// A part of an instruction with its place.
package struct Word: Hashable, Sendable {
    package var text: String
    package var place: SourcePlace

    package init(_ text: String, at place: SourcePlace) {
        self.text = text
        self.place = place
    }
}
