// SPDX-License-Identifier: Apache-2.0

import YAML

extension Codec {
    /// A value whose absence is not the same as its zero value.
    static func optional<Wrapped>(_ codec: Codec<Wrapped>) -> Codec where Value == Wrapped? {
        Codec(zero: nil) { node, context in
            node.isNull || node.isInvalid ? nil : codec.decode(node, &context)
        } encode: { value, format in
            value.map { codec.encode($0, format) } ?? Node(.null)
        } isZero: {
            $0 == nil
        }
    }

    /// A value whose zero value is the same as its absence.
    static func nonZero<Wrapped>(_ codec: Codec<Wrapped>) -> Codec where Value == Wrapped? {
        Codec(zero: nil) { node, context in
            let value = codec.decode(node, &context)
            return codec.isZero(value) ? nil : value
        } encode: { value, format in
            codec.encode(value ?? codec.zero, format)
        } isZero: {
            $0 == nil
        }
    }

    /// A list; a single value counts as a list of one.
    static func list<Element>(_ codec: Codec<Element>) -> Codec where Value == [Element] {
        Codec(zero: []) { node, context in
            switch node.value {
            case .sequence(let items):
                var elements: [Element] = []
                elements.reserveCapacity(items.count)
                context.forEachItem(of: items) { item, context in
                    if !item.isInvalid {
                        elements.append(codec.decode(item, &context))
                    }
                }
                return elements
            case .null, .invalid: return []
            default: return [codec.decode(node, &context)]
            }
        } encode: { value, format in
            Node(.sequence(value.map { codec.encode($0, format) }))
        } isZero: {
            $0.isEmpty
        }
    }

    /// A mapping with keys of the user's choice.
    static func map<Element>(_ codec: Codec<Element>) -> Codec where Value == [String: Element] {
        Codec(zero: [:]) { node, context in
            switch node.value {
            case .mapping(let mapping):
                var elements: [String: Element] = [:]
                elements.reserveCapacity(mapping.count)
                context.forEachEntry(of: mapping) { entry, context in
                    elements[entry.key] = entry.value.isNull ? codec.zero : codec.decode(entry.value, &context)
                }
                return elements
            case .null, .invalid: return [:]
            default:
                context.reportKind(of: node, expected: "a mapping")
                return [:]
            }
        } encode: { value, format in
            .sorted(value, as: format) { codec.encode($0, format) }
        } isZero: {
            $0.isEmpty
        }
    }
}

extension Codec where Value: ComposeObject {
    /// A mapping with fixed keys.
    static var object: Codec {
        Codec(zero: Value()) { node, context in
            Value(decoding: node, in: &context)
        } encode: { value, format in
            value.node(as: format)
        }
    }
}

extension Codec where Value == String? {
    /// A string, where the empty one is the same as none.
    static var text: Codec { .nonZero(.string) }
}

extension Codec where Value == [String] {
    /// A list of strings, or a single string.
    static var strings: Codec { .list(.string) }
}

extension Codec where Value == [String: String] {
    /// A mapping of scalars to be taken as text, or a list of `key=value`; no value is the empty string.
    static var pairs: Codec {
        let texts = Codec<[String: String]>.map(.string)
        return Codec(zero: [:]) { node, context in
            assignments(of: node, checkingNames: false, in: &context) { $0 ?? "" }
        } encode: { value, format in
            texts.encode(value, format)
        } isZero: {
            $0.isEmpty
        }
    }
}

extension Codec where Value == [String: String?] {
    /// The variables of an environment: a mapping or a list of `NAME=value`, where no value is nil.
    static var environment: Codec {
        Codec(zero: [:]) { node, context in
            assignments(of: node, checkingNames: true, in: &context) { $0 }
        } encode: { value, format in
            .sorted(value, as: format) { $0.map { Node($0) } ?? Node(.null) }
        } isZero: {
            $0.isEmpty
        }
    }
}

/// Reads a mapping of names to scalars, or a list of `NAME=value`.
private func assignments<Element>(
    of node: Node,
    checkingNames: Bool,
    in context: inout DecodingContext,
    _ element: (String?) -> Element
) -> [String: Element] {
    switch node.value {
    case .mapping(let mapping): return entries(of: mapping, in: &context, element)
    case .sequence(let items): return entries(of: items, checkingNames: checkingNames, in: &context, element)
    case .null, .invalid: break
    default: context.reportKind(of: node, expected: "a mapping or a list")
    }
    return [:]
}

private func entries<Element>(
    of mapping: Mapping,
    in context: inout DecodingContext,
    _ element: (String?) -> Element
) -> [String: Element] {
    var entries: [String: Element] = [:]
    entries.reserveCapacity(mapping.count)
    context.forEachEntry(of: mapping) { entry, context in
        switch entry.value.value {
        case .null: entries.updateValue(element(nil), forKey: entry.key)
        case .string(let string): entries.updateValue(element(string), forKey: entry.key)
        default:
            if let text = entry.value.scalarText {
                entries.updateValue(element(text), forKey: entry.key)
            } else {
                context.reportKind(of: entry.value, expected: "a string, number, boolean or null")
            }
        }
    }
    return entries
}

private func entries<Element>(
    of items: [Node],
    checkingNames: Bool,
    in context: inout DecodingContext,
    _ element: (String?) -> Element
) -> [String: Element] {
    var entries: [String: Element] = [:]
    entries.reserveCapacity(items.count)
    context.forEachItem(of: items) { item, context in
        guard !item.isInvalid else {
            return
        }
        guard let text = item.scalarText else {
            context.reportKind(of: item, expected: "a string")
            return
        }
        let (name, value) = text.cut(at: UInt8(ascii: "="))
        if checkingNames, let last = name.unicodeScalars.last, isSpace(last) {
            context.report(.invalidValue, "the name of variable `\(name)` ends in a space", at: item)
        } else {
            entries.updateValue(element(value), forKey: name)
        }
    }
    return entries
}

/// Whether a character counts as a space at the end of a variable's name.
private func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value <= 0xA0 && scalar.properties.isWhitespace
}

extension Codec where Value == [String: [String]] {
    /// Options that may be given several times: a mapping of scalars or lists of scalars.
    static var multiOptions: Codec {
        let options = Codec.map(.list(.scalar))
        return Codec(zero: [:]) { node, context in
            options.decode(node, &context).filter { !$0.value.isEmpty }
        } encode: { value, format in
            options.encode(value, format)
        } isZero: {
            $0.isEmpty
        }
    }
}

extension Node {
    /// A mapping of the user's keys in the order in which they are printed.
    static func sorted<Element>(
        _ elements: [String: Element],
        as format: OutputFormat,
        _ node: (Element) -> Node
    ) -> Node {
        // Positions are sorted along with the keys, so that no key has to be looked up again.
        let places = format.sorted(Array(zip(elements.keys, elements.indices))) { $0.0 }
        let entries = places.map { Mapping.Entry(key: $0.0, value: node(elements.values[$0.1])) }
        return Node(.mapping(Mapping(uniqueEntries: entries)))
    }
}

extension String {
    /// The text before and after the first occurrence of a byte; nil after it where there is none.
    func cut(at separator: UInt8) -> (before: String, after: String?) {
        guard let position = utf8.firstIndex(of: separator) else {
            return (self, nil)
        }
        return (String(self[..<position]), String(self[utf8.index(after: position)...]))
    }
}
