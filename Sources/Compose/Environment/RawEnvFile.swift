// SPDX-License-Identifier: Apache-2.0

/// The format of an environment file with `format: raw`: `NAME=value` lines, and nothing in a value has a meaning.
package enum RawEnvFile {
    /// The greatest length of a line, in bytes.
    package static let maximumLineLength = 65_535

    /// Reads a file.
    ///
    /// A name that is alone on its line stands for the variable of `lookup` and is left out where there is none.
    ///
    /// - Parameters:
    ///   - contents: The bytes of the file.
    ///   - lookup: The value of a variable outside the file; nil where it is not set.
    /// - Returns: The variables in the order of the file.
    /// - Throws: ``DotEnvError`` for the first mistake.
    package static func parse(
        _ contents: [UInt8],
        lookup: (_ name: String) -> String?
    ) throws(DotEnvError) -> DotEnvFile {
        var file = DotEnvFile()
        var position = 0
        var number = 0
        while position < contents.count {
            number += 1
            let end = contents[position...].firstIndex(of: UInt8(ascii: "\n")) ?? contents.count
            let line = contents[position..<end]
            guard line.count <= maximumLineLength else {
                throw DotEnvError("the line is longer than \(maximumLineLength) bytes", line: number, column: 1)
            }
            if let entry = try parse(line, number: number, lookup: lookup) {
                file.set(entry)
            }
            position = end + 1
        }
        return file
    }

    private static func parse(
        _ bytes: ArraySlice<UInt8>,
        number: Int,
        lookup: (String) -> String?
    ) throws(DotEnvError) -> DotEnvFile.Entry? {
        var bytes = bytes
        if bytes.last == UInt8(ascii: "\r") {
            bytes.removeLast()
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DotEnvError("the line is not valid UTF-8", line: number, column: 1)
        }
        var line = text.unicodeScalars[...]
        if number == 1, line.first == "\u{FEFF}" {
            line.removeFirst()
        }
        let indentation = line.prefix { $0.properties.isWhitespace }.count
        line.removeFirst(indentation)
        guard let first = line.first, first != "#" else {
            return nil
        }
        let separator = line.firstIndex(of: "=")
        let name = line[..<(separator ?? line.endIndex)]
        guard !name.isEmpty else {
            throw DotEnvError("no name before `=`", line: number, column: indentation + 1)
        }
        if let space = name.firstIndex(where: { $0 == " " || $0 == "\t" }) {
            let column = indentation + line.distance(from: line.startIndex, to: space) + 1
            let message = "a variable name cannot contain white space: `\(String(name))`"
            throw DotEnvError(message, line: number, column: column)
        }
        if let separator {
            let value = String(line[line.index(after: separator)...])
            return DotEnvFile.Entry(name: String(name), value: value, line: number)
        }
        return lookup(String(name)).map { DotEnvFile.Entry(name: String(name), value: $0, line: number) }
    }
}
