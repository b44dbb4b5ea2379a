// SPDX-License-Identifier: Apache-2.0

/// What stands before the lines of each container: its name, padded to the longest one, in a colour of its own.
package struct LogPrefixer: Sendable {
    /// Cyan, yellow, green, magenta and blue, then the same ones bold.
    private static let colours = [36, 33, 32, 35, 34].flatMap { ["\($0)"] } + [36, 33, 32, 35, 34].map { "\($0);1" }

    private let isColoured: Bool
    /// The number of each name's colour.
    private var numbers: [String: Int] = [:]
    private var next = 0
    /// The cells of the longest name.
    private var width = 0
    /// Prefixes of the width of the moment.
    private var made: [String: [UInt8]] = [:]

    /// - Parameter isColoured: Whether escape sequences are written at all.
    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// Makes names known, so that the first line is as wide as the last one, and colours go round in the order of names.
    ///
    /// A name keeps its colour, whoever comes later.
    package mutating func add(_ names: some Sequence<String>) {
        for name in names.sorted() where numbers[name] == nil {
            // A hook of a container, such as `a-1 ->`, is of the container's colour.
            let owner = name.split(separator: " ", maxSplits: 1).first.map(String.init) ?? name
            if let number = numbers[owner] {
                numbers[name] = number
            } else {
                numbers[name] = next % Self.colours.count
                next += 1
            }
            let cells = TextCells.width(TextCells.printable(name))
            if cells > width { (width, made) = (cells, [:]) }
        }
    }

    /// The prefix of a name, which is made known if it is not yet.
    ///
    /// - Returns: The name, spaces up to one more than the longest name, ` | `.
    package mutating func prefix(of name: String) -> [UInt8] {
        if let prefix = made[name] { return prefix }
        add([name])
        let text = TextCells.padded(TextCells.printable(name), to: width + 1) + " | "
        let prefix = Array(paint(text, of: name).utf8)
        made[name] = prefix
        return prefix
    }

    /// A text in the colour of a name.
    package mutating func paint(_ text: String, of name: String) -> String {
        add([name])
        guard isColoured, let number = numbers[name] else { return text }
        return "\u{1B}[\(Self.colours[number])m\(text)\u{1B}[0m"
    }
}
