// SPDX-License-Identifier: Apache-2.0

/// Reads the instructions of a file.
struct InstructionReader {
    private var lines: LineReader
    let escape: Unicode.Scalar
    /// The only instructions that can be there; nil for all.
    private let allowed: Set<Keyword>?
    private var count = 0

    init(_ bytes: [UInt8], _ directives: Directives, only allowed: Set<Keyword>? = nil) {
        self.allowed = allowed
        lines = LineReader(bytes, directives)
        escape = directives.escape
    }

    /// The next instruction; nil at the end.
    ///
    /// - Throws: ``BuildProblem`` with a place for one that cannot be understood; the next one can be read all the same.
    mutating func next() throws(BuildProblem) -> Instruction? {
        guard var line = try lines.next() else { return nil }
        count += 1
        if count > Limits.instructions {
            if count > Limits.instructions + 1 { return nil }
            throw BuildProblem("there are more than \(Limits.instructions) instructions", at: line.place(at: 0))
        }
        let (name, rest) = line.whole.split
        guard let keyword = Keyword(rawValue: name.text.uppercased()), allowed?.contains(keyword) ?? true else {
            throw unknown(name)
        }
        let heredocs = try readHeredocs(keyword, rest, &line)
        let parser = InstructionParser(keyword: keyword, text: rest, escape: escape, heredocs: heredocs)
        let content: Instruction.Content
        do {
            content = try parser.content()
        } catch {
            throw error.located(at: name.place)
        }
        return Instruction(
            keyword: keyword,
            name: name,
            text: line.whole.trimmed.string,
            lastLine: line.lastLine,
            comments: line.comments,
            emptyLine: line.emptyLine,
            content: content
        )
    }

    private func unknown(_ name: Word) -> BuildProblem {
        // The words about changes are Docker's, which scripts look for.
        BuildProblem(
            allowed == nil
                ? "unknown instruction `\(name.text.shown)`"
                : "\(name.text.uppercased().shown) is not a valid change command",
            at: name.place,
            word: name.text,
            among: Keyword.allCases.filter { allowed?.contains($0) ?? true }.map(\.rawValue)
        )
    }

    private mutating func readHeredocs(
        _ keyword: Keyword,
        _ text: LineText,
        _ line: inout LogicalLine
    ) throws(BuildProblem) -> [Heredoc] {
        var (keyword, text) = (keyword, text)
        if keyword == .onbuild {
            let (name, rest) = text.split
            (keyword, text) = (Keyword(rawValue: name.text.uppercased()) ?? keyword, rest)
        }
        guard keyword.takesHeredocs else { return [] }
        let arguments = text.takingFlags().rest
        if try arguments.stringList() != nil { return [] }
        var heredocs = Heredoc.starts(in: arguments.string)
        if heredocs.count > Limits.heredocs {
            throw BuildProblem("there are more than \(Limits.heredocs) here-documents", at: arguments.place)
        }
        for index in heredocs.indices {
            heredocs[index].place = arguments.place
            try lines.read(&heredocs[index], of: &line)
        }
        return heredocs
    }
}
