// SPDX-License-Identifier: Apache-2.0

/// Fills in variables and takes quotation marks away, as the builder does it in most instructions.
///
/// https://docs.docker.com/reference/dockerfile/#environment-replacement
package struct Expander: Sendable {
    /// What takes the meaning from a character.
    package var escape: Unicode.Scalar = "\\"
    /// Whether quotation marks stay.
    var keepsQuotes = false
    /// Whether escape characters stay.
    var keepsEscapes = false
    /// Whether quotation marks have no meaning, as in here-documents.
    var ignoresQuotes = false
    /// Whether what is not set stays as it is written.
    var keepsUnset = false

    package init(escape: Unicode.Scalar = "\\") {
        self.escape = escape
    }

    /// Fills in variables.
    ///
    /// - Parameters:
    ///   - text: `$name`, `${name}`, and `${name…}` with `-`, `:-`, `+`, `:+`, `?`, `:?`, `#`, `##`, `%`, `%%`, `/` or
    ///     `//` behind the name are replaced outside of single quotation marks.
    ///   - variables: The values.
    ///   - splitsWords: Whether the words of the result are wanted.
    /// - Returns: The text that is meant.
    /// - Throws: ``BuildProblem`` without a place for what is not closed, an unknown form, a variable that is demanded and
    ///   missing, and a text without bounds.
    package func expand(
        _ text: String,
        _ variables: [String: String],
        splitsWords: Bool = false
    ) throws(BuildProblem) -> Expansion {
        var run = ExpansionRun(self, text, variables)
        return try run.whole(splitsWords: splitsWords)
    }
}

/// The expansion of one text.
struct ExpansionRun {
    let rules: Expander
    let text: String
    let variables: [String: String]
    private let scalars: [Unicode.Scalar]
    private var offset = 0
    private var depth = 0
    private var used: [String] = []
    private var missing: [String] = []

    init(_ rules: Expander, _ text: String, _ variables: [String: String]) {
        self.rules = rules
        self.text = text
        self.variables = variables
        scalars = Array(text.unicodeScalars)
    }

    var peek: Unicode.Scalar? { offset < scalars.count ? scalars[offset] : nil }

    mutating func pop() -> Unicode.Scalar? {
        guard offset < scalars.count else { return nil }
        offset += 1
        return scalars[offset - 1]
    }

    mutating func whole(splitsWords: Bool) throws(BuildProblem) -> Expansion {
        var output = ExpansionOutput(splitsWords: splitsWords)
        try read(until: nil, keepsEscapes: rules.keepsEscapes, into: &output)
        return Expansion(text: String(output.text), words: output.takeWords(), used: used, missing: missing)
    }

    /// Reads up to a character, which is left out.
    mutating func read(
        until end: Unicode.Scalar?,
        keepsEscapes: Bool,
        into output: inout ExpansionOutput
    ) throws(BuildProblem) {
        while let scalar = pop() {
            if scalar == end { return }
            switch scalar {
            case "'" where !rules.ignoresQuotes: try readSingleQuoted(into: &output)
            case "\"" where !rules.ignoresQuotes: try readDoubleQuoted(keepsEscapes, into: &output)
            case "$": output.append(try bounded(variable(), output.count), isRaw: false)
            case rules.escape:
                if keepsEscapes { output.appendRaw(scalar) }
                if let next = pop() { output.appendRaw(next) }
            default: output.append(scalar)
            }
            if output.count > Limits.expansion { throw tooLong }
        }
        if let end { throw unclosed(end == "}" ? "{" : String(end)) }
    }

    private mutating func readSingleQuoted(into output: inout ExpansionOutput) throws(BuildProblem) {
        if rules.keepsQuotes { output.appendRaw("'") }
        while let scalar = pop() {
            if scalar == "'" {
                if rules.keepsQuotes { output.appendRaw("'") }
                return
            }
            output.appendRaw(scalar)
        }
        throw unclosed("'")
    }

    private mutating func readDoubleQuoted(
        _ keepsEscapes: Bool,
        into output: inout ExpansionOutput
    ) throws(BuildProblem) {
        if rules.keepsQuotes { output.appendRaw("\"") }
        while let scalar = pop() {
            switch scalar {
            case "\"":
                if rules.keepsQuotes { output.appendRaw("\"") }
                return
            case "$": output.append(try bounded(variable(), output.count), isRaw: true)
            case rules.escape:
                if keepsEscapes { output.appendRaw(scalar) }
                // It escapes only what has a meaning here; before anything else it is a character like others.
                guard let next = peek else { continue }
                if next == "\"" || next == "$" || next == rules.escape {
                    offset += 1
                    output.appendRaw(next)
                } else {
                    output.appendRaw(scalar)
                }
            default: output.appendRaw(scalar)
            }
            if output.count > Limits.expansion { throw tooLong }
        }
        throw unclosed("\"")
    }

    // MARK: Variables

