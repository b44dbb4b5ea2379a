// SPDX-License-Identifier: Apache-2.0

/// Writes trees as YAML text, byte for byte as go-yaml v3 does with an indentation of two.
package struct Emitter {
    /// The text of a tree, in block style, with a line end after the last line.
    ///
    /// Keys keep the order that they have in the tree. No line is folded, however long.
    ///
    /// - Parameters:
    ///   - node: The root of the tree.
    ///   - keepsLeadingBreaks: Whether a literal block keeps the line break that it starts with. Docker Compose loses
    ///     it where it prints a tree rather than a project.
    /// - Returns: The text.
    package static func yaml(_ node: Node, keepsLeadingBreaks: Bool = true) -> [UInt8] {
        var emitter = Emitter()
        emitter.keepsLeadingBreaks = keepsLeadingBreaks
        emitter.write(node, indent: -1)
        emitter.startLine(indent: 0)
        return emitter.output
    }

    /// The text so far.
    ///
    /// A scalar without its quotes goes straight in here: there is no text per scalar.
    private(set) var output: [UInt8]
    /// Where the last line of the text starts.
    private var lineStart = 0
    /// Whether the next token needs no space before it.
    private var isSpaced = true
    /// Whether the last line holds only indentation and the indicators of block collections.
    private var isIndentation = true

    private var keepsLeadingBreaks = true

    private init() {
        output = []
        output.reserveCapacity(1 << 16)
    }

    // MARK: Lines

    private mutating func endLine() {
        output.append(UInt8(ascii: "\n"))
        lineStart = output.count
        isIndentation = true
    }

    /// Goes to a column, on a new line where this one has text or is past it.
    private mutating func startLine(indent: Int) {
        let column = output.count - lineStart
        if !isIndentation || column > indent || (column == indent && !isSpaced) {
            endLine()
        }
        while output.count - lineStart < indent {
            output.append(UInt8(ascii: " "))
        }
        isSpaced = true
    }

    /// Writes `-`, `?` or the `:` of a key that has its own line, after which a block may go on in the same line.
    private mutating func writeIndicator(_ indicator: UInt8) {
        separate()
        output.append(indicator)
        isSpaced = false
    }

    private mutating func separate() {
        if !isSpaced {
            output.append(UInt8(ascii: " "))
        }
    }

    // MARK: Nodes

    /// Writes a node that stands in a collection of the given indentation, or at the root with one of -1.
    private mutating func write(_ node: Node, indent: Int) {
        switch node.value {
        case .null, .invalid: writePlain("null")
        case .bool(let bool): writePlain(bool ? "true" : "false")
        case .int(let int): writePlain(int)
        case .unsigned(let unsigned): writePlain(unsigned)
        case .float(let float): writePlain(float)
        case .timestamp(let text): writePlain(text)
        case .string(let text): write(text, indent: Self.deeper(indent, root: 2), asSimpleKey: false)
        case .sequence(let items): write(items, indent: indent)
        case .mapping(let mapping): write(mapping, indent: indent)
        }
    }

    private static func deeper(_ indent: Int, root: Int) -> Int {
        indent < 0 ? root : indent + 2
    }

    private mutating func write(_ items: [Node], indent: Int) {
        guard !items.isEmpty else {
            writePlain("[]")
            return
        }
        let indent = Self.deeper(indent, root: 0)
        let items = items.span
        for index in items.indices {
            startLine(indent: indent)
            writeIndicator(UInt8(ascii: "-"))
            write(items[index], indent: indent)
        }
    }

    private mutating func write(_ mapping: Mapping, indent: Int) {
        guard !mapping.isEmpty else {
            writePlain("{}")
            return
        }
        let indent = Self.deeper(indent, root: 0)
        let entries = mapping.entries.span
        for index in entries.indices {
            startLine(indent: indent)
            writeKey(entries[index].key, indent: indent)
            write(entries[index].value, indent: indent)
        }
    }

    /// Writes a key and its `:`; a key that is long or has several lines gets its own `?`.
    private mutating func writeKey(_ key: String, indent: Int) {
        var key = key
        let isSimple = key.utf8.count <= 128 && key.withUTF8 { !ScalarForm.hasLineBreak($0) }
        if isSimple {
            write(key, indent: indent + 2, asSimpleKey: true)
            output.append(UInt8(ascii: ":"))
            isSpaced = false
            isIndentation = false
        } else {
            writeIndicator(UInt8(ascii: "?"))
            write(key, indent: indent + 2, asSimpleKey: false)
            startLine(indent: indent)
            writeIndicator(UInt8(ascii: ":"))
        }
    }
}

// MARK: - Scalars

extension Emitter {
    private mutating func endScalar() {
        isSpaced = false
        isIndentation = false
    }

    private mutating func writePlain(_ text: String) {
        separate()
        output.append(contentsOf: text.utf8)
        endScalar()
    }

    private mutating func writePlain(_ value: Double) {
        separate()
        Self.write(value, to: &output)
        endScalar()
    }

    private mutating func writePlain(_ value: some FixedWidthInteger) {
        separate()
        Self.write(value, to: &output)
        endScalar()
    }

    /// Writes an integer in decimal.
    static func write(_ value: some FixedWidthInteger, to output: inout [UInt8]) {
        if value < 0 {
            output.append(UInt8(ascii: "-"))
        }
        let start = output.count
        var magnitude = value.magnitude
        repeat {
            let (quotient, digit) = magnitude.quotientAndRemainder(dividingBy: 10)
            output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            magnitude = quotient
        } while magnitude > 0
        output[start...].reverse()
    }

