// SPDX-License-Identifier: Apache-2.0

/// A pattern of `${name#pattern}` and its like: `*`, `?`, and a backslash before these for the characters themselves.
///
/// Sets in brackets are none.
struct ExpansionPattern {
    private enum Step {
        case one(Unicode.Scalar)
        /// Any character but a line break.
        case any
        /// Any number of them.
        case run
    }

    private var steps: [Step] = []

    /// Reads a pattern.
    ///
    /// - Parameter text: The pattern.
    /// - Throws: ``BuildProblem`` for a backslash before anything that needs none.
    init(_ text: String) throws(BuildProblem) {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": steps.append(.run)
            case "?": steps.append(.any)
            case "\\":
                guard let next = rest.popFirst(), "*?\\}/".unicodeScalars.contains(next) else {
                    throw BuildProblem("`\(text.shown)` is no pattern: only `*`, `?` and `\\` can be escaped")
                }
                steps.append(.one(next))
            default: steps.append(.one(scalar))
            }
        }
    }

    /// A value without what the pattern fits at its start.
    func trimmingPrefix(of value: String, isLongest: Bool) throws(BuildProblem) -> String {
        let scalars = Array(value.unicodeScalars)
        var work = 0
        guard let end = try match(scalars[...], isLongest, &work) else { return value }
        return String(scalars[end...])
    }

    /// A value without what the pattern fits at its end.
    func trimmingSuffix(of value: String, isLongest: Bool) throws(BuildProblem) -> String {
        var backwards = self
        backwards.steps.reverse()
        let trimmed = try backwards.trimmingPrefix(of: String(value.unicodeScalars.reversed()), isLongest: isLongest)
        return String(trimmed.unicodeScalars.reversed())
    }

    /// A value with something else in the place of what the pattern fits, the first time or each.
    func replacing(in value: String, with text: String, isGlobal: Bool) throws(BuildProblem) -> String {
        let scalars = Array(value.unicodeScalars)
        var result: [Unicode.Scalar] = []
        var (start, work) = (0, 0)
        var lastEnd = -1
        while start <= scalars.count {
            // Nothing is not replaced right behind what was.
            if let end = try match(scalars[start...], true, &work), end > start || lastEnd < start {
                result += text.unicodeScalars
                if result.count > Limits.expansion { return String(result) }
                if !isGlobal { return String(result + scalars[end...]) }
                lastEnd = end
                if end > start {
                    start = end
                    continue
                }
            }
            if start < scalars.count { result.append(scalars[start]) }
            start += 1
        }
        return String(result)
    }

    /// Where the pattern ends that begins at the start of a text; nil where it does not fit.
    private func match(
        _ text: ArraySlice<Unicode.Scalar>,
        _ isLongest: Bool,
        _ work: inout Int
    ) throws(BuildProblem) -> Int? {
        var places = Array(repeating: false, count: steps.count + 1)
        reach(0, &places)
        var end: Int?
        var offset = text.startIndex
        while true {
            if places[steps.count] {
                end = offset
                if !isLongest { return end }
            }
            guard offset < text.endIndex, places.contains(true) else { return end }
            work += places.count
            if work > Limits.patternWork {
                throw BuildProblem("a value is too long to compare it with a pattern")
            }
            places = following(places, text[offset])
            offset += 1
        }
    }

    private func following(_ places: [Bool], _ scalar: Unicode.Scalar) -> [Bool] {
        var next = Array(repeating: false, count: places.count)
        for place in steps.indices where places[place] {
            switch steps[place] {
            case .one(let wanted): if scalar == wanted { reach(place + 1, &next) }
            case .any: if scalar != "\n" { reach(place + 1, &next) }
            case .run: if scalar != "\n" { reach(place, &next) }
            }
        }
        return next
    }

    private func reach(_ place: Int, _ places: inout [Bool]) {
        var place = place
        places[place] = true
        while place < steps.count, case .run = steps[place] {
            place += 1
            places[place] = true
        }
    }
}
