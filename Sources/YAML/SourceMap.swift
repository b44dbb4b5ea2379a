// SPDX-License-Identifier: Apache-2.0

/// The texts that a set of trees was read from, so that an ``Origin`` can be shown to a person.
package struct SourceMap: Sendable {
    /// One text and its name.
    package struct Source: Sendable {
        /// The absolute path, or `-` for standard input.
        package var path: String
        /// The bytes as read.
        package var contents: [UInt8]

        package init(path: String, contents: [UInt8]) {
            self.path = path
            self.contents = contents
        }
    }

    /// The variables that interpolation put into one value, by their names.
    package struct Interpolation: Hashable, Sendable, Codable {
        /// The names of the variables that were looked up, in the order of the text.
        package var variables: [String]

        package init(variables: [String]) {
            self.variables = variables
        }
    }

    /// The texts; a ``SourceID`` counts them from 0.
    package private(set) var sources: [Source] = []
    /// What interpolation did; ``Origin/interpolation`` counts from 1.
    package private(set) var interpolations: [Interpolation] = []

    package init() {}

    /// Adds a text and gives it its number.
    package mutating func add(_ source: Source) -> SourceID {
        sources.append(source)
        return SourceID(rawValue: UInt32(sources.count - 1))
    }

    /// Adds a record of what interpolation put into a value, for ``Origin/interpolation``.
    package mutating func add(_ interpolation: Interpolation) -> UInt32 {
        interpolations.append(interpolation)
        return UInt32(interpolations.count)
    }

    /// The text that a number stands for.
    package subscript(id: SourceID) -> Source? {
        id.rawValue < sources.count ? sources[Int(id.rawValue)] : nil
    }

    /// The variables that an origin's value took in.
    package func variables(of origin: Origin) -> [String] {
        origin.interpolation == 0 ? [] : interpolations[Int(origin.interpolation) - 1].variables
    }

    /// One line of a text, counted from 1, without its line end; bytes that are not UTF-8 are replaced.
    package func line(_ number: UInt32, of id: SourceID) -> String? {
        guard number > 0, let source = self[id] else {
            return nil
        }
        var lines = source.contents[...]
        for _ in 1..<number {
            guard let end = lines.firstIndex(of: UInt8(ascii: "\n")) else {
                return nil
            }
            lines = lines[(end + 1)...]
        }
        var line = lines.prefix { $0 != UInt8(ascii: "\n") }
        if line.last == UInt8(ascii: "\r") {
            line.removeLast()
        }
        return String(decoding: line, as: UTF8.self)
    }
}
