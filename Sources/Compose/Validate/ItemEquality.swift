// SPDX-License-Identifier: Apache-2.0

import YAML

/// When two items of a list count as the same one.
enum ItemEquality {
    /// Up to this length every item is compared with every earlier one; above it, only those with the same hash are.
    ///
    /// The number is not free: the comparison lets a number follow its own text, the hashes do not.
    private static let pairwiseLimit = 20

    static func hasDuplicates(_ items: [Node]) -> Bool {
        var isFound = false
        forEachDuplicate(in: items) { _, _ in
            isFound = true
            return false
        }
        return isFound
    }

    /// Calls a function with the positions of every item that equals an earlier one, and of the first such.
    ///
    /// The function answers whether to go on.
    static func forEachDuplicate(in items: [Node], _ body: (_ first: Int, _ second: Int) -> Bool) {
        guard items.count > 1 else {
            return
        }
        guard items.count <= pairwiseLimit else {
            forEachDuplicate(inLong: items, body)
            return
        }
        let fingerprints = items.map { $0.string?.fingerprint }
        for second in 1..<items.count {
            for first in 0..<second {
                if let later = fingerprints[second], let earlier = fingerprints[first], later != earlier {
                    continue
                }
                guard equals(items[second].value, items[first].value) else {
                    continue
                }
                guard body(first, second) else {
                    return
                }
                break
            }
        }
    }

    private static func forEachDuplicate(inLong items: [Node], _ body: (_ first: Int, _ second: Int) -> Bool) {
        var firstWithHash: [Int: Int] = Dictionary(minimumCapacity: items.count)
        for second in items.indices {
            var hasher = Hasher()
            hash(items[second].value, into: &hasher)
            let hash = hasher.finalize()
            guard let candidate = firstWithHash[hash] else {
                firstWithHash[hash] = second
                continue
            }
            if equals(items[second].value, items[candidate].value) {
                guard body(candidate, second) else {
                    return
                }
            }
        }
    }

    private static func hash(_ value: Node.Value, into hasher: inout Hasher) {
        switch value {
        case .null: hasher.combine(0)
        case .bool(let bool): hasher.combine(bool)
        case .int(let number): hasher.combine(Double(number))
        case .unsigned(let number): hasher.combine(Double(number))
        case .float(let number): hasher.combine(number)
        case .string(let string), .timestamp(let string): hasher.combine(string)
        case .sequence(let items):
            hasher.combine(items.count)
            for item in items {
                hash(item.value, into: &hasher)
            }
        // A sum, since the order of keys does not count.
        case .mapping(let mapping): hasher.combine(mapping.entries.reduce(0) { $0 &+ hash(of: $1) })
        case .invalid: hasher.combine(1)
        }
    }

    private static func hash(of entry: Mapping.Entry) -> Int {
        var hasher = Hasher()
        hasher.combine(entry.key)
        hash(entry.value.value, into: &hasher)
        return hasher.finalize()
    }

    /// Whether an item counts as equal to an earlier one.
    ///
    /// Numbers are equal by their value, however they are written. A number is also equal to an *earlier* string that
    /// reads as the same number, but not the other way round; compose has it so, and the same files must pass.
    static func equals(_ later: Node.Value, _ earlier: Node.Value) -> Bool {
        switch (later, earlier) {
        case (.null, .null): true
        case (.bool(let later), .bool(let earlier)): later == earlier
        case (.string(let later), .string(let earlier)): isSameText(later, earlier)
        case (.timestamp(let later), .timestamp(let earlier)): isSameText(later, earlier)
        case (.int(let later), .int(let earlier)): later == earlier
        case (.int, _), (.unsigned, _), (.float, _):
            if let later = ExactNumber(later), let earlier = ExactNumber(earlier) { later == earlier } else { false }
        case (.sequence(let later), .sequence(let earlier)):
            later.count == earlier.count && zip(later, earlier).allSatisfy { equals($0.value, $1.value) }
        case (.mapping(let later), .mapping(let earlier)):
            later.count == earlier.count
                && later.entries.allSatisfy { entry in
                    earlier[entry.key].map { equals(entry.value.value, $0.value) } ?? false
                }
        default: false
        }
    }

    /// Whether two texts are the same bytes; `==` alone would also call two ways to write an accent the same.
    private static func isSameText(_ left: String, _ right: String) -> Bool {
        left == right && left.utf8.elementsEqual(right.utf8)
    }
}
