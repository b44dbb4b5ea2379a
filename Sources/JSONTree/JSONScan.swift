// SPDX-License-Identifier: Apache-2.0

/// A JSON document (RFC 8259) whose values have been found and checked, but not made into anything yet.
///
/// The values stand in one list in the order of the text, each with the place where the next one begins that is not
/// inside it: to pass over an object takes one step.
final class JSONScan {
    /// What a value is.
    enum Kind: UInt8 {
        case null, `true`, `false`, number, string, array, object
    }

    /// A value of the document, or the key of a member.
    struct Entry {
        var kind: Kind
        /// Whether a string has escapes.
        var hasEscapes = false
        /// The bytes of a number, or those of a string between its quotes.
        var start: Int32
        var end: Int32
        /// The entry that follows this value with all that is inside.
        var next: Int32
        /// The member of an object that was found last: keys are mostly asked for in the order in which they stand.
        var cursor: Int32
    }

    private let bytes: [UInt8]
    private let entries: UnsafeMutableBufferPointer<Entry>

    /// Scans a whole document.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8.
    ///   - rules: Its bounds; surrogates matter only to those who read the strings.
    /// - Throws: What is wrong, and where.
    init(_ bytes: [UInt8], _ rules: JSON.ReadingRules) throws(JSON.Failure) {
        if bytes.count > min(rules.length, Int(Int32.max)) {
            throw JSON.Failure(offset: 0, message: "longer than \(rules.length) bytes")
        }
        var scanner = JSONScanner(rules)
        let failure: JSON.Failure? = bytes.withUnsafeBufferPointer { text in
            do throws(JSON.Failure) {
                try scanner.document(text)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        self.bytes = bytes
        entries = .allocate(capacity: scanner.entries.count)
        _ = entries.initialize(from: scanner.entries)
    }

    deinit {
        entries.deallocate()
    }

    subscript(index: Int) -> Entry { entries[index] }

    /// The indices of the items of an array, or of the keys of an object: its values follow them.
    func children(of index: Int) -> [Int] {
        var children: [Int] = []
        var (child, end) = (index + 1, Int(entries[index].next))
        let isObject = entries[index].kind == .object
        while child < end {
            children.append(child)
            child = Int(entries[isObject ? child + 1 : child].next)
        }
        return children
    }

    /// The value of a key of an object; nil where it has none.
    ///
    /// Of several equal keys it is the next one after the key that was found before.
    func value(of key: String, in object: Int) -> Int? {
        var key = key
        return key.withUTF8 { key in
            let (first, end) = (object + 1, Int(entries[object].next))
            let start = Int(entries[object].cursor)
            return member(key, from: start, to: end, in: object) ?? member(key, from: first, to: start, in: object)
        }
    }

    private func member(_ key: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int, in object: Int) -> Int? {
        var index = start
        while index < end {
            if isText(of: index, key) {
                entries[object].cursor = Int32(index)
                return index + 1
            }
            index = Int(entries[index + 1].next)
        }
        return nil
    }

    private func isText(of index: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let entry = entries[index]
        if entry.hasEscapes { return Array(string(at: index).utf8).elementsEqual(text) }
        let (start, count) = (Int(entry.start), Int(entry.end - entry.start))
        if count != text.count { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            for offset in 0..<count where bytes[start + offset] != text[offset] { return false }
            return true
        }
    }

    /// The characters of a number as it is written.
    func text(at index: Int) -> ArraySlice<UInt8> { bytes[Int(entries[index].start)..<Int(entries[index].end)] }

    /// A string; bytes that are no UTF-8 become U+FFFD, and so does half of a pair of surrogates.
    func string(at index: Int) -> String {
        let entry = entries[index]
        return bytes.withUnsafeBufferPointer { bytes in
            JSONEscapes.string(bytes[Int(entry.start)..<Int(entry.end)], hasEscapes: entry.hasEscapes)
        }
    }

    /// Whether a string has half of a pair of surrogates.
    func hasHalfPair(at index: Int) -> Bool { entries[index].hasEscapes && JSONEscapes.hasHalfPair(text(at: index)) }

    /// The keys and positions that lead from the root to a value.
    func path(to index: Int) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var parent = 0
        while parent != index {
            let isObject = entries[parent].kind == .object
            let children = children(of: parent)
            guard let position = children.lastIndex(where: { $0 + (isObject ? 1 : 0) <= index }) else { return path }
            path.append(isObject ? JSONKey(string(at: children[position])) : JSONKey(position))
            parent = children[position] + (isObject ? 1 : 0)
        }
        return path
    }
}

/// A step on the way to a value.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) {
        (stringValue, intValue) = (name, nil)
    }

    init(_ position: Int) {
        (stringValue, intValue) = ("\(position)", position)
    }

    init(stringValue: String) {
        self.init(stringValue)
    }

    init(intValue: Int) {
        self.init(intValue)
    }
}

/// Finds the values of a text.
private struct JSONScanner {
    typealias Text = UnsafeBufferPointer<UInt8>

    private let rules: JSON.ReadingRules
    private(set) var entries: [JSONScan.Entry] = []
    private var offset = 0

    init(_ rules: JSON.ReadingRules) {
        self.rules = rules
    }

    mutating func document(_ text: Text) throws(JSON.Failure) {
        entries.reserveCapacity(text.count / 12 + 4)
        try value(text, depth: 0)
        skipSpace(text)
        if offset < text.count { throw failure("text after the end of the document") }
    }

    private func failure(_ message: String) -> JSON.Failure {
        JSON.Failure(offset: offset, message: message)
    }

