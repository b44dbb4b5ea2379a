// SPDX-License-Identifier: Apache-2.0

/// One pattern as a line of a `.dockerignore` has it.
///
/// `*` and `?` stop at a slash, `**` takes any number of folders, `[a-z]` is a set and `\` takes the next character as it is.
/// A pattern that fits a folder fits all that is in it.
struct PathPattern: Hashable, Sendable {
    /// What one step takes of a path.
    private enum Step: Hashable, Sendable {
        case one(Unicode.Scalar)
        /// Anything but a slash.
        case any
        /// Any number of anything but a slash.
        case run
        /// The start of `**` before something else: any number of folders.
        case folders
        /// Within these folders; the slash of one may be their end.
        case insideFolders
        /// `**` at the end: all that is left.
        case rest
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    /// Whether it takes back what patterns before it have matched: `!` stands before it.
    let isException: Bool
    private let steps: [Step]
    /// What every path that it fits ends in; nil where that may be several things.
    private let ending: Unicode.Scalar?

    /// Reads a pattern; nil comes back where nothing is left of it.
    ///
    /// - Parameters:
    ///   - text: The pattern; a slash before or behind it means nothing.
    ///   - meansAll: Whether the folder itself, such as `.` or `a/..`, stands for all that is in it; else it means nothing.
    /// - Throws: ``PatternProblem`` for a set without an end and its like.
    init?(_ text: String, folderMeansAll meansAll: Bool = true) throws(PatternProblem) {
        var rest = Self.trimmed(text[...])
        isException = rest.first == "!"
        if isException { rest = Self.trimmed(rest.dropFirst()) }
        if rest.isEmpty {
            if isException { throw PatternProblem(pattern: text, reason: "there is nothing behind the `!`") }
            return nil
        }
        guard let clean = Self.cleaned(rest), meansAll || !clean.isEmpty else { return nil }
        steps = clean.isEmpty ? [.rest] : try Self.steps(of: Array(clean.unicodeScalars), in: text)
        ending = if case .one(let last) = steps.last { last } else { nil }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// The pattern without empty names, `.` and `..`; nil where it leads out of the folder.
    private static func cleaned(_ text: Substring) -> String? {
        var names: [Substring] = []
        for name in text.split(separator: "/") where name != "." {
            if name != ".." {
                names.append(name)
            } else if names.popLast() == nil {
                return nil
            }
        }
        return names.joined(separator: "/")
    }

    // MARK: Reading

    private static func steps(of text: [Unicode.Scalar], in pattern: String) throws(PatternProblem) -> [Step] {
        var steps: [Step] = []
        var rest = text[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*" where rest.first == "*":
                while rest.first == "*" { rest.removeFirst() }
                if rest.first == "/" { rest.removeFirst() }
                steps += rest.isEmpty ? [.rest] : [.folders, .insideFolders]
            case "*": steps.append(.run)
            case "?": steps.append(.any)
            case "[": steps.append(try set(&rest, in: pattern))
            case "\\":
                guard let next = rest.popFirst() else {
                    throw PatternProblem(pattern: pattern, reason: "there is nothing behind the last `\\`")
                }
                steps.append(.one(next))
            default: steps.append(.one(scalar))
            }
        }
        return steps
    }

    private static func set(
        _ rest: inout ArraySlice<Unicode.Scalar>,
        in pattern: String
    ) throws(PatternProblem) -> Step {
        let isNegated = rest.first == "^"
        if isNegated { rest.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let low = try member(&rest, in: pattern, mayEnd: !ranges.isEmpty) {
            var high = low
            if rest.first == "-", rest.dropFirst().first != "]" {
                rest.removeFirst()
                high = try member(&rest, in: pattern, mayEnd: false) ?? low
            }
            guard low <= high else {
                throw PatternProblem(pattern: pattern, reason: "`\(low)-\(high)` is no range")
            }
            ranges.append(low...high)
        }
        return .set(ranges, isNegated: isNegated)
    }

    /// The next character of a set; nil at its end.
    private static func member(
        _ rest: inout ArraySlice<Unicode.Scalar>,
        in pattern: String,
        mayEnd: Bool
    ) throws(PatternProblem) -> Unicode.Scalar? {
        guard let scalar = rest.popFirst() else {
            throw PatternProblem(pattern: pattern, reason: "a `[` has no `]`")
        }
        if scalar == "]", mayEnd { return nil }
        guard scalar == "\\" else { return scalar }
        guard let escaped = rest.popFirst() else {
            throw PatternProblem(pattern: pattern, reason: "there is nothing behind the last `\\`")
        }
        return escaped
    }

    // MARK: Matching

    /// Whether it fits a path or a folder above it.
    ///
    /// All ways to read the pattern are followed at once, so that no pattern makes this slow.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - countsFolders: Whether it is enough that it fits a folder above.
    /// - Returns: Whether it fits.
    func matches(_ path: [Unicode.Scalar], countsFolders: Bool = true) -> Bool {
        if !countsFolders, let ending, ending != path.last { return false }
        var places = begin()
        var following: [Int] = []
        for scalar in path {
            if countsFolders, scalar == "/", places.contains(steps.count) { return true }
            advance(over: scalar, places, to: &following)
            swap(&places, &following)
            if places.isEmpty { return false }
        }
        return places.contains(steps.count)
    }

    /// Whether it could fit something below a folder.
    func mayMatch(below folder: [Unicode.Scalar]) -> Bool {
        var places = begin()
        var following: [Int] = []
        for scalar in folder + ["/"] {
            advance(over: scalar, places, to: &following)
            swap(&places, &following)
        }
        return !places.isEmpty
    }

    private func begin() -> [Int] {
        var places: [Int] = []
        add(0, to: &places)
        return places
    }

    /// Adds a place in the pattern, and those behind it that are reached without any character.
    private func add(_ place: Int, to places: inout [Int]) {
        if places.contains(place) { return }
        places.append(place)
        guard place < steps.count else { return }
        switch steps[place] {
        case .run, .rest: add(place + 1, to: &places)
        case .folders: add(place + 2, to: &places)
        case .one, .any, .insideFolders, .set: break
        }
    }

    private func advance(over scalar: Unicode.Scalar, _ places: [Int], to found: inout [Int]) {
        found.removeAll(keepingCapacity: true)
        for place in places where place < steps.count {
            switch steps[place] {
            case .one(let wanted): if scalar == wanted { add(place + 1, to: &found) }
            case .any: if scalar != "/" { add(place + 1, to: &found) }
            case .run: if scalar != "/" { add(place, to: &found) }
            case .rest: add(place, to: &found)
            case .folders:
                add(place + 1, to: &found)
                if scalar == "/" { add(place + 2, to: &found) }
            case .insideFolders:
                add(place, to: &found)
                if scalar == "/" { add(place + 1, to: &found) }
            case .set(let ranges, let isNegated):
                if scalar != "/", ranges.contains(where: { $0.contains(scalar) }) != isNegated {
                    add(place + 1, to: &found)
                }
            }
        }
    }
}

/// Why a pattern is none.
package struct PatternProblem: Error, Equatable, CustomStringConvertible {
    package var pattern: String
    package var reason: String

    package var description: String { "`\(pattern)` is no pattern: \(reason)" }
}
