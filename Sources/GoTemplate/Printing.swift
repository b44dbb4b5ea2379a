// SPDX-License-Identifier: Apache-2.0

/// Values as Go's package fmt prints them.
enum Printing {
    /// A value in the output of a template.
    static func text(_ value: Value) -> String {
        if case .none = value { return "<no value>" }
        return plain(value)
    }

    /// A value as `%v`.
    static func plain(_ value: Value) -> String {
        switch value {
        case .none, .null(.pointer): "<nil>"
        case .null(.list): "[]"
        case .null(.map): "map[]"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .float(let value): FloatText.shortest(value)
        case .string(let value): value
        case .list(let items): "[" + items.map(plain).joined(separator: " ") + "]"
        case .map(let map): "map[" + map.entries.map { "\($0.key):\(plain($0.value))" }.joined(separator: " ") + "]"
        case .structure(let structure): "{" + structure.fields.map { plain($0.value) }.joined(separator: " ") + "}"
        }
    }

    /// `fmt.Sprint`: a space between two values neither of which is a text.
    static func joined(_ values: [Value]) -> String {
        var text = ""
        for (index, value) in values.enumerated() {
            if index > 0, !value.isString, !values[index - 1].isString { text += " " }
            text += plain(value)
        }
        return text
    }

    /// `fmt.Sprintln`.
    static func line(_ values: [Value]) -> String {
        values.map(plain).joined(separator: " ") + "\n"
    }
}

/// What makes texts fit into other languages.
enum Escaping {
    static func html(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\0": escaped += "\u{fffd}"
            case "\"": escaped += "&#34;"
            case "'": escaped += "&#39;"
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    static func javaScript(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", "'", "\"": escaped += "\\\(scalar)"
            case "<", ">", "&", "=": escaped += "\\u00" + hexadecimal(scalar.value)
            case "\u{0}"..<" ": escaped += "\\u00" + hexadecimal(scalar.value)
            default:
                if scalar.value < 0x80 || scalar.isPrintable {
                    escaped.unicodeScalars.append(scalar)
                } else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    escaped += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
                }
            }
        }
        return escaped
    }

    /// `url.QueryEscape`.
    static func query(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x20: escaped += "+"
            default: escaped += "%" + hexadecimal(UInt32(byte))
            }
        }
        return escaped
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 2 - digits.utf8.count)) + digits
    }
}
