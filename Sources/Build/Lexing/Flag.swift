// SPDX-License-Identifier: Apache-2.0

/// A flag of an instruction as it is written: `--name` or `--name=value`.
struct Flag {
    var name: String
    /// Nil where there is no `=`.
    var value: String?
    var place: SourcePlace
}

extension LineText {
    /// Reads the flags at the start, and what follows them.
    ///
    /// Quotation marks and backslashes in flags keep blanks together and are gone afterwards. `--` alone ends the flags.
    ///
    /// - Returns: The flags, and the rest without blanks at its ends.
    func takingFlags() -> (flags: [Flag], rest: LineText) {
        var flags: [Flag] = []
        var rest = trimmed
        while rest.scalars.starts(with: "--".unicodeScalars) {
            let place = rest.place
            let (text, end) = rest.flagText()
            rest = LineText(line: line, range: end..<rest.range.upperBound).trimmed
            if text == "--" { break }
            let parts = text.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            flags.append(
                Flag(name: String(parts.first ?? ""), value: parts.count > 1 ? String(parts[1]) : nil, place: place)
            )
        }
        return (flags, rest)
    }

    /// The first word without its quotation marks, and where it ends.
    private func flagText() -> (text: String, end: Int) {
        var text: [Unicode.Scalar] = []
        var quote: Unicode.Scalar?
        var offset = range.lowerBound
        while offset < range.upperBound {
            let scalar = line.text[offset]
            if quote == nil, scalar.isBlank { break }
            offset += 1
            if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
            } else if scalar == "\\" {
                guard offset < range.upperBound else { break }
                text.append(line.text[offset])
                offset += 1
            } else {
                text.append(scalar)
            }
        }
        return (String(text), offset)
    }
}

/// The flags that an instruction takes, and those that it was given.
struct FlagSet {
    /// What a flag takes.
    enum Kind {
        /// `--name`, `--name=true` or `--name=false`.
        case boolean
        case text
        /// A text, and several times.
        case list
    }

    private let given: [Flag]

    /// Checks flags.
    ///
    /// - Parameters:
    ///   - flags: Those that are given.
    ///   - known: Those that the instruction takes.
    ///   - keyword: The instruction.
    /// - Throws: ``BuildProblem`` for the first one that is unknown, twice there or without its value.
    init(_ flags: [Flag], _ known: [String: Kind], of keyword: Keyword) throws(BuildProblem) {
        var seen: Set<String> = []
        for flag in flags {
            guard let kind = known[flag.name] else { throw Self.unknown(flag, known, keyword) }
            let isFirst = seen.insert(flag.name).inserted
            switch kind {
            case .boolean:
                let value = flag.value?.lowercased()
                guard value == nil || value == "true" || value == "false" else {
                    throw BuildProblem(
                        "`--\(flag.name)=\(value?.shown ?? "")` of \(keyword.rawValue) is neither true nor false",
                        at: flag.place
                    )
                }
            case .text, .list:
                guard flag.value != nil else {
                    throw BuildProblem(
                        "the flag `--\(flag.name)` of \(keyword.rawValue) has no value: write `--\(flag.name)=…`",
                        at: flag.place
                    )
                }
            }
            if !isFirst, case .list = kind { continue }
            if !isFirst { throw BuildProblem("the flag `--\(flag.name)` is there twice", at: flag.place) }
        }
        given = flags
    }

    private static func unknown(_ flag: Flag, _ known: [String: Kind], _ keyword: Keyword) -> BuildProblem {
        let names = known.keys.sorted()
        var problem = BuildProblem(
            "Unknown flag: `--\(flag.name.shown)` is no flag of \(keyword.rawValue)",
            at: flag.place,
            word: "--" + flag.name,
            among: names.map { "--" + $0 }
        )
        if problem.help == nil {
            problem.help =
                names.isEmpty
                ? "\(keyword.rawValue) takes no flags" : "it takes " + names.map { "`--\($0)`" }.joined(separator: ", ")
        }
        return problem
    }

    /// The value of a flag with its place; nil where it is not given.
    func text(_ name: String) -> Word? {
        given.first { $0.name == name }.map { Word($0.value ?? "", at: $0.place) }
    }

    /// The values of a flag.
    func list(_ name: String) -> [Word] {
        given.filter { $0.name == name }.map { Word($0.value ?? "", at: $0.place) }
    }

    /// Whether a flag is given and not taken back.
    func isSet(_ name: String) -> Bool { optional(name) ?? false }

    /// What a flag says; nil where it is not given.
    func optional(_ name: String) -> Bool? {
        given.first { $0.name == name }.map { $0.value?.lowercased() != "false" }
    }
}
