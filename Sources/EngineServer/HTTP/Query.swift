// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import JSONTree

/// The query of a request: names with their values, in their order.
///
/// Names that no route asks for are ignored, since every client sends more than an engine knows.
package struct Query: Equatable, Sendable {
    private var items: [Item] = []

    private struct Item: Equatable, Sendable {
        var name: String
        var value: String
    }

    /// How many values there may be.
    private static let mostItems = 1024

    /// Reads what follows the `?` of a target.
    ///
    /// - Parameter text: `a=1&b=2` with `+` and percent escapes.
    /// - Throws: Which escape is wrong.
    package init(_ text: String) throws(RequestProblem) {
        for pair in text.split(separator: "&") {
            let end = pair.firstIndex(of: "=") ?? pair.endIndex
            let name = try Self.unescaped(pair[..<end], plusIsSpace: true)
            let value = try Self.unescaped(pair[end...].dropFirst(), plusIsSpace: true)
            items.append(Item(name: name, value: value))
            if items.count > Self.mostItems {
                throw RequestProblem("the query has more than \(Self.mostItems) values")
            }
        }
    }

    /// The text that escapes stand for (RFC 3986 section 2.1).
    ///
    /// - Parameters:
    ///   - text: A part of a path or a query.
    ///   - plusIsSpace: Whether `+` is a space, as in queries.
    /// - Returns: The text.
    /// - Throws: What is no escape, no UTF-8, or a zero byte.
    static func unescaped(_ text: Substring, plusIsSpace: Bool) throws(RequestProblem) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+"), plusIsSpace {
                bytes.append(0x20)
            } else if byte == UInt8(ascii: "%") {
                let digits = rest.prefix(2)
                let isHexadecimal = digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
                guard digits.count == 2, isHexadecimal, let value = UInt8(Substring(digits), radix: 16), value != 0
                else { throw RequestProblem("`\(text.prefix(80))` has a wrong escape") }
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        guard let result = String(validating: bytes, as: UTF8.self) else {
            throw RequestProblem("`\(text.prefix(80))` is not UTF-8")
        }
        return result
    }

    /// The first value of a name; nil where there is none.
    package subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// The first value of a name; nil where there is none or it is empty.
    package func text(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// All values of a name.
    package func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// The truth of a name, as ``QueryBoolean`` reads it.
    package func boolean(_ name: String, absent: Bool = false) -> Bool {
        QueryBoolean.read(self[name], absent: absent)
    }

    /// The whole number of a name.
    ///
    /// - Parameter name: The name.
    /// - Returns: Nil where there is none or it is empty.
    /// - Throws: `badParameter` for any other value.
    package func integer(_ name: String) throws(EngineError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text) else {
            throw EngineError(.badParameter, "`\(name)=\(text.prefix(80))` is not a whole number")
        }
        return number
    }

    /// The instant of a name.
    ///
    /// - Parameter name: The name.
    /// - Returns: Nil where there is none, or it is empty or 0.
    /// - Throws: `badParameter` for what ``Timestamp/init(query:)`` does not read.
    package func instant(_ name: String) throws(EngineError) -> Timestamp? {
        guard let text = text(name), text != "0" else { return nil }
        guard let instant = Timestamp(query: text) else {
            throw EngineError(.badParameter, "`\(name)=\(text.prefix(80))` is neither seconds since 1970 nor RFC 3339")
        }
        return instant
    }

    /// The `filters`.
    ///
    /// - Parameter known: The keys that the route knows.
    /// - Returns: The filters, without any where the query has none.
    /// - Throws: `badParameter` for what is no JSON of filters, or has another key.
    package func filters(_ known: Set<String>) throws(EngineError) -> Filters {
        guard let text = text("filters") else { return Filters() }
        let filters: Filters
        do {
            filters = try JSON.decode(Filters.self, from: Array(text.utf8))
        } catch {
            throw EngineError(.badParameter, "invalid filter: `\(text.prefix(200))` is not an object of lists of texts")
        }
        try filters.check(against: known)
        return filters
    }
}