    private func next(_ text: Text) -> UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func skipSpace(_ text: Text) {
        while let byte = next(text), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
    }

    private mutating func skip(_ character: Unicode.Scalar, _ text: Text) -> Bool {
        skipSpace(text)
        if next(text) != UInt8(ascii: character) { return false }
        offset += 1
        return true
    }

    private mutating func value(_ text: Text, depth level: Int) throws(JSON.Failure) {
        if level > rules.depth { throw failure("nested more than \(rules.depth) levels deep") }
        skipSpace(text)
        switch next(text) {
        case UInt8(ascii: "{"): try object(text, level)
        case UInt8(ascii: "["): try array(text, level)
        case UInt8(ascii: "\""): try string(text)
        case UInt8(ascii: "t"): try word("true", .true, text)
        case UInt8(ascii: "f"): try word("false", .false, text)
        case UInt8(ascii: "n"): try word("null", .null, text)
        default: try number(text)
        }
    }

    private mutating func append(_ kind: JSONScan.Kind, from start: Int, to end: Int, hasEscapes: Bool = false) {
        let next = Int32(entries.count + 1)
        entries.append(
            JSONScan.Entry(
                kind: kind,
                hasEscapes: hasEscapes,
                start: Int32(start),
                end: Int32(end),
                next: next,
                cursor: next
            )
        )
    }

    private mutating func word(_ word: StaticString, _ kind: JSONScan.Kind, _ text: Text) throws(JSON.Failure) {
        let end = offset + word.utf8CodeUnitCount
        let isWord = end <= text.count && word.withUTF8Buffer { $0.elementsEqual(text[offset..<end]) }
        if !isWord { throw failure("expected a value") }
        append(kind, from: offset, to: end)
        offset = end
    }

    // MARK: Numbers

    private mutating func number(_ text: Text) throws(JSON.Failure) {
        let start = offset
        if next(text) == UInt8(ascii: "-") { offset += 1 }
        let firstDigit = offset
        // No number begins with a zero and more digits.
        guard skipDigits(text), text[firstDigit] != UInt8(ascii: "0") || offset == firstDigit + 1 else {
            throw notANumber(start)
        }
        if next(text) == UInt8(ascii: ".") {
            offset += 1
            guard skipDigits(text) else { throw notANumber(start) }
        }
        if next(text) == UInt8(ascii: "e") || next(text) == UInt8(ascii: "E") {
            offset += 1
            if next(text) == UInt8(ascii: "+") || next(text) == UInt8(ascii: "-") { offset += 1 }
            guard skipDigits(text) else { throw notANumber(start) }
        }
        append(.number, from: start, to: offset)
    }

    private mutating func notANumber(_ start: Int) -> JSON.Failure {
        offset = start
        return failure("expected a value")
    }

    private mutating func skipDigits(_ text: Text) -> Bool {
        let start = offset
        while let byte = next(text), (0x30...0x39).contains(byte) { offset += 1 }
        return offset > start
    }

    // MARK: Lists and objects

    private mutating func array(_ text: Text, _ level: Int) throws(JSON.Failure) {
        let index = entries.count
        append(.array, from: offset, to: offset)
        offset += 1
        if !skip("]", text) {
            repeat { try value(text, depth: level + 1) } while skip(",", text)
            if !skip("]", text) { throw failure("expected , or ]") }
        }
        entries[index].next = Int32(entries.count)
    }

    private mutating func object(_ text: Text, _ level: Int) throws(JSON.Failure) {
        let index = entries.count
        var keys: Set<String> = []
        append(.object, from: offset, to: offset)
        offset += 1
        if !skip("}", text) {
            repeat {
                skipSpace(text)
                if next(text) != UInt8(ascii: "\"") { throw failure("expected a key") }
                try string(text)
                if !rules.allowsRepeatedKeys { try addKey(text, to: &keys) }
                if !skip(":", text) { throw failure("expected :") }
                try value(text, depth: level + 1)
            } while skip(",", text)
            if !skip("}", text) { throw failure("expected , or }") }
        }
        entries[index].next = Int32(entries.count)
    }

    /// Takes the key that was found last, unless it has been there before.
    private func addKey(_ text: Text, to keys: inout Set<String>) throws(JSON.Failure) {
        let entry = entries[entries.count - 1]
        let key = JSONEscapes.string(text[Int(entry.start)..<Int(entry.end)], hasEscapes: entry.hasEscapes)
        if !keys.insert(key).inserted { throw failure("the key \"\(key)\" is there twice") }
    }

    // MARK: Texts

    private mutating func string(_ text: Text) throws(JSON.Failure) {
        offset += 1
        let start = offset
        var hasEscapes = false
        while let byte = next(text) {
            switch byte {
            case UInt8(ascii: "\""):
                append(.string, from: start, to: offset, hasEscapes: hasEscapes)
                offset += 1
                return
            case UInt8(ascii: "\\"):
                hasEscapes = true
                offset += 1
                try escape(text)
            case 0..<0x20:
                offset += 1
                throw failure("a control character in a string")
            default: offset += 1
            }
        }
        throw failure("a string without its end")
    }

    private mutating func escape(_ text: Text) throws(JSON.Failure) {
        guard let byte = next(text) else { throw failure("a string without its end") }
        offset += 1
        if byte == UInt8(ascii: "u") {
            guard JSONEscapes.code(text.dropFirst(offset)) != nil else {
                throw failure("expected four hexadecimal digits")
            }
            offset += 4
        } else if JSONEscapes.plain(byte) == nil {
            throw failure("an unknown escape")
        }
    }
}
