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

    /// A part of one line of a text; bytes that are not UTF-8 are replaced.
    ///
    /// - Parameters:
    ///   - number: The line, counted from 1.
    ///   - columns: The characters of it, counted from 0; the line may end earlier.
    ///   - id: The text.
    /// - Returns: The part without its line end, or nil where the text has no such line.
    package func line(_ number: UInt32, columns: Range<Int>, of id: SourceID) -> String? {
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
        // Columns count characters: every byte but those that continue a UTF-8 sequence starts one.
        var column = -1
        var part: [UInt8] = []
        for byte in lines {
            guard byte != UInt8(ascii: "\n") else {
                break
            }
            column += byte & 0xC0 == 0x80 ? 0 : 1
            guard column < columns.upperBound else {
                break
            }
            if column >= columns.lowerBound {
                part.append(byte)
            }
        }
        if part.last == UInt8(ascii: "\r") {
            part.removeLast()
        }
        return String(decoding: part, as: UTF8.self)
    }
}
