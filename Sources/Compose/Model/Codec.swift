// SPDX-License-Identifier: Apache-2.0

import YAML

/// How the values of a key are read from a tree and printed into one.
///
/// Codecs are lenient in what they read, since the schema has already been checked: what Docker Compose makes of a
/// value that passes the schema is what they make of it, quirks included.
package struct Codec<Value: Codable & Equatable & Sendable>: Sendable {
    /// What a missing value stands for.
    let zero: Value
    let decode: @Sendable (Node, inout DecodingContext) -> Value
    let encode: @Sendable (Value, OutputFormat) -> Node
    let isZero: @Sendable (Value) -> Bool

    init(
        zero: Value,
        decode: @escaping @Sendable (Node, inout DecodingContext) -> Value,
        encode: @escaping @Sendable (Value, OutputFormat) -> Node
    ) {
        self.init(zero: zero, decode: decode, encode: encode, isZero: { $0 == zero })
    }

    init(
        zero: Value,
        decode: @escaping @Sendable (Node, inout DecodingContext) -> Value,
        encode: @escaping @Sendable (Value, OutputFormat) -> Node,
        isZero: @escaping @Sendable (Value) -> Bool
    ) {
        self.zero = zero
        self.decode = decode
        self.encode = encode
        self.isZero = isZero
    }
}

extension Codec where Value == String {
    /// A string; integers count as their digits, numbers with a fraction and booleans do not.
    static var string: Codec {
        Codec(zero: "") { node, context in
            switch node.value {
            case .string(let string): return string
            case .int(let int): return String(int)
            case .unsigned(let unsigned): return String(unsigned)
            case .null: return ""
            default:
                context.reportKind(of: node, expected: "a string")
                return ""
            }
        } encode: { value, _ in
            Node(value)
        }
    }

    /// Any scalar as text.
    static var scalar: Codec {
        Codec(zero: "") { node, context in
            if let text = node.scalarText {
                return text
            }
            context.reportKind(of: node, expected: "a string")
            return ""
        } encode: { value, _ in
            Node(value)
        }
    }
}

extension Codec where Value == Bool {
    /// A boolean, or a string in the form of one.
    static var bool: Codec {
        Codec(zero: false) { node, context in
            switch node.value {
            case .bool(let bool): return bool
            case .string(let string):
                if let bool = BooleanText.parse(string) {
                    if bool.isDeprecated {
                        context.warnOfSpelling(string, of: bool.value, at: node)
                    }
                    return bool.value
                }
                context.report(.invalidValue, "`\(string)` is not a boolean", at: node)
            default: context.reportKind(of: node, expected: "a boolean")
            }
            return false
        } encode: { value, _ in
            Node(.bool(value))
        }
    }

    /// A boolean, or the obsolete mapping that stands for true.
    static var external: Codec {
        let bool = Codec.bool
        return Codec(zero: false) { node, context in
            if case .mapping = node.value { true } else { bool.decode(node, &context) }
        } encode: { value, _ in
            Node(.bool(value))
        }
    }
}

extension Codec where Value: FixedWidthInteger {
    /// An integer.
    ///
    /// A fraction is cut off, and what does not fit into the width loses its upper bits, as with Docker Compose;
    /// a negative number in an unsigned place is an error.
    static var integer: Codec {
        Codec(zero: 0) { node, context in
            switch node.value {
            case .int(let int): return checkedSign(int, node, &context)
            case .unsigned(let unsigned): return Value(truncatingIfNeeded: unsigned)
            case .float(let float): return checkedSign(Int(exactly: float.rounded(.towardZero)) ?? .min, node, &context)
            case .string(let string) where Value.bitWidth == Int.bitWidth:
                if let int = Int(string) {
                    return checkedSign(int, node, &context)
                }
                context.report(.invalidValue, "`\(string)` is not an integer", at: node)
            default: context.reportKind(of: node, expected: "an integer")
            }
            return 0
        } encode: { value, _ in
            Node(Int(exactly: value).map(Node.Value.int) ?? .unsigned(UInt64(truncatingIfNeeded: value)))
        }
    }

