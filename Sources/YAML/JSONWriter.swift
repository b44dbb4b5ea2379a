// SPDX-License-Identifier: Apache-2.0

/// Writes trees as JSON text, as Go's `encoding/json` does.
package struct JSONWriter {
    /// The text of a tree, without a line end after it.
    ///
    /// Keys keep the order that they have in the tree. JSON has no infinity and no NaN: both become strings.
    ///
    /// - Parameters:
    ///   - node: The tree.
    ///   - indent: How many spaces a level has; nil for a text without any white space.
    /// - Returns: The text, in UTF-8.
    package static func json(_ node: Node, indent: Int? = 2) -> [UInt8] {
        var writer = JSONWriter(indent: indent)
        writer.write(node, level: 0)
        return writer.output
    }

    private let indent: Int?
    private var output: [UInt8] = []

    private init(indent: Int?) {
        self.indent = indent
        output.reserveCapacity(1 << 16)
    }

    private mutating func write(_ node: Node, level: Int) {
        switch node.value {
        case .null, .invalid: output.append(contentsOf: "null".utf8)
        case .bool(let bool): output.append(contentsOf: (bool ? "true" : "false").utf8)
        case .int(let int): Emitter.write(int, to: &output)
        case .unsigned(let unsigned): Emitter.write(unsigned, to: &output)
        case .float(let float): write(float)
        case .string(let text), .timestamp(let text): write(text)
        case .sequence(let items): write(items, level: level)
        case .mapping(let mapping): write(mapping, level: level)
        }
    }

    private mutating func write(_ items: [Node], level: Int) {
        output.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            startItem(isFirst: index == 0, level: level + 1)
            write(item, level: level + 1)
        }
        if !items.isEmpty {
            endLine(level: level)
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ mapping: Mapping, level: Int) {
        output.append(UInt8(ascii: "{"))
        for (index, entry) in mapping.entries.enumerated() {
            startItem(isFirst: index == 0, level: level + 1)
            write(entry.key)
            output.append(UInt8(ascii: ":"))
            if indent != nil {
                output.append(UInt8(ascii: " "))
            }
            write(entry.value, level: level + 1)
        }
        if !mapping.isEmpty {
            endLine(level: level)
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func startItem(isFirst: Bool, level: Int) {
        if !isFirst {
            output.append(UInt8(ascii: ","))
        }
        endLine(level: level)
    }

    private mutating func endLine(level: Int) {
        guard let indent else {
            return
        }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, indent * level)))
    }

    private mutating func write(_ value: Double) {
        guard value.isFinite else {
            write(Emitter.goFloat(value))
            return
        }
        let decimal = ShortestDecimal(description: value.description)
        if value != 0, decimal.exponent < -6 || decimal.exponent >= 21 {
            decimal.writeScientific(exponentDigits: 1, to: &output)
        } else {
            decimal.writePlain(to: &output)
        }
    }

    private mutating func write(_ text: String) {
        var text = text
        output.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            var start = 0
            for (index, byte) in bytes.enumerated() {
                let isSeparator = byte == 0xE2 && bytes.lineBreak(at: index) != nil
                guard isSeparator || Self.needsEscape(byte) else {
                    continue
                }
                output.append(contentsOf: bytes[start..<index])
                writeEscaped(isSeparator ? bytes.scalar(at: index, width: 3) : UInt32(byte))
                start = index + (isSeparator ? 3 : 1)
            }
            output.append(contentsOf: bytes[min(start, bytes.count)...])
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Whether Go escapes a byte: what JSON cannot hold, and what means something in HTML.
    private static func needsEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
            true
        default: false
        }
    }

    private mutating func writeEscaped(_ scalar: UInt32) {
        output.append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0x22, 0x5C: output.append(UInt8(truncatingIfNeeded: scalar))
        default:
            output.append(UInt8(ascii: "u"))
            for shift: UInt32 in [12, 8, 4, 0] {
                output.append(Emitter.hexadecimalDigit(scalar >> shift, letters: UInt8(ascii: "a")))
            }
        }
    }
}