    /// A value that does not make a text too long.
    private func bounded(_ value: String, _ count: Int) throws(BuildProblem) -> String {
        if count + value.utf8.count > Limits.expansion { throw tooLong }
        return value
    }

    private mutating func variable() throws(BuildProblem) -> String {
        guard peek == "{" else {
            let name = name()
            if name.isEmpty { return "$" }
            return value(of: name) ?? (rules.keepsUnset ? "$" + name : "")
        }
        offset += 1
        depth += 1
        defer { depth -= 1 }
        if depth > Limits.nesting { throw problem("variables are nested more than \(Limits.nesting) deep") }
        guard let first = peek else { throw unclosed("{") }
        if first == "{" || first == "}" || first == ":" { throw problem("there is no name behind `${`") }
        let name = name()
        guard let sign = pop() else { throw unclosed("{") }
        switch sign {
        case "}":
            return value(of: name) ?? (rules.keepsUnset ? "${\(name)}" : "")
        case ":":
            guard let modifier = pop() else { throw unclosed("{") }
            return try modified(name, modifier, isEmptyUnset: true)
        case "/": return try replaced(name)
        default: return try modified(name, sign, isEmptyUnset: false)
        }
    }

    /// The name of a variable; a number or one of the shell's special parameters as well.
    private mutating func name() -> String {
        guard let first = peek else { return "" }
        if first.isDigit { return String(take(while: \.isDigit)) }
        if "@*#?-$!".unicodeScalars.contains(first) {
            offset += 1
            return String(first)
        }
        return String(take(while: \.isNamePart))
    }

    private mutating func take(while isWanted: (Unicode.Scalar) -> Bool) -> ArraySlice<Unicode.Scalar> {
        let part = scalars[offset...].prefix(while: isWanted)
        offset = part.endIndex
        return part
    }

    private mutating func value(of name: String) -> String? {
        guard let value = variables[name] else {
            missing.append(name)
            return nil
        }
        used.append(name)
        return value
    }

    private mutating func part(until end: Unicode.Scalar, keepsEscapes: Bool) throws(BuildProblem) -> String {
        var output = ExpansionOutput(splitsWords: false)
        try read(until: end, keepsEscapes: keepsEscapes, into: &output)
        return String(output.text)
    }

    /// The value of `${name…}` with something behind the name.
    private mutating func modified(
        _ name: String,
        _ modifier: Unicode.Scalar,
        isEmptyUnset: Bool
    ) throws(BuildProblem) -> String {
        let sign = (isEmptyUnset ? ":" : "") + String(modifier)
        let isPattern = modifier == "#" || modifier == "%"
        guard isPattern ? !isEmptyUnset : "+-?".unicodeScalars.contains(modifier) else {
            throw problem("`${\(name)\(sign)…}` is no form of a variable")
        }
        let word = try part(until: "}", keepsEscapes: isPattern)
        let found = value(of: name)
        if found == nil, rules.keepsUnset { return "${\(name)\(sign)\(word)}" }
        let value = isEmptyUnset && found?.isEmpty == true ? nil : found
        switch modifier {
        case "-": return value ?? word
        case "+": return value == nil ? "" : word
        case "?":
            if let value { return value }
            let reason = word.isEmpty ? "it may not be \(found == nil ? "unset" : "empty")" : word
            throw problem("the variable `\(name)` is demanded: \(reason.shown)")
        default:
            let isLongest = word.unicodeScalars.first == modifier
            let pattern = try ExpansionPattern(isLongest ? String(word.unicodeScalars.dropFirst()) : word)
            return try modifier == "#"
                ? pattern.trimmingPrefix(of: found ?? "", isLongest: isLongest)
                : pattern.trimmingSuffix(of: found ?? "", isLongest: isLongest)
        }
    }

    /// The value of `${name/pattern/text}` and `${name//pattern/text}`.
    private mutating func replaced(_ name: String) throws(BuildProblem) -> String {
        let isGlobal = peek == "/"
        if isGlobal { offset += 1 }
        let pattern = try part(until: "/", keepsEscapes: true)
        let replacement = try part(until: "}", keepsEscapes: true)
        guard let value = value(of: name) else {
            return rules.keepsUnset ? "${\(name)/\(isGlobal ? "/" : "")\(pattern)/\(replacement)}" : ""
        }
        let result = try ExpansionPattern(pattern).replacing(in: value, with: replacement, isGlobal: isGlobal)
        if result.utf8.count > Limits.expansion { throw tooLong }
        return result
    }

    // MARK: Problems

    private func problem(_ message: String) -> BuildProblem { BuildProblem("`\(text.shown)`: \(message)") }

    private func unclosed(_ mark: String) -> BuildProblem { problem("the \(mark) is not closed") }

    private var tooLong: BuildProblem {
        problem("it becomes longer than \(Limits.expansion) characters when its variables are filled in")
    }
}
