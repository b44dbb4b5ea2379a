// SPDX-License-Identifier: Apache-2.0

/// A value of TOML.
indirect enum TOMLValue: Equatable, Sendable {
    case text(String)
    case boolean(Bool)
    /// A number or a date, as it is written.
    case number(String)
    case list([TOMLValue])
    case table(TOMLTable)

    /// The texts of a list that has nothing else; nil for another value.
    var texts: [String]? {
        guard case .list(let items) = self else { return nil }
        var texts: [String] = []
        for item in items {
            guard case .text(let text) = item else { return nil }
            texts.append(text)
        }
        return texts
    }
}

/// A table of TOML, whose keys are in the order of the text.
struct TOMLTable: Equatable, Sendable {
    private(set) var entries: [(key: String, value: TOMLValue)] = []
    private var places: [String: Int] = [:]

    subscript(key: String) -> TOMLValue? { places[key].map { entries[$0].value } }

    static func == (left: Self, right: Self) -> Bool {
        left.entries.elementsEqual(right.entries) { $0.key == $1.key && $0.value == $1.value }
    }

    /// Adds a value; false where the key has one.
    mutating func add(_ key: String, _ value: TOMLValue) -> Bool {
        if places[key] != nil { return false }
        places[key] = entries.count
        entries.append((key, value))
        return true
    }

    /// Changes the table at the end of a path, which is made where there is none.
    ///
    /// - Parameters:
    ///   - path: The keys; one that has a list of tables stands for the last of them.
    ///   - body: Changes the table; false where that cannot be done.
    /// - Returns: Whether there is such a table, and the change was made.
    mutating func change(_ path: ArraySlice<String>, _ body: (inout TOMLTable) -> Bool) -> Bool {
        guard let key = path.first else { return body(&self) }
        if places[key] == nil { _ = add(key, .table(TOMLTable())) }
        guard let place = places[key] else { return false }
        let value = entries[place].value
        // What is changed is held once, so that it is not copied.
        entries[place].value = .boolean(false)
        switch value {
        case .table(var table):
            let isDone = table.change(path.dropFirst(), body)
            entries[place].value = .table(table)
            return isDone
        case .list(var items):
            guard case .table(var table)? = items.popLast() else { break }
            let isDone = table.change(path.dropFirst(), body)
            items.append(.table(table))
            entries[place].value = .list(items)
            return isDone
        case .text, .boolean, .number: break
        }
        entries[place].value = value
        return false
    }

    /// Begins another table of the list that a key has; false where it has something else.
    mutating func addElement(_ key: String) -> Bool {
        guard let place = places[key] else { return add(key, .list([.table(TOMLTable())])) }
        guard case .list(let items) = entries[place].value, case .table? = items.last else { return false }
        entries[place].value = .list(items + [.table(TOMLTable())])
        return true
    }
}

/// Reads TOML (version 1.0), except that dates and numbers stay texts, and that a long text does not end with a quote.
struct TOMLReader {
    private let bytes: [UInt8]
    /// What errors call the text.
    private let path: String
    private var position = 0
    /// How deep lists and tables of one value are.
    private var depth = 0
    private static let deepest = 32

    /// - Parameters:
    ///   - text: The text.
    ///   - path: What errors call it.
    init(_ text: String, path: String) {
        bytes = Array(text.utf8)
        self.path = path
    }

    /// Reads all of it.
    ///
    /// - Returns: The table of the text.
    /// - Throws: ``RegistryError/Code/configuration`` with the line that is wrong.
    mutating func table() throws(RegistryError) -> TOMLTable {
        var root = TOMLTable()
        var current: [String] = []
        while true {
            skipBlanks(andLines: true)
            guard let byte = next else { return root }
            if byte == UInt8(ascii: "[") {
                current = try heading(&root)
            } else {
                try pair(at: current[...], of: &root)
            }
            skipBlanks(andLines: false)
            if let byte = next, byte != UInt8(ascii: "\n") { throw failure("the line goes on where it should end") }
        }
    }

    // MARK: Parts

    private mutating func heading(_ root: inout TOMLTable) throws(RegistryError) -> [String] {
        position += 1
        let isElement = take("[")
        let keys = try key()
        guard take("]"), !isElement || take("]") else { throw failure("the name of a table ends with `]`") }
        let isDone =
            isElement
            ? root.change(keys.dropLast()) { $0.addElement(keys.last ?? "") } : root.change(keys[...]) { _ in true }
        if !isDone { throw failure("`\(keys.joined(separator: "."))` is no table") }
        return keys
    }

