// SPDX-License-Identifier: Apache-2.0

/// A file of lines `key number`, such as `memory.stat`.
struct KeyedValues {
    private(set) var values: [String: UInt64] = [:]

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let space = line.lastIndex(of: " "), let value = UInt64(line[line.index(after: space)...])
            else { continue }
            values[String(line[..<space])] = value
        }
    }

    subscript(key: String) -> UInt64? { values[key] }
}