    private mutating func write(_ text: String, indent: Int, asSimpleKey: Bool) {
        var text = text
        text.withUTF8 { bytes in
            switch ScalarForm(of: bytes, asSimpleKey: asSimpleKey) {
            case .plain:
                separate()
                output.append(contentsOf: bytes)
                endScalar()
            case .singleQuoted:
                writeSingleQuoted(bytes, indent: indent)
            case .doubleQuoted:
                writeDoubleQuoted(bytes)
            case .literal:
                writeLiteral(bytes, indent: indent)
            }
        }
    }

    private mutating func writeSingleQuoted(_ text: UnsafeBufferPointer<UInt8>, indent: Int) {
        separate()
        output.append(UInt8(ascii: "'"))
        endScalar()
        var index = 0
        var isAfterBreak = false
        while index < text.count {
            if let width = text.lineBreak(at: index) {
                writeLineBreak(text, at: &index, width: width)
                isAfterBreak = true
                continue
            }
            if isAfterBreak, text[index] != UInt8(ascii: " ") {
                startLine(indent: indent)
                isAfterBreak = false
            }
            if text[index] == UInt8(ascii: "'") {
                output.append(UInt8(ascii: "'"))
            }
            output.append(text[index])
            if text[index] != UInt8(ascii: " ") {
                isIndentation = false
            }
            index += 1
        }
        output.append(UInt8(ascii: "'"))
        endScalar()
    }

    private mutating func writeLiteral(_ text: UnsafeBufferPointer<UInt8>, indent: Int) {
        separate()
        output.append(UInt8(ascii: "|"))
        isIndentation = false
        writeLiteralHeader(text)
        if keepsLeadingBreaks {
            // Ends the header's line, so that a line break at the start of the text is one of its own.
            endLine()
        }
        isSpaced = true
        var index = 0
        var isAfterBreak = true
        while index < text.count {
            if let width = text.lineBreak(at: index) {
                writeLineBreak(text, at: &index, width: width)
                isAfterBreak = true
                continue
            }
            if isAfterBreak {
                startLine(indent: indent)
                isAfterBreak = false
            }
            output.append(text[index])
            isIndentation = false
            index += 1
        }
    }

    /// Writes what stands after the `|`: the indentation where the text starts with white space, and what to do with
    /// the line ends at its end.
    private mutating func writeLiteralHeader(_ text: UnsafeBufferPointer<UInt8>) {
        if text[0] == UInt8(ascii: " ") || text.lineBreak(at: 0) != nil {
            output.append(UInt8(ascii: "2"))
        }
        let last = text.characterStart(before: text.count)
        guard text.lineBreak(at: last) != nil else {
            output.append(UInt8(ascii: "-"))
            return
        }
        if last == 0 || text.lineBreak(at: text.characterStart(before: last)) != nil {
            output.append(UInt8(ascii: "+"))
        }
    }

    private mutating func writeLineBreak(_ text: UnsafeBufferPointer<UInt8>, at index: inout Int, width: Int) {
        if width == 1, text[index] == UInt8(ascii: "\n") {
            endLine()
        } else {
            output.append(contentsOf: text[index..<index + width])
            lineStart = output.count
            isIndentation = true
        }
        index += width
    }

    private mutating func writeDoubleQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        separate()
        output.append(UInt8(ascii: "\""))
        // After a byte order mark at its start, go-yaml escapes every character of a text.
        let escapesAll = text.starts(with: [0xEF, 0xBB, 0xBF])
        var index = 0
        while index < text.count {
            let byte = text[index]
            let width = text.width(at: index)
            let isLiteral = byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            if isLiteral, !escapesAll, text.isPrintable(at: index), text.lineBreak(at: index) == nil {
                output.append(contentsOf: text[index..<index + width])
            } else {
                writeEscaped(text.scalar(at: index, width: width))
            }
            index += width
        }
        output.append(UInt8(ascii: "\""))
        endScalar()
    }

    private mutating func writeEscaped(_ scalar: UInt32) {
        output.append(UInt8(ascii: "\\"))
        let letter: Unicode.Scalar? =
            switch scalar {
            case 0x00: "0"
            case 0x07: "a"
            case 0x08: "b"
            case 0x09: "t"
            case 0x0A: "n"
            case 0x0B: "v"
            case 0x0C: "f"
            case 0x0D: "r"
            case 0x1B: "e"
            case 0x22: "\""
            case 0x5C: "\\"
            case 0x85: "N"
            case 0xA0: "_"
            case 0x2028: "L"
            case 0x2029: "P"
            default: nil
            }
        if let letter {
            output.append(UInt8(ascii: letter))
            return
        }
        let (form, digits): (Unicode.Scalar, Int) =
            scalar <= 0xFF ? ("x", 2) : scalar <= 0xFFFF ? ("u", 4) : ("U", 8)
        output.append(UInt8(ascii: form))
        for digit in (0..<digits).reversed() {
            output.append(Self.hexadecimalDigit(scalar >> (4 * UInt32(digit)), letters: UInt8(ascii: "A")))
        }
    }

    /// The digit for the last four bits of a number.
    static func hexadecimalDigit(_ value: UInt32, letters: UInt8) -> UInt8 {
        let digit = UInt8(truncatingIfNeeded: value & 0xF)
        return digit < 10 ? UInt8(ascii: "0") + digit : letters + digit - 10
    }
}