    private mutating func pair(at place: ArraySlice<String>, of table: inout TOMLTable) throws(RegistryError) {
        let keys = try key()
        guard take("=") else { throw failure("a key is followed by `=` and its value") }
        skipBlanks(andLines: false)
        let value = try value()
        let isDone = table.change(place + keys.dropLast()) { $0.add(keys.last ?? "", value) }
        if !isDone { throw failure("`\(keys.joined(separator: "."))` is there twice") }
    }

    /// A key, perhaps with dots.
    private mutating func key() throws(RegistryError) -> [String] {
        var keys: [String] = []
        repeat {
            skipBlanks(andLines: false)
            if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
                keys.append(try text())
            } else {
                let start = position
                while let byte = next, Self.isBare(byte) { position += 1 }
                if start == position { throw failure("a key is missing") }
                keys.append(String(decoding: bytes[start..<position], as: UTF8.self))
            }
            skipBlanks(andLines: false)
        } while take(".")
        if keys.count > Self.deepest { throw failure("the key has too many parts") }
        return keys
    }

    private mutating func value() throws(RegistryError) -> TOMLValue {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.deepest { throw failure("the value is too deep") }
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .text(try text())
        case UInt8(ascii: "["): return try list()
        case UInt8(ascii: "{"): return try inlineTable()
        default: break
        }
        let start = position
        while let byte = next, Self.isBare(byte) || "+.:".utf8.contains(byte) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        switch word {
        case "true", "false": return .boolean(word == "true")
        case "inf", "nan": return .number(word)
        default:
            if let first = word.utf8.first, "+-0123456789".utf8.contains(first) { return .number(word) }
            position = start
            throw failure("a value is a text in quotes, a number, `true`, `false`, a list or a table")
        }
    }

    private mutating func list() throws(RegistryError) -> TOMLValue {
        position += 1
        var items: [TOMLValue] = []
        while true {
            skipBlanks(andLines: true)
            if take("]") { return .list(items) }
            items.append(try value())
            skipBlanks(andLines: true)
            if !take(","), next != UInt8(ascii: "]") { throw failure("a list has commas, and ends with `]`") }
        }
    }

    private mutating func inlineTable() throws(RegistryError) -> TOMLValue {
        position += 1
        var table = TOMLTable()
        skipBlanks(andLines: false)
        if take("}") { return .table(table) }
        while true {
            try pair(at: [], of: &table)
            skipBlanks(andLines: false)
            if take("}") { return .table(table) }
            if !take(",") { throw failure("a table has commas, and ends with `}`") }
        }
    }

    // MARK: Texts

    private mutating func text() throws(RegistryError) -> String {
        let quote = bytes[position]
        let isLong = bytes[position...].prefix(3).elementsEqual([quote, quote, quote])
        position += isLong ? 3 : 1
        if isLong {
            _ = take("\r")
            _ = take("\n")
        }
        var text: [UInt8] = []
        while let byte = next {
            if byte == quote, !isLong || bytes[position...].prefix(3).elementsEqual([quote, quote, quote]) {
                position += isLong ? 3 : 1
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\n"), !isLong { break }
            position += 1
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                try escape(into: &text, isLong)
            } else {
                text.append(byte)
            }
        }
        throw failure("a text has no end")
    }

    private mutating func escape(into text: inout [UInt8], _ isLong: Bool) throws(RegistryError) {
        guard let byte = next else { throw failure("a text has no end") }
        position += 1
        switch byte {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = byte == UInt8(ascii: "u") ? 4 : 8
            let digits = String(decoding: bytes[position...].prefix(count), as: UTF8.self)
            guard digits.utf8.count == count, digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
                let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
            else { throw failure("`\\\(Character(Unicode.Scalar(byte)))\(digits)` is no character") }
            position += count
            text += Array(String(Character(scalar)).utf8)
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t"):
            guard isLong else { throw failure("a text has no end") }
            while let byte = next, " \t\r\n".utf8.contains(byte) { position += 1 }
        default: throw failure("`\\\(Character(Unicode.Scalar(byte)))` stands for nothing")
        }
    }

    // MARK: Bytes

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Goes on behind blanks and comments.
    private mutating func skipBlanks(andLines: Bool) {
        while let byte = next {
            if byte == UInt8(ascii: "#") {
                while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
            } else if " \t\r".utf8.contains(byte) || andLines && byte == UInt8(ascii: "\n") {
                position += 1
            } else {
                return
            }
        }
    }

    /// What is wrong at the place that was reached.
    private func failure(_ reason: String) -> RegistryError {
        let before = bytes[..<min(position, bytes.count)]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = String(decoding: bytes[start...].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let number = before.count { $0 == UInt8(ascii: "\n") } + 1
        return RegistryError(
            .configuration,
            "`\(path)`, line \(number): `\(line.prefix(200))` cannot be read: \(reason)"
        )
    }
}
