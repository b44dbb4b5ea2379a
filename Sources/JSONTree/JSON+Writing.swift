// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// How a document is written.
    package struct WritingStyle: Sendable {
        /// The spaces of each level; nil is one line without any.
        package var indent: Int?
        /// Whether a list of plain values stays on one line, with a space after each comma.
        package var joinsPlainLists = false
        /// Whether `<`, `>` and `&` are escaped, as Go's `json.Marshal` does.
        package var escapesHTML = false
        /// Whether U+007F to U+009F are escaped, which some terminals obey.
        package var escapesControls = false

        package init(indent: Int? = nil, escapesHTML: Bool = false) {
            self.indent = indent
            self.escapesHTML = escapesHTML
        }

        /// One line without spaces.
        package static let compact = Self()
        /// What `docker inspect` prints: four spaces a level.
        package static let inspection = Self(indent: 4)
    }

    /// The text of the document, without a line break at its end.
    ///
    /// Strings are escaped as Go's `encoding/json` does it.
    package func text(_ style: WritingStyle = .compact) -> String {
        var writer = JSONWriter(style: style)
        writer.write(self, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// The text of a document that is being written.
struct JSONWriter {
    let style: JSON.WritingStyle
    var bytes: [UInt8] = []

    init(style: JSON.WritingStyle) {
        self.style = style
    }

    /// Writes a comma, unless an array or object has just begun.
    mutating func separate() {
        if let last = bytes.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") {
            bytes.append(UInt8(ascii: ","))
        }
    }

    mutating func write(_ value: Bool) {
        bytes += (value ? "true" : "false").utf8
    }

    mutating func write(_ value: some FixedWidthInteger) {
        if 0..<10 ~= value {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: value))
        } else {
            bytes += String(value).utf8
        }
    }

    mutating func write(_ value: JSON, depth: Int, isJoined: Bool = false) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): write(value)
        case .number(let text): bytes += text.utf8
        case .string(let text): quote(text)
        case .array(let items):
            let isJoined = isJoined || style.joinsPlainLists && items.allSatisfy(\.isPlain)
            list(items, "[", "]", depth, isJoined) { $0.write($1, depth: $2, isJoined: isJoined) }
        case .object(let members):
            list(members, "{", "}", depth, isJoined) { writer, member, depth in
                writer.quote(member.key)
                writer.bytes.append(UInt8(ascii: ":"))
                if writer.style.indent != nil { writer.bytes.append(UInt8(ascii: " ")) }
                writer.write(member.value, depth: depth, isJoined: isJoined)
            }
        }
    }

    private mutating func list<Item>(
        _ items: [Item],
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        _ depth: Int,
        _ isJoined: Bool,
        write: (inout JSONWriter, Item, Int) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        for (index, item) in items.enumerated() {
            if index > 0 {
                bytes.append(UInt8(ascii: ","))
                if isJoined { bytes.append(UInt8(ascii: " ")) }
            }
            if !isJoined { breakLine(depth + 1) }
            write(&self, item, depth + 1)
        }
        if !isJoined, !items.isEmpty { breakLine(depth) }
        bytes.append(UInt8(ascii: close))
    }

    private mutating func breakLine(_ depth: Int) {
        guard let indent = style.indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes += repeatElement(UInt8(ascii: " "), count: indent * depth)
    }

    mutating func quote(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { text in
            var plain = 0
            var offset = 0
            while offset < text.count {
                let length = lengthToEscape(text, at: offset)
                if length > 0 {
                    bytes += text[plain..<offset]
                    escape(text[offset..<offset + length])
                    plain = offset + length
                }
                offset += max(1, length)
            }
            bytes += text[plain...]
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// How many bytes the character has that begins here and cannot stand for itself; 0 where it can.
    private func lengthToEscape(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int {
        switch text[offset] {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): return 1
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): return style.escapesHTML ? 1 : 0
        case 0x7f: return style.escapesControls ? 1 : 0
        case 0xc2: return style.escapesControls && text[offset + 1] < 0xa0 ? 2 : 0
        // JavaScript ends lines at U+2028 and U+2029.
        case 0xe2: return text[offset + 1] == 0x80 && text[offset + 2] | 1 == 0xa9 ? 3 : 0
        default: return 0
        }
    }

    private mutating func escape(_ character: Slice<UnsafeBufferPointer<UInt8>>) {
        for scalar in String(decoding: character, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": bytes += "\\\"".utf8
            case "\\": bytes += "\\\\".utf8
            case "\n": bytes += "\\n".utf8
            case "\r": bytes += "\\r".utf8
            case "\t": bytes += "\\t".utf8
            case "\u{8}": bytes += "\\b".utf8
            case "\u{c}": bytes += "\\f".utf8
            default: escape(scalar)
            }
        }
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        let digits = String(scalar.value, radix: 16)
        bytes += "\\u".utf8
        bytes += repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count)
        bytes += digits.utf8
    }
}

extension JSON {
    /// Whether it is written without a line break in any case.
    fileprivate var isPlain: Bool {
        switch self {
        case .array(let items): items.isEmpty
        case .object(let members): members.isEmpty
        default: true
        }
    }
}
