// SPDX-License-Identifier: Apache-2.0

import JSONTree

/// Why a function does not take its arguments.
enum FunctionError: Error {
    /// What the function itself says.
    case failed(String)
    /// What is said before it is called: the argument at an index has not the type that is expected.
    case argument(Int, expected: String, found: Value)
}

/// The functions of text/template, and those of Docker from `json` on.
enum Function: String, CustomStringConvertible {
    case and, or, not, index, slice, len, print, printf, println, html, js, urlquery
    case eq, ne, lt, le, gt, ge
    case json, split, join, title, lower, upper, pad, truncate

    /// The longest text that `pad` and `printf` make by themselves.
    static let longestPadding = 1_000_000

    var description: String { rawValue }

    /// How many arguments it takes.
    var argumentCount: ClosedRange<Int> {
        switch self {
        case .and, .or, .index, .slice, .eq, .printf: 1...Int.max
        case .print, .println, .html, .js, .urlquery: 0...Int.max
        case .not, .len, .json, .title, .lower, .upper: 1...1
        case .ne, .lt, .le, .gt, .ge, .split, .join, .truncate: 2...2
        case .pad: 3...3
        }
    }

    /// Calls the function with the right number of arguments.
    func call(_ arguments: [Value], isHeader: Bool) throws(FunctionError) -> Value {
        let first = arguments.first ?? .none
        switch self {
        case .not: return .bool(!first.isTrue)
        case .and, .or: return first
        case .eq, .ne, .lt, .le, .gt, .ge: return .bool(try Comparison.holds(self, arguments))
        case .index: return try Indexing.item(of: first, at: arguments.dropFirst())
        case .slice: return try Indexing.slice(of: first, from: Array(arguments.dropFirst()))
        case .len: return .integer(Int64(try Indexing.length(of: first)))
        case .print: return .string(Printing.joined(arguments))
        case .println: return .string(Printing.line(arguments))
        case .printf: return .string(Formatter.text(try Self.text(arguments), Array(arguments.dropFirst())))
        case .html: return .string(Escaping.html(Printing.joined(arguments)))
        case .js: return .string(Escaping.javaScript(Printing.joined(arguments)))
        case .urlquery: return .string(Escaping.query(Printing.joined(arguments)))
        default: return try callDocker(arguments, isHeader: isHeader)
        }
    }

    private func callDocker(_ arguments: [Value], isHeader: Bool) throws(FunctionError) -> Value {
        let first = arguments[0]
        if isHeader, [.json, .title, .lower, .upper, .truncate].contains(self) {
            return .string(try Self.text(arguments))
        }
        switch self {
        case .json: return .string(Self.json(first))
        case .split: return .list(Self.split(try Self.text(arguments), by: try Self.text(arguments, 1)))
        case .join:
            if isHeader, case .string = first { return first }
            return .string(try Self.join(first, with: try Self.text(arguments, 1)))
        case .title: return .string(Self.title(try Self.text(arguments)))
        case .lower: return .string(try Self.text(arguments).lowercased())
        case .upper: return .string(try Self.text(arguments).uppercased())
        case .pad:
            let text = try Self.text(arguments)
            let (before, after) = (try Self.count(arguments, 1), try Self.count(arguments, 2))
            if text.isEmpty { return .string("") }
            return .string(String(repeating: " ", count: before) + text + String(repeating: " ", count: after))
        default:
            let text = try Self.text(arguments)
            let length = try Self.count(arguments, 1)
            return .string(String(decoding: text.utf8.prefix(length), as: UTF8.self))
        }
    }

    /// What a row marshals by itself goes through Go's escaping for HTML, everything else does not.
    private static func json(_ value: Value) -> String {
        if case .structure(let structure) = value, structure.typeName != nil {
            return value.json.text(JSON.WritingStyle(escapesHTML: true))
        }
        return value.json.text()
    }

    private static func text(_ arguments: [Value], _ index: Int = 0) throws(FunctionError) -> String {
        guard case .string(let text) = arguments[index] else {
            throw .argument(index, expected: "string", found: arguments[index])
        }
        return text
    }

    private static func count(_ arguments: [Value], _ index: Int) throws(FunctionError) -> Int {
        guard case .integer(let number) = arguments[index] else {
            throw .argument(index, expected: "int", found: arguments[index])
        }
        guard (0...Int64(longestPadding)).contains(number) else { throw .failed("\(number) is out of bounds") }
        return Int(number)
    }

    /// As Go's `strings.Split`: no separator cuts between all characters.
    private static func split(_ text: String, by separator: String) -> [Value] {
        if separator.isEmpty { return text.unicodeScalars.map { .string(String($0)) } }
        let mark = Array(separator.utf8)
        var (parts, rest) = ([Value](), Array(text.utf8)[...])
        var index = rest.startIndex
        while index < rest.endIndex {
            if rest[index...].starts(with: mark) {
                parts.append(.string(String(decoding: rest[..<index], as: UTF8.self)))
                rest = rest[(index + mark.count)...]
                index = rest.startIndex
            } else {
                index += 1
            }
        }
        return parts + [.string(String(decoding: rest, as: UTF8.self))]
    }

    private static func join(_ value: Value, with separator: String) throws(FunctionError) -> String {
        if case .null(.list) = value { return "" }
        guard case .list(let items) = value else { throw .argument(0, expected: "[]string", found: value) }
        var texts: [String] = []
        for item in items {
            guard case .string(let text) = item else { throw .argument(0, expected: "[]string", found: value) }
            texts.append(text)
        }
        return texts.joined(separator: separator)
    }

    /// The first letter of each word in upper case.
    private static func title(_ text: String) -> String {
        var titled = ""
        var isInside = false
        for scalar in text.unicodeScalars {
            let isLetter = scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_"
            if isLetter, !isInside {
                titled += scalar.properties.titlecaseMapping
            } else {
                titled.unicodeScalars.append(scalar)
            }
            isInside = isLetter
        }
        return titled
    }
}
