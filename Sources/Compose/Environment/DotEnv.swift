// SPDX-License-Identifier: Apache-2.0

/// The format of `.env` files: `NAME=value` lines with comments, quotes and references to variables.
package enum DotEnv {
    /// The greatest length of all values together, in bytes.
    ///
    /// Keeps a short file from growing without bound through variables that hold one another.
    package static let maximumLength = 1 << 26

    /// Reads a file.
    ///
    /// A variable in a value is the one of `lookup`, else the one that the file set before. A name that is alone on its
    /// line stands for the variable of `lookup` and is left out where there is none.
    ///
    /// - Parameters:
    ///   - contents: The bytes of the file.
    ///   - lookup: The value of a variable outside the file; nil where it is not set.
    /// - Returns: The variables in the order of the file, and what was missing.
    /// - Throws: ``DotEnvError`` for the first mistake.
    package static func parse(
        _ contents: [UInt8],
        lookup: (_ name: String) -> String?
    ) throws(DotEnvError) -> DotEnvFile {
        var parser = DotEnvParser(contents)
        while try parser.parseStatement(lookup: lookup) {}
        return parser.file
    }
}

/// The variables of an environment file.
package struct DotEnvFile: Equatable, Sendable {
    /// One variable.
    package struct Entry: Equatable, Sendable {
        package var name: String
        package var value: String
        /// The line with the name, from 1.
        package var line: Int
        /// The names of the variables that the value was made of.
        package var variables: [String]
        /// Whether the value held bytes that are not UTF-8, which are now replacement characters.
        package var isRepaired: Bool

        /// Makes an entry.
        package init(name: String, value: String, line: Int, variables: [String] = [], isRepaired: Bool = false) {
            self.name = name
            self.value = value
            self.line = line
            self.variables = variables
            self.isRepaired = isRepaired
        }
    }

    /// A variable that was not set and so became blank.
    package struct UnsetVariable: Equatable, Sendable {
        package var name: String
        /// The line of the entry that wanted it, from 1.
        package var line: Int

        /// Makes a remark.
        package init(name: String, line: Int) {
            self.name = name
            self.line = line
        }
    }

    /// The variables in the order in which their names first appear, each name once and with its last value.
    package private(set) var entries: [Entry] = []
    /// The variables that were not set, in order.
    package var unset: [UnsetVariable] = []
    private var indices: [String: Int] = [:]

    /// Makes a file without variables.
    package init() {}

    /// The value of a variable; nil where the file does not set it.
    package subscript(name: String) -> String? {
        indices[name].map { entries[$0].value }
    }

    /// Adds a variable, in place of an earlier one of the same name.
    package mutating func set(_ entry: Entry) {
        if let index = indices[entry.name] {
            entries[index] = entry
        } else {
            indices[entry.name] = entries.count
            entries.append(entry)
        }
    }
}

/// A mistake in an environment file.
package struct DotEnvError: Error, Equatable, Sendable {
    /// What is wrong, in lower case and without a full stop.
    package var message: String
    /// The line, from 1.
    package var line: Int
    /// The column, in characters from 1.
    package var column: Int

    /// Makes an error.
    package init(_ message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }
}
