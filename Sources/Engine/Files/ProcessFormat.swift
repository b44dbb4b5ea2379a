// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// Which columns a table of processes has, by the arguments that ps(1) would get.
///
/// Options that select processes are read and change nothing: a container's are always told all.
struct ProcessFormat: Sendable {
    private(set) var columns: [ProcessColumn] = []

    private static let full = ["pid", "ppid", "c", "stime", "tname", "time", "cmd"]
    private static let users = [
        "user", "pid", "pcpu", "pmem", "vsz", "rss", "tname", "stat", "start_time", "bsdtime", "args",
    ]
    private static let bsd = ["pid", "tname", "stat", "bsdtime", "args"]
    private static let plain = ["pid", "tname", "time", "comm"]

    /// Which format the options without columns ask for.
    private enum Kind {
        case plain
        case full
        case bsd
        case users
    }

    /// Reads arguments.
    ///
    /// - Parameter arguments: Words with blanks between them; none are `-ef`.
    /// - Throws: `badParameter` with what is not understood.
    init(arguments: String) throws(EngineError) {
        var words = arguments.split(whereSeparator: \.isWhitespace).map(String.init)[...]
        if words.isEmpty { words = ["-ef"] }
        var kind = Kind.plain
        while let word = words.popFirst() {
            if word.hasPrefix("--") {
                try readLong(word, &words)
            } else {
                try read(word, &words, &kind)
            }
        }
        if columns.isEmpty { columns = try Self.columns(of: kind) }
    }

    private static func columns(of kind: Kind) throws(EngineError) -> [ProcessColumn] {
        switch kind {
        case .full: [try column("user", titled: "UID")] + (try columns(full))
        case .users: try columns(users)
        case .bsd: try columns(bsd)
        case .plain: (try columns(plain.dropLast())) + [try column("comm", titled: "CMD")]
        }
    }

    private static func columns(_ names: some Sequence<String>) throws(EngineError) -> [ProcessColumn] {
        var found: [ProcessColumn] = []
        for name in names { found.append(try column(name)) }
        return found
    }

    private static func column(_ name: String, titled title: String? = nil) throws(EngineError) -> ProcessColumn {
        guard var column = ProcessColumn.named[name.lowercased()] else {
            let known = ProcessColumn.named.keys.sorted().joined(separator: " ")
            throw EngineError(.badParameter, "ps knows no column `\(name.prefix(64))` here; it knows \(known)")
        }
        if let title { column.title = title }
        return column
    }

    private mutating func readLong(_ word: String, _ words: inout ArraySlice<String>) throws(EngineError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0] == "--format" else { throw Self.unknown(word) }
        guard let list = parts.count > 1 ? String(parts[1]) : words.popFirst() else { throw Self.lacksColumns(word) }
        try readColumns(list)
    }

    /// Reads a word of letters, those with a dash in front and BSD's without.
    private mutating func read(
        _ word: String,
        _ words: inout ArraySlice<String>,
        _ kind: inout Kind
    ) throws(EngineError) {
        // ps itself takes this common slip for what is meant.
        var letters = word == "-aux" ? "aux" : word[...]
        let isDashed = letters.hasPrefix("-")
        if isDashed { letters.removeFirst() }
        if letters.isEmpty { throw Self.unknown(word) }
        while let letter = letters.popFirst() {
            switch (isDashed, letter) {
            case (_, "o"), (false, "O"):
                guard letter == "o" else { throw Self.unknown(word) }
                guard let list = letters.isEmpty ? words.popFirst() : String(letters) else {
                    throw Self.lacksColumns(word)
                }
                return try readColumns(list)
            case (true, "e"), (true, "A"), (true, "a"), (true, "d"), (_, "w"): continue
            case (true, "f"): kind = .full
            case (false, "a"), (false, "x"): if kind == .plain { kind = .bsd }
            case (false, "u"): kind = .users
            default: throw Self.unknown(word)
            }
        }
    }

    /// Reads names with commas between them; the last may have a title after `=`, which goes to the end.
    private mutating func readColumns(_ list: String) throws(EngineError) {
        var names = list[...]
        var title: String?
        if let sign = list.firstIndex(of: "=") {
            names = list[..<sign]
            title = String(list[list.index(after: sign)...])
        }
        var found = try Self.columns(names.split(separator: ",").map(String.init))
        if found.isEmpty { throw Self.lacksColumns(list) }
        if let title { found[found.count - 1].title = title }
        columns += found
    }

    private static func unknown(_ word: String) -> EngineError {
        EngineError(
            .badParameter,
            "ps arguments: `\(word.prefix(64))` is not supported; use -ef, aux, or -o with the names of columns"
        )
    }

    private static func lacksColumns(_ word: String) -> EngineError {
        EngineError(.badParameter, "ps arguments: `\(word.prefix(64))` lacks the names of columns, such as -o pid,args")
    }
}
