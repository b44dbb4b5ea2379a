// SPDX-License-Identifier: Apache-2.0

package import YAML

/// A place in a compose file, and the variables that took part in the value there.
package struct SourceLocation: Hashable, Sendable, Codable {
    /// The absolute path of the file, or `-` for standard input.
    package var file: String
    /// The line, counted from 1.
    package var line: Int
    /// The column, counted in characters from 1.
    package var column: Int
    /// The variables that interpolation put into the value, in the order of the text.
    package var variables: [String]

    package init(file: String, line: Int, column: Int, variables: [String] = []) {
        self.file = file
        self.line = line
        self.column = column
        self.variables = variables
    }
}

/// Where each value of a project came from.
///
/// The tree of values in one flat array, parents before their children, so that it is built in one pass, takes little
/// room on the wire and is searched without being unpacked.
package struct ProjectSources: Equatable, Sendable, Codable {
    /// The files, by their numbers.
    package private(set) var files: [String] = []
    /// The names of keys, by their numbers.
    private var names: [String] = []
    /// What interpolation put into values, by its numbers, which count from 1.
    private var interpolations: [[String]] = []
    /// Six numbers for each value, as ``Slot`` says.
    private var numbers: [UInt32] = []

    /// What the six numbers of a value say.
    private enum Slot {
        /// The number of the key, or the index in a list with the highest bit set.
        static let name = 0
        /// How many values there are from this one to its last descendant.
        static let size = 1
        static let file = 2
        static let line = 3
        static let column = 4
        static let interpolation = 5
        static let count = 6
    }

    private static let indexBit: UInt32 = 1 << 31
    /// Where a list of `key=value` stands for a mapping.
    private static let assignmentKeys: Set<String> = ["environment", "labels", "annotations", "args", "sysctls"]

    /// Takes the places out of a canonical tree.
    package init(tree: Node, map: SourceMap) {
        files = map.sources.map(\.path)
        interpolations = map.interpolations.map(\.variables)
        var builder = Builder()
        builder.add(tree, name: 0, origin: tree.origin, key: "")
        names = builder.names
        numbers = builder.numbers
    }

    /// Where the value at a path came from; where it has no place of its own, as a default has none, its parent's.
    package func location(of path: NodePath) -> SourceLocation? {
        var position = 0
        var found = place(at: position)
        for component in path.components {
            guard let child = child(component, of: position) else {
                break
            }
            position = child
            found = place(at: child) ?? found
        }
        return found
    }

    private func number(_ slot: Int, at position: Int) -> UInt32? {
        let index = position * Slot.count + slot
        return numbers.indices.contains(index) ? numbers[index] : nil
    }

    private func child(_ component: NodePath.Component, of parent: Int) -> Int? {
        guard let size = number(Slot.size, at: parent) else {
            return nil
        }
        let end = parent + Int(size)
        var position = parent + 1
        while position < end, let name = number(Slot.name, at: position) {
            switch component {
            case .index(let index) where name & Self.indexBit != 0:
                if index == Int(name & ~Self.indexBit) {
                    return position
                }
            case .key(let key) where name & Self.indexBit == 0:
                if names.indices.contains(Int(name)), names[Int(name)] == key {
                    return position
                }
            default:
                break
            }
            position += max(1, Int(number(Slot.size, at: position) ?? 1))
        }
        return nil
    }

    private func place(at position: Int) -> SourceLocation? {
        guard let file = number(Slot.file, at: position), files.indices.contains(Int(file)),
            let line = number(Slot.line, at: position), line > 0,
            let column = number(Slot.column, at: position),
            let interpolation = number(Slot.interpolation, at: position)
        else {
            return nil
        }
        let known = interpolations.indices.contains(Int(interpolation) - 1)
        return SourceLocation(
            file: files[Int(file)],
            line: Int(line),
            column: Int(column),
            variables: known ? interpolations[Int(interpolation) - 1] : []
        )
    }
}

extension ProjectSources {
    private enum CodingKeys: String, CodingKey {
        case files, names, interpolations, numbers
    }

    /// The numbers are one text: there are many, and each would cost as much as a key with its value.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(files, forKey: .files)
        try container.encode(names, forKey: .names)
        try container.encode(interpolations, forKey: .interpolations)
        try container.encode(Self.text(of: numbers), forKey: .numbers)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        files = try container.decode([String].self, forKey: .files)
        names = try container.decode([String].self, forKey: .names)
        interpolations = try container.decode([[String]].self, forKey: .interpolations)
        if let numbers = try? container.decode([UInt32].self, forKey: .numbers) {
            // So they were written down before.
            self.numbers = numbers
            return
        }
        let text = try container.decode(String.self, forKey: .numbers)
        guard let numbers = Self.numbers(in: text) else {
            let reason = "not decimal numbers with spaces between them"
            throw DecodingError.dataCorruptedError(forKey: .numbers, in: container, debugDescription: reason)
        }
        self.numbers = numbers
    }

    private static func text(of numbers: [UInt32]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 4)
        for number in numbers { bytes += "\(number) ".utf8 }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    private static func numbers(in text: String) -> [UInt32]? {
        var numbers: [UInt32] = []
        for part in text.utf8.split(separator: UInt8(ascii: " ")) {
            var number: UInt32 = 0
            for digit in part {
                guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
                let (tens, isTooMuch) = number.multipliedReportingOverflow(by: 10)
                let (sum, isMoreThanThat) = tens.addingReportingOverflow(UInt32(digit - UInt8(ascii: "0")))
                if isTooMuch || isMoreThanThat { return nil }
                number = sum
            }
            numbers.append(number)
        }
        return numbers
    }
}

extension ProjectSources {
    /// Flattens a tree.
    private struct Builder {
        var names: [String] = [""]
        var numbers: [UInt32] = []
        private var numberOfName: [String: UInt32] = ["": 0]

        mutating func add(_ node: Node, name: UInt32, origin: Origin, key: String) {
            let start = numbers.count
            numbers += [name, 0, origin.file.rawValue, origin.line, origin.column, origin.interpolation]
            switch node.value {
            case .mapping(let mapping):
                for entry in mapping.entries {
                    let origin = place(of: entry)
                    add(entry.value, name: number(of: entry.key), origin: origin, key: entry.key)
                }
            case .sequence(let items):
                for (index, item) in items.enumerated() {
                    add(item, name: nameOfItem(item, at: index, in: key), origin: item.origin, key: "")
                }
            default:
                break
            }
            numbers[start + Slot.size] = UInt32(truncatingIfNeeded: (numbers.count - start) / Slot.count)
        }

        /// A list or mapping is looked for at its key; a scalar stands where it stands.
        private func place(of entry: Mapping.Entry) -> Origin {
            switch entry.value.value {
            case .mapping, .sequence: entry.keyOrigin.line > 0 ? entry.keyOrigin : entry.value.origin
            default: entry.value.origin.line > 0 ? entry.value.origin : entry.keyOrigin
            }
        }

        private mutating func nameOfItem(_ item: Node, at index: Int, in key: String) -> UInt32 {
            if let text = item.string, assignmentKeys.contains(key) {
                return number(of: text.cut(at: UInt8(ascii: "=")).before)
            }
            return indexBit | UInt32(truncatingIfNeeded: index)
        }

        private mutating func number(of name: String) -> UInt32 {
            if let number = numberOfName[name] {
                return number
            }
            let number = UInt32(truncatingIfNeeded: names.count)
            names.append(name)
            numberOfName[name] = number
            return number
        }
    }
}