    private static func checkedSign(_ int: Int, _ node: Node, _ context: inout DecodingContext) -> Value {
        if int < 0, !Value.isSigned {
            context.report(.invalidValue, "must not be negative", at: node)
            return 0
        }
        return Value(truncatingIfNeeded: int)
    }
}

extension Codec where Value == Float {
    /// A number, kept with the precision of 32 bits as Docker Compose does.
    static var float: Codec {
        Codec(zero: 0) { node, context in
            switch node.value {
            case .int(let int): return Float(int)
            case .unsigned(let unsigned): return Float(unsigned)
            case .float(let float): return Float(float)
            case .string(let string):
                if let float = Float(string) {
                    return float
                }
                context.report(.invalidValue, "`\(string)` is not a number", at: node)
            default: context.reportKind(of: node, expected: "a number")
            }
            return 0
        } encode: { value, _ in
            // The detour by way of the text keeps the digits: 0.7 in 32 bits is 0.699999988… in 64.
            Node(.float(Double(value.description) ?? Double(value)))
        }
    }
}

extension Codec where Value == Duration {
    /// A span of time such as `1m30s`.
    static var duration: Codec {
        Codec(zero: .zero) { node, context in
            guard let text = node.scalarText else {
                context.reportKind(of: node, expected: "a duration")
                return .zero
            }
            do throws(ValueError) {
                return try DurationText.parse(text)
            } catch {
                context.report(.invalidValue, error.message, at: node, suggestion: error.suggestion)
                return .zero
            }
        } encode: { value, _ in
            Node(DurationText.format(value))
        }
    }
}

extension Codec where Value == ByteCount {
    /// A number of bytes, or a string with a unit; a number with a fraction silently counts as 0.
    static var byteCount: Codec {
        Codec(zero: .zero) { node, context in
            switch node.value {
            case .int(let int): return ByteCount(Int64(int))
            case .string(let string):
                do throws(ValueError) {
                    return ByteCount(try ByteCountText.parse(string))
                } catch {
                    context.report(.invalidValue, error.message, at: node, suggestion: error.suggestion)
                }
            default: break
            }
            return .zero
        } encode: { value, _ in
            Node(String(value.bytes))
        }
    }
}

extension Codec where Value == Int64 {
    /// A number that is not one of bytes, but that Docker Compose reads and prints as if it were.
    static var count: Codec {
        let byteCount = Codec<ByteCount>.byteCount
        return Codec(zero: 0) { node, context in
            byteCount.decode(node, &context).bytes
        } encode: { value, format in
            byteCount.encode(ByteCount(value), format)
        }
    }
}

extension Codec where Value == FileMode {
    /// Permission bits: an integer, or a string of octal digits.
    static var fileMode: Codec {
        Codec(zero: FileMode(0)) { node, context in
            switch node.value {
            case .int(let int): return FileMode(Int64(int))
            case .string(let string):
                if let mode = FileMode(octal: string) {
                    return mode
                }
                context.report(.invalidValue, "`\(string)` is not an octal file mode", at: node)
            default: context.reportKind(of: node, expected: "a file mode")
            }
            return FileMode(0)
        } encode: { value, _ in
            Node(value.description)
        }
    }
}

extension Codec where Value: RawRepresentable, Value.RawValue == String {
    /// One of a closed set of words; anything else is reported and counts as the first of them.
    static func word(_ zero: Value) -> Codec {
        let string = Codec<String>.string
        return Codec(zero: zero) { node, context in
            let text = string.decode(node, &context)
            if let value = Value(rawValue: text) {
                return value
            }
            if node.string != nil {
                context.report(.invalidValue, "`\(text)` is not an accepted value", at: node)
            }
            return zero
        } encode: { value, _ in
            Node(value.rawValue)
        }
    }
}

extension Codec {
    /// A word of an open set; the empty one is the same as none.
    static func openWord<Word: RawRepresentable<String>>() -> Codec where Value == Word? {
        let text = Codec<String?>.text
        return Codec(zero: nil) { node, context in
            text.decode(node, &context).flatMap(Word.init(rawValue:))
        } encode: { value, format in
            text.encode(value?.rawValue, format)
        } isZero: {
            $0 == nil
        }
    }
}
