// SPDX-License-Identifier: Apache-2.0

/// A here-document: lines of the file that an instruction reads as a file of its own.
///
/// https://docs.docker.com/reference/dockerfile/#here-documents
package struct Heredoc: Hashable, Sendable {
    /// The line that ends it, and the name of the file that COPY makes of it.
    package var name: String
    /// Whether tabs at the start of its lines are left out: `<<-`.
    package var stripsTabs: Bool
    /// Whether variables are filled in by COPY and ADD: not where a part of the name is quoted.
    package var expands: Bool
    /// Its lines as they stand in the file.
    package var content = ""
    package var place = SourcePlace(line: 1, column: 1)

    /// Its lines without the tabs that do not count.
    package var body: String {
        guard stripsTabs else { return content }
        var result = String.UnicodeScalarView()
        var isAtStart = true
        for scalar in content.unicodeScalars {
            if isAtStart, scalar == "\t" { continue }
            isAtStart = scalar == "\n"
            result.append(scalar)
        }
        return String(result)
    }

    /// Reads the start of a here-document, `[descriptor]<<[-]name`; nil comes back for any other word.
    init?(_ word: String) {
        var rest = Array(word.unicodeScalars)[...]
        while let first = rest.first, first.isASCII, first.isDigit { rest.removeFirst() }
        guard rest.starts(with: "<<".unicodeScalars) else { return nil }
        rest = rest.dropFirst(2)
        stripsTabs = rest.first == "-"
        if stripsTabs { rest.removeFirst() }
        guard !rest.isEmpty, !rest.contains("<") else { return nil }
        var plain = Expander()
        plain.keepsUnset = true
        var raw = plain
        raw.keepsQuotes = true
        raw.keepsEscapes = true
        let text = String(rest)
        guard let meant = try? plain.expand(text, [:], splitsWords: true).words, meant.count == 1,
            let written = try? raw.expand(text, [:], splitsWords: true).words
        else { return nil }
        name = meant[0]
        expands = written == meant
    }

    /// The starts of here-documents among the words of an instruction.
    static func starts(in text: String) -> [Heredoc] {
        guard text.contains("<<") else { return [] }
        var expander = Expander()
        expander.keepsUnset = true
        expander.keepsQuotes = true
        expander.keepsEscapes = true
        // What no shell could read has none either.
        let words = (try? expander.expand(text, [:], splitsWords: true).words) ?? []
        return words.compactMap { Heredoc($0) }
    }
}
