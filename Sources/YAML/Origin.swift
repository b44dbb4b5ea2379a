// SPDX-License-Identifier: Apache-2.0

/// The place in a source text that a value came from.
///
/// Kept to sixteen bytes, since every node and every key of a tree carries one. The text and the name of the file are
/// found through ``SourceMap``.
package struct Origin: Hashable, Sendable {
    /// The file, as numbered by a ``SourceMap``.
    package var file: SourceID
    /// The line, counted from 1; 0 where the value has no place in a file (a default, a value of the environment).
    package var line: UInt32
    /// The column, counted in characters from 1; 0 where the value has no place in a file.
    package var column: UInt32
    /// What interpolation put into the value, as numbered by ``SourceMap/interpolations``; 0 where nothing was put.
    package var interpolation: UInt32

    /// Makes the origin at a line and column of a file.
    package init(file: SourceID, line: UInt32, column: UInt32, interpolation: UInt32 = 0) {
        self.file = file
        self.line = line
        self.column = column
        self.interpolation = interpolation
    }

    /// The origin of a value that stands in no file: a default, a flag, a variable of the environment.
    package static let none = Origin(file: .none, line: 0, column: 0)
}

/// The number of a source in a ``SourceMap``.
package struct SourceID: Hashable, Sendable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// No source.
    package static let none = SourceID(rawValue: .max)
}
