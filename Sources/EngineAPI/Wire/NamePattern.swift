// SPDX-License-Identifier: Apache-2.0

/// A regular expression of a filter, which finds a place in a name that fits.
///
/// The pattern comes from a request: it is matched by following all possibilities at once, so that no pattern takes more
/// than its length times that of the name. It knows literals, `.`, `[…]`, `\`, `*`, `+`, `?`, `|`, `(…)`, `^` and `$`.
package struct NamePattern {
    private indirect enum Node {
        case empty
        case start
        case end
        case any
        case set([ClosedRange<UInt8>], isNegated: Bool)
        case sequence(Node, Node)
        case either(Node, Node)
        case zeroOrMore(Node)
    }

    /// What is to be done at a step, and where to go on.
    private enum Step {
        case take([ClosedRange<UInt8>], isNegated: Bool)
        case start
        case end
        case split(Int, Int)
        case jump(Int)
        case accept
    }

    private var program: [Step] = []

    private static let longest = 512

    /// Reads a pattern; nil comes back for one that is malformed or too long.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        var parser = Parser(rest: Array(text.utf8)[...])
        guard let node = parser.alternatives(depth: 0), parser.rest.isEmpty else { return nil }
        emit(node)
        program.append(.accept)
    }

    private mutating func emit(_ node: Node) {
        switch node {
        case .empty: break
        case .start: program.append(.start)
        case .end: program.append(.end)
        case .any: program.append(.take([], isNegated: true))
        case .set(let ranges, let isNegated): program.append(.take(ranges, isNegated: isNegated))
        case .sequence(let first, let second):
            emit(first)
            emit(second)
        case .either(let first, let second):
            let split = program.count
            program.append(.accept)
            emit(first)
            let jump = program.count
            program.append(.accept)
            program[split] = .split(split + 1, program.count)
            emit(second)
            program[jump] = .jump(program.count)
        case .zeroOrMore(let inner):
            let split = program.count
            program.append(.accept)
            emit(inner)
            program.append(.jump(split))
            program[split] = .split(split + 1, program.count)
        }
    }

    /// Whether a part of a text fits.
    package func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        // At which place each step was reached last.
        var reached = [Int](repeating: -1, count: program.count)
        var current: [Int] = []
        for place in 0...bytes.count {
            // A match may begin anywhere.
            var waiting = current + [0]
            var taking: [Int] = []
            while let step = waiting.popLast() {
                if reached[step] == place { continue }
                reached[step] = place
                switch program[step] {
                case .accept: return true
                case .take: taking.append(step)
                case .start: if place == 0 { waiting.append(step + 1) }
                case .end: if place == bytes.count { waiting.append(step + 1) }
                case .split(let first, let second): waiting += [second, first]
                case .jump(let target): waiting.append(target)
                }
            }
            guard place < bytes.count else { break }
            current = taking.filter { takes(bytes[place], at: $0) }.map { $0 + 1 }
        }
        return false
    }

    private func takes(_ byte: UInt8, at step: Int) -> Bool {
        guard case .take(let ranges, let isNegated) = program[step] else { return false }
        return ranges.contains { $0.contains(byte) } != isNegated
    }
}

extension NamePattern {
    private struct Parser {
        var rest: ArraySlice<UInt8>

        private static let deepest = 32

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func alternatives(depth: Int) -> Node? {
            guard depth < Self.deepest, var node = sequence(depth: depth) else { return nil }
            while take("|") {
                guard let other = sequence(depth: depth) else { return nil }
                node = .either(node, other)
            }
            return node
        }

        private mutating func sequence(depth: Int) -> Node? {
            var node = Node.empty
            while let byte = rest.first, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
                guard var next = single(depth: depth) else { return nil }
                if take("*") {
                    next = .zeroOrMore(next)
                } else if take("+") {
                    next = .sequence(next, .zeroOrMore(next))
                } else if take("?") {
                    next = .either(next, .empty)
                }
                // A second sign of repetition is an error in Go as well.
                if let byte = rest.first, "*+?".utf8.contains(byte) { return nil }
                node = .sequence(node, next)
            }
            return node
        }

        private mutating func single(depth: Int) -> Node? {
            guard let byte = rest.popFirst() else { return nil }
            switch byte {
            case UInt8(ascii: "^"): return .start
            case UInt8(ascii: "$"): return .end
            case UInt8(ascii: "."): return .any
            case UInt8(ascii: "["): return set()
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): return nil
            case UInt8(ascii: "("):
                guard let node = alternatives(depth: depth + 1), take(")") else { return nil }
                return node
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                return escape(escaped)
            default: return .set([byte...byte], isNegated: false)
            }
        }

        private func escape(_ byte: UInt8) -> Node? {
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            let (lower, upper) = (UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"))
            let line = UInt8(ascii: "_")...UInt8(ascii: "_")
            switch byte {
            case UInt8(ascii: "d"): return .set([digits], isNegated: false)
            case UInt8(ascii: "w"): return .set([digits, lower, upper, line], isNegated: false)
            case _ where digits.contains(byte) || lower.contains(byte) || upper.contains(byte): return nil
            default: return .set([byte...byte], isNegated: false)
            }
        }

        private mutating func set() -> Node? {
            let isNegated = take("^")
            var ranges: [ClosedRange<UInt8>] = []
            while let first = rest.popFirst() {
                if first == UInt8(ascii: "]"), !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
                var last = first
                if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first, end != UInt8(ascii: "]") {
                    rest.removeFirst(2)
                    last = end
                }
                guard first <= last else { return nil }
                ranges.append(first...last)
            }
            return nil
        }
    }
}
