// SPDX-License-Identifier: Apache-2.0

/// Reads the instructions of a file, each as one line.
struct LineReader {
    private var lines: SourceLines
    private let directiveCount: Int
    private let escape: Unicode.Scalar

    init(_ bytes: [UInt8], _ directives: Directives) {
        lines = SourceLines(bytes)
        directiveCount = directives.lineCount
        escape = directives.escape
    }

    /// The next instruction; nil at the end of the file.
    ///
    /// A line continues where the escape character is the last one before blanks, unless another one stands before it.
    ///
    /// - Throws: ``BuildProblem`` for an instruction that is too long; what follows can be read on.
    mutating func next() throws(BuildProblem) -> LogicalLine? {
        var comments: [String] = []
        while let first = lines.next() {
            let start = first.unindented
            if start.isComment {
                let comment = String(start.text.dropFirst().trimmed)
                if comment.isEmpty { comments = [] } else if start.number > directiveCount { comments.append(comment) }
                continue
            }
            let (text, continues) = continuation(start.text)
            if text.isEmpty {
                comments = []
                // A lone escape character continues with what follows.
                guard continues else { continue }
            }
            var line = LogicalLine()
            line.comments = comments
            line.lastLine = first.number
            line.append(text, at: start.place)
            if continues { try readContinuation(into: &line) }
            if line.text.allSatisfy(\.isBlank) { continue }
            return line
        }
        return nil
    }

    private mutating func readContinuation(into line: inout LogicalLine) throws(BuildProblem) {
        var continues = true
        var isTooLong = false
        while continues, let next = lines.next() {
            line.lastLine = next.number
            if next.isComment { continue }
            if next.isEmpty {
                line.emptyLine = line.emptyLine ?? next.place
                continue
            }
            let text: ArraySlice<Unicode.Scalar>
            (text, continues) = continuation(next.text)
            isTooLong = isTooLong || line.text.count + text.count > Limits.lineLength
            if !isTooLong { line.append(text, at: next.place) }
        }
        if isTooLong {
            throw BuildProblem(
                "an instruction has more than \(Limits.lineLength) characters; copy a script into the image instead",
                at: line.place(at: 0)
            )
        }
    }

    /// A line without what continues it, and whether it does.
    private func continuation(_ text: ArraySlice<Unicode.Scalar>) -> (text: ArraySlice<Unicode.Scalar>, continues: Bool)
    {
        var rest = text
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        guard rest.last == escape else { return (text, false) }
        rest.removeLast()
        return rest.last == escape ? (text, false) : (rest, true)
    }

    /// Reads the lines of a here-document.
    ///
    /// - Parameters:
    ///   - heredoc: Gets the lines.
    ///   - line: The instruction that it belongs to.
    /// - Throws: ``BuildProblem`` where the file ends first.
    mutating func read(_ heredoc: inout Heredoc, of line: inout LogicalLine) throws(BuildProblem) {
        while let next = lines.next() {
            line.lastLine = next.number
            let text = heredoc.stripsTabs ? next.text.drop { $0 == "\t" } : next.text
            if text.elementsEqual(heredoc.name.unicodeScalars) { return }
            heredoc.content.unicodeScalars.append(contentsOf: next.text)
            heredoc.content.unicodeScalars.append(contentsOf: next.ending)
        }
        throw BuildProblem(
            "the here-document `\(heredoc.name.shown)` has no end",
            at: line.place(at: 0),
            help: "a line with `\(heredoc.name.shown)` alone ends it"
        )
    }
}
