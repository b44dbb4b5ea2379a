// SPDX-License-Identifier: Apache-2.0

/// A source of random numbers that a seed determines (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Turns a project of the corpus into one that nobody wrote.
struct Mutator {
    let corpus: Corpus
    var generator: SeededGenerator

    init(corpus: Corpus, seed: UInt64) {
        self.corpus = corpus
        generator = SeededGenerator(seed: seed)
    }

    /// The next project.
    mutating func next() -> FileSet {
        var set = pick(corpus.sets) ?? FileSet(files: [])
        if chance(10), let other = pick(corpus.sets) { combine(&set, with: other) }
        if chance(10) { set.profiles = ["*"] }
        // Few changes mostly, since what is broken early in the load says nothing about what comes later.
        for _ in 0..<(pick([0, 1, 1, 1, 1, 2, 2, 3, 6]) ?? 1) {
            guard let index = set.files.indices.randomElement(using: &generator) else { break }
            mutate(&set.files[index].bytes)
            // Past this size an input only takes time.
            if set.files[index].bytes.count > 100_000 { set.files[index].bytes.removeLast(50_000) }
        }
        return set
    }

    private mutating func combine(_ set: inout FileSet, with other: FileSet) {
        if chance(50), let file = pick(other.files), let index = set.files.indices.randomElement(using: &generator) {
            set.files[index].bytes += Array("\n---\n".utf8) + file.bytes
        } else {
            let present = Set(set.files.map(\.name))
            set.files += other.files.filter { !present.contains($0.name) }
            if set.named.isEmpty { set.named = set.files.map(\.name).filter { $0.hasSuffix(".yaml") } }
        }
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: flip(&bytes)
        case 1: insert([UInt8.random(in: 0...255, using: &generator)], into: &bytes)
        case 2: bytes.removeSubrange(range(in: bytes, upTo: 8))
        case 3: bytes.removeSubrange(range(in: bytes, upTo: 200))
        case 4: insert(Array(bytes[range(in: bytes, upTo: 300)]), into: &bytes)
        case 5...6: insertToken(into: &bytes)
        case 7: repeatToken(in: &bytes)
        case 8...12: replaceWord(in: &bytes)
        case 13...15: mutateLines(of: &bytes)
        default: spliceLine(into: &bytes)
        }
    }

    private mutating func flip(_ bytes: inout [UInt8]) {
        guard let index = bytes.indices.randomElement(using: &generator) else { return }
        bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    }

    private mutating func insertToken(into bytes: inout [UInt8]) {
        insert(Array((pick(corpus.tokens) ?? "").utf8), into: &bytes)
    }

    private mutating func repeatToken(in bytes: inout [UInt8]) {
        let token = Array((pick(corpus.tokens) ?? "").utf8)
        let count = 1 << Int.random(in: 1...9, using: &generator)
        insert(Array(repeatElement(token, count: count).joined()), into: &bytes)
    }

    /// Puts a token in the place of a word: a key, a number or a name.
    private mutating func replaceWord(in bytes: inout [UInt8]) {
        let words = bytes.indices.filter { isWord(bytes[$0]) && ($0 == 0 || !isWord(bytes[$0 - 1])) }
        guard let start = words.randomElement(using: &generator) else { return insertToken(into: &bytes) }
        let end = bytes[start...].firstIndex { !isWord($0) } ?? bytes.endIndex
        bytes.replaceSubrange(start..<end, with: Array((pick(corpus.words) ?? "").utf8))
    }

    private func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x5f, 0x61...0x7a: true
        default: false
        }
    }

    /// Drops, doubles, swaps or indents lines.
    private mutating func mutateLines(of bytes: inout [UInt8]) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        guard let first = lines.indices.randomElement(using: &generator),
            let second = lines.indices.randomElement(using: &generator)
        else { return }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: lines.remove(at: first)
        case 1: lines.insert(lines[first], at: second)
        case 2: lines.swapAt(first, second)
        case 3: lines[first] = [0x20, 0x20] + lines[first]
        default: lines[first] = Array(lines[first].drop { $0 == 0x20 })
        }
        bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    /// Puts a line of another project in, at the indentation of its neighbour.
    private mutating func spliceLine(into bytes: inout [UInt8]) {
        guard let line = pick(corpus.lines) else { return }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        let place = lines.indices.randomElement(using: &generator) ?? 0
        let indentation = lines.isEmpty || chance(10) ? line : lines[place]
        lines.insert(Array(indentation.prefix { $0 == 0x20 }) + Array(line.drop { $0 == 0x20 }), at: place)
        bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    private mutating func insert(_ piece: [UInt8], into bytes: inout [UInt8]) {
        bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &generator))
    }

    private mutating func range(in bytes: [UInt8], upTo length: Int) -> Range<Int> {
        let start = Int.random(in: 0...bytes.count, using: &generator)
        return start..<min(bytes.count, start + Int.random(in: 0...length, using: &generator))
    }

    private mutating func pick<Element>(_ items: [Element]) -> Element? {
        items.randomElement(using: &generator)
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &generator) < percent
    }
}
