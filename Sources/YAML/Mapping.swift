// SPDX-License-Identifier: Apache-2.0

/// The entries of a YAML mapping, in the order of the file, with unique keys.
package struct Mapping: Sendable {
    /// One key with its place, and its value.
    package struct Entry: Sendable {
        package var key: String
        package var keyOrigin: Origin
        package var value: Node

        /// Makes an entry.
        package init(key: String, keyOrigin: Origin = .none, value: Node) {
            self.key = key
            self.keyOrigin = keyOrigin
            self.value = value
        }
    }

    /// The entries, in order.
    ///
    /// Change values through ``updateValues(_:)``, keys through the subscript.
    package private(set) var entries: [Entry]
    /// Where each key stands in ``entries``; kept only above ``indexThreshold`` entries, below it a scan is faster.
    private var index: [Name: Int] = [:]

    private static let indexThreshold = 12

    /// A key as the index knows it: by its bytes, where strings would be the same when they only look the same.
    private struct Name: Hashable {
        var text: String

        static func == (left: Name, right: Name) -> Bool {
            areSame(left.text, right.text)
        }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Whether two keys have the same bytes; comparing strings is fast, and two that only look alike differ in length.
    private static func areSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left == right
    }

    /// Makes an empty mapping.
    package init() {
        entries = []
    }

    /// Makes a mapping of entries whose keys are known to be unique.
    package init(uniqueEntries entries: [Entry]) {
        self.entries = entries
        reindex()
    }

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }

    /// Where a key stands in ``entries``.
    package func position(of key: String) -> Int? {
        if entries.count > Self.indexThreshold {
            return index[Name(text: key)]
        }
        for position in entries.indices where Self.areSame(entries[position].key, key) {
            return position
        }
        return nil
    }

    /// The value under a key.
    ///
    /// Setting a new key appends it; setting nil removes the key.
    package subscript(key: String) -> Node? {
        get {
            position(of: key).map { entries[$0].value }
        }
        set {
            guard let newValue else {
                removeValue(forKey: key)
                return
            }
            if let position = position(of: key) {
                entries[position].value = newValue
            } else {
                append(Entry(key: key, keyOrigin: newValue.origin, value: newValue))
            }
        }
    }

    /// The entry under a key.
    package func entry(forKey key: String) -> Entry? {
        position(of: key).map { entries[$0] }
    }

    /// Appends an entry whose key is known to be new.
    package mutating func append(_ entry: consuming Entry) {
        let name = Name(text: entry.key)
        entries.append(entry)
        if entries.count == Self.indexThreshold + 1 {
            reindex()
        } else if entries.count > Self.indexThreshold {
            index[name] = entries.count - 1
        }
    }

    /// Removes a key and returns its value, or nil where the mapping does not have it.
    @discardableResult
    package mutating func removeValue(forKey key: String) -> Node? {
        guard let position = position(of: key) else {
            return nil
        }
        let removed = entries.remove(at: position).value
        reindex()
        return removed
    }

    /// Removes every entry that `shouldBeRemoved` picks.
    package mutating func removeAll(where shouldBeRemoved: (Entry) -> Bool) {
        let count = entries.count
        entries.removeAll(where: shouldBeRemoved)
        if entries.count != count {
            reindex()
        }
    }

    /// Changes values in place, one after the other.
    package mutating func updateValues(_ body: (_ key: String, _ value: inout Node) throws -> Void) rethrows {
        for position in entries.indices {
            try body(entries[position].key, &entries[position].value)
        }
    }

    /// Changes the value at a position of ``entries`` in place.
    package mutating func updateValue<Result>(
        at position: Int,
        _ body: (inout Node) throws -> Result
    ) rethrows -> Result {
        try body(&entries[position].value)
    }

    /// Orders the entries by their keys.
    package mutating func sort(by areInIncreasingOrder: (String, String) -> Bool) {
        entries.sort { areInIncreasingOrder($0.key, $1.key) }
        reindex()
    }

    private mutating func reindex() {
        guard entries.count > Self.indexThreshold else {
            index = [:]
            return
        }
        index = Dictionary(minimumCapacity: entries.count)
        for position in entries.indices {
            index[Name(text: entries[position].key)] = position
        }
    }
}

extension Mapping: Equatable {
    /// Whether two mappings hold the same keys with the same values, in whatever order.
    package static func == (left: Mapping, right: Mapping) -> Bool {
        left.count == right.count && left.entries.allSatisfy { right[$0.key] == $0.value }
    }
}

extension Mapping: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Node)...) {
        self.init()
        for (key, value) in elements {
            self[key] = value
        }
    }
}
