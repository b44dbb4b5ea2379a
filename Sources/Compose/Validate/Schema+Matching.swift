// SPDX-License-Identifier: Apache-2.0

import YAML

extension Schema {
    /// Whether a value, with everything in it, is what the specification accepts.
    ///
    /// This is the way of a file without mistakes: it allocates nothing and stops at the first mistake.
    func accepts(_ value: Node.Value) -> Bool {
        switch value {
        case .sequence(let items):
            guard let list else {
                return false
            }
            return list.accepts(items)
        case .mapping(let mapping):
            guard let object else {
                return false
            }
            return object.accepts(mapping)
        default:
            return acceptsScalar(value)
        }
    }

    /// Whether what a part of a value names is what the specification accepts; nil stands for the whole value.
    func accepts(_ value: Node.Value, within part: Node.Value?) -> Bool {
        guard case (.mapping(let mapping), .mapping(let part)?, let object?) = (value, part, object) else {
            return accepts(value)
        }
        return object.accepts(mapping, within: part)
    }

    /// Whether a value is neither a list nor a mapping, and what the specification accepts.
    func acceptsScalar(_ value: Node.Value) -> Bool {
        switch value {
        case .null: kinds.contains(.null)
        case .bool: kinds.contains(.boolean)
        case .int(let number): kinds.contains(.integer) && range.contains(number)
        case .unsigned: kinds.contains(.integer) && range.maximum == nil
        case .float(let number): accepts(number)
        case .string(let string): kinds.contains(.string) && text.accepts(string)
        case .invalid: true
        // A date has no place in the specification: not even a string takes it.
        case .timestamp, .sequence, .mapping: false
        }
    }

    private func accepts(_ number: Double) -> Bool {
        guard number.isFinite, number == number.rounded(.towardZero) else {
            return kinds.contains(.fraction)
        }
        return kinds.contains(.integer) && range.contains(number)
    }
}

extension Schema.List {
    func accepts(_ items: [Node]) -> Bool {
        let span = items.span
        for index in span.indices where !self.items.accepts(span[index].value) {
            return false
        }
        return !isUnique || !ItemEquality.hasDuplicates(items)
    }
}

extension Schema.Object {
    func accepts(_ mapping: Mapping) -> Bool {
        let entries = mapping.entries.span
        for index in entries.indices where !accepts(entries[index].key, entries[index].value.value, within: nil) {
            return false
        }
        return hasRequiredKeys(mapping)
    }

    func accepts(_ mapping: Mapping, within part: Mapping) -> Bool {
        let entries = mapping.entries.span
        let parts = part.entries.span
        for index in parts.indices {
            if let position = mapping.position(of: parts[index].key),
                !accepts(entries[position].key, entries[position].value.value, within: parts[index].value.value)
            {
                return false
            }
        }
        return hasRequiredKeys(mapping)
    }

    private func accepts(_ key: String, _ value: Node.Value, within part: Node.Value?) -> Bool {
        switch verdict(on: key) {
        case .value(let schema): schema.accepts(value, within: part)
        case .anything: true
        case .badName: if case .invalid = value { true } else { false }
        case .unknown: false
        }
    }

    private func hasRequiredKeys(_ mapping: Mapping) -> Bool {
        required.allSatisfy { mapping.position(of: $0) != nil }
    }
}

extension Schema.NumberRange {
    func contains(_ number: Int) -> Bool {
        number >= minimum ?? .min && number <= maximum ?? .max
    }

    /// Whether a number without a fraction lies in the range; the bounds are so small that no precision is lost.
    func contains(_ number: Double) -> Bool {
        if let minimum, number < Double(minimum) {
            return false
        }
        if let maximum, number > Double(maximum) {
            return false
        }
        return true
    }
}

extension Schema.TextRule {
    func accepts(_ text: String) -> Bool {
        switch self {
        case .any: true
        case .words(let words): words.contains(text)
        case .containerName: Self.hasContainerName(text)
        case .pullPolicy: Self.hasPullPolicy(text)
        }
    }

    /// The words that `pull_policy` must have somewhere, apart from `every_` with a duration.
    static let pullPolicies = ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"]

    private static func hasContainerName(_ text: String) -> Bool {
        var isAfterStart = false
        for byte in text.utf8 {
            if isAfterStart, byte.isNameByte {
                return true
            }
            isAfterStart = byte.isLetterOrDigit
        }
        return false
    }

    /// The specification does not tie its pattern to the ends of the text: `never again` passes.
    private static func hasPullPolicy(_ text: String) -> Bool {
        if pullPolicies.contains(text) {
            return true
        }
        var rest = text.utf8[...]
        while !rest.isEmpty {
            if pullPolicies.contains(where: { rest.starts(with: $0.utf8) }) || startsWithInterval(rest) {
                return true
            }
            rest.removeFirst()
        }
        return false
    }

    private static func startsWithInterval(_ text: Substring.UTF8View) -> Bool {
        let prefix = "every_".utf8
        guard text.starts(with: prefix) else {
            return false
        }
        let number = text.dropFirst(prefix.count)
        let unit = number.drop(while: \.isDigit)
        guard let unitByte = unit.first, unit.startIndex > number.startIndex else {
            return false
        }
        return "wdhms".utf8.contains(unitByte)
    }
}

extension Schema.NameRule {
    func accepts(_ name: String) -> Bool {
        switch self {
        case .identifier: !name.isEmpty && name.utf8.allSatisfy(\.isNameByte)
        case .lowercase: !name.isEmpty && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        case .line: !name.isEmpty && !name.utf8.contains(UInt8(ascii: "\n"))
        case .text: name.utf8.contains { $0 != UInt8(ascii: "\n") }
        }
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }

    fileprivate var isLetterOrDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }

    /// Whether a name may have this byte.
    fileprivate var isNameByte: Bool {
        isLetterOrDigit || self == UInt8(ascii: "_") || self == UInt8(ascii: ".") || self == UInt8(ascii: "-")
    }
}
