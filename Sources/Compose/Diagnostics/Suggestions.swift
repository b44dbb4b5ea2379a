// SPDX-License-Identifier: Apache-2.0

/// Finds what was probably meant by a misspelt word.
package enum Suggestions {
    /// The longest word that is looked at, in bytes.
    private static let maximumLength = 64

    /// The candidate with the fewest differences to a word.
    ///
    /// A difference is a letter too many, too few or wrong, or two letters in the wrong order. A third of the letters can
    /// differ, and three at most.
    ///
    /// - Parameters:
    ///   - word: The word as written.
    ///   - candidates: The words that would be right.
    /// - Returns: The nearest candidate, the first one of several; nil where none is near.
    package static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        guard (1...maximumLength).contains(word.utf8.count) else {
            return nil
        }
        let letters = lowercased(word)
        var best: String?
        var limit = Int.max
        var rows = EditRows(width: letters.count)
        for candidate in candidates where candidate != word && candidate.utf8.count <= maximumLength {
            let tolerance = min(max(1, max(letters.count, candidate.utf8.count) / 3), 3)
            let bound = min(tolerance, limit - 1)
            guard abs(candidate.utf8.count - letters.count) <= bound else {
                continue
            }
            let distance = rows.distance(from: letters, to: lowercased(candidate))
            // A word of one or two letters has nothing in common with what differs in all of them.
            if distance <= bound, distance < letters.count {
                best = candidate
                limit = distance
            }
        }
        return best
    }

    /// The bytes with ASCII letters in lower case and hyphens as underscores, so that these count as equal.
    private static func lowercased(_ word: String) -> [UInt8] {
        word.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            case UInt8(ascii: "-"): UInt8(ascii: "_")
            default: byte
            }
        }
    }
}

/// The last three rows of the table of edit distances.
private struct EditRows {
    private var beforePrevious: [Int]
    private var previous: [Int]
    private var current: [Int]

    init(width: Int) {
        beforePrevious = Array(repeating: 0, count: width + 1)
        previous = beforePrevious
        current = beforePrevious
    }

    mutating func distance(from word: [UInt8], to other: [UInt8]) -> Int {
        for column in 0...word.count {
            previous[column] = column
        }
        for row in other.indices {
            current[0] = row + 1
            for column in word.indices {
                let isEqual = word[column] == other[row]
                var cost = min(previous[column] + (isEqual ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, word[column] == other[row - 1], word[column - 1] == other[row] {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current[column + 1] = cost
            }
            (beforePrevious, previous, current) = (previous, current, beforePrevious)
        }
        return previous[word.count]
    }
}
