// SPDX-License-Identifier: Apache-2.0

/// The positions of words in a list that is known when the program is written, such as the keys of a service.
///
/// Finding a word takes a look at its length, its first and its last bytes, and one comparison. A dictionary hashes all
/// bytes with a secret, so that nobody can choose keys that collide; here the keys are not of anybody's choice.
struct WordIndex: Sendable {
    private let words: [String]
    /// The position of the word of each slot, counted from 1, or 0; a slot that is taken passes a word on to the next.
    private let slots: [UInt16]
    private let shift: UInt64

    /// Makes the index of a list; of two words that are the same the first counts.
    init(_ words: [String]) {
        self.words = words
        let bits = Self.slotBits(for: words.count)
        shift = UInt64(64 - bits)
        var slots = [UInt16](repeating: 0, count: 1 << bits)
        for position in words.indices.reversed() {
            var slot = Int(words[position].fingerprint >> shift)
            while slots[slot] != 0, words[Int(slots[slot]) - 1] != words[position] {
                slot = (slot + 1) & (slots.count - 1)
            }
            slots[slot] = UInt16(position + 1)
        }
        self.slots = slots
    }

    /// Where a word stands in the list, or nil where it does not.
    func position(of word: String) -> Int? {
        var slot = Int(word.fingerprint >> shift)
        while slots[slot] != 0 {
            let position = Int(slots[slot]) - 1
            if words[position] == word {
                return position
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Enough for two to four slots a word, so that there always is a free one and most words have one of their own.
    private static func slotBits(for count: Int) -> Int {
        var bits = 1
        while 1 << bits < 2 * count + 1 {
            bits += 1
        }
        return bits
    }
}

extension String {
    /// A number that most likely differs between texts of another length, or with other first or last eight bytes.
    ///
    /// It is the same in every process, so texts that all have the same one are easily made up.
    var fingerprint: UInt64 {
        utf8.withContiguousStorageIfAvailable { UnsafeRawBufferPointer($0).fingerprint } ?? 0
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var fingerprint: UInt64 {
        var (first, last): (UInt64, UInt64)
        switch count {
        case 8...:
            first = loadUnaligned(as: UInt64.self)
            last = loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        case 4...:
            first = UInt64(loadUnaligned(as: UInt32.self))
            last = UInt64(loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        case 1...:
            first = UInt64(self[0]) << 8 | UInt64(self[count / 2])
            last = UInt64(self[count - 1])
        default:
            (first, last) = (0, 0)
        }
        // The multipliers are those of splitmix64.
        first = (first ^ UInt64(count)) &* 0xBF58_476D_1CE4_E5B9
        return (first ^ (first >> 32) ^ last) &* 0x94D0_49BB_1331_11EB
    }
}
