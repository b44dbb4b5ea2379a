// SPDX-License-Identifier: Apache-2.0

/// A mistake in a file of cases.
package struct CaseSyntaxError: Error, CustomStringConvertible {
    package let place: String
    package let message: String

    package var description: String { "\(place): \(message)" }
}

/// Reads files of cases; `Tests/Conformance/README.md` describes the format.
package struct CaseParser {
    private let file: String
    private let lines: [Substring]
    private var next = 0

    /// Reads every case of a text.
    ///
    /// - Parameters:
    ///   - text: the content of the file.
    ///   - file: the name to use in messages.
    /// - Returns: the cases in the order of the file.
    /// - Throws: ``CaseSyntaxError`` when a line makes no sense.
    package static func parse(_ text: String, file: String) throws(CaseSyntaxError) -> [Case] {
        var parser = CaseParser(file: file, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        var cases: [Case] = []
        while let found = try parser.nextCase() {
            cases.append(found)
        }
        return cases
    }

    private init(file: String, lines: [Substring]) {
        self.file = file
        self.lines = lines
    }

    private var place: String { "\(file):\(next + 1)" }

    private func failure(_ message: String) -> CaseSyntaxError {
        CaseSyntaxError(place: place, message: message)
    }

    private mutating func nextCase() throws(CaseSyntaxError) -> Case? {
        while next < lines.count, !lines[next].hasPrefix("=== ") {
            guard lines[next].isEmpty || lines[next].hasPrefix("#") else {
                throw failure("only comments may stand before the first case")
            }
            next += 1
        }
        guard next < lines.count else { return nil }
        var parsed = Case(name: lines[next].dropFirst(4).trimmed, place: place)
        let start = next
        next += 1
        var header = Header()
        while next < lines.count, !startsSection(lines[next]) {
            try readHeader(lines[next], into: &parsed, header: &header)
            next += 1
        }
        while next < lines.count, lines[next].hasPrefix("--- ") {
            try readFile(into: &parsed, header: &header)
        }
        try finish(&parsed, header: header)
        parsed.source = lines[start..<next].joined(separator: "\n")
        return parsed
    }

    private func startsSection(_ line: Substring) -> Bool {
        line.hasPrefix("=== ") || line.hasPrefix("--- ")
    }
}

// MARK: - The header

extension CaseParser {
    /// What the lines between the heading and the first file say.
    private struct Header {
        var expectation: Decision?
        var decision: Decision?
        var runsReference = true
        var output: [UInt8]?
    }

    private func readHeader(_ line: Substring, into parsed: inout Case, header: inout Header) throws(CaseSyntaxError) {
        if line.trimmed.isEmpty || line.hasPrefix("#") { return }
        guard let colon = line.firstIndex(of: ":") else { throw failure("expected 'key: value'") }
        let value = line[line.index(after: colon)...].trimmed
        switch line[..<colon] {
        case "args": parsed.runs.append(Run(arguments: try words(value)))
        case "rejects": parsed.runs.append(Run(arguments: try words(value), expectation: .reject))
        case "expect": header.expectation = try decision(value)
        case "env": parsed.environment.append(value)
        case "stdin": parsed.input = value
        case "output": parsed.output = value
        case "cwd": parsed.workingDirectory = value
        case "deviates": header.decision = try decision(value)
        case "differs": parsed.differences.append(value)
        case "reference":
            guard value == "skip" else { throw failure("expected 'reference: skip'") }
            header.runsReference = false
        case let key:
            guard let kind = Step.Kind(rawValue: String(key)) else { throw failure("unknown key '\(key)'") }
            parsed.steps.append(Step(kind: kind, text: value))
        }
    }

    private func decision(_ value: String) throws(CaseSyntaxError) -> Decision {
        guard let decision = Decision(rawValue: value) else { throw failure("expected accept or reject") }
        return decision
    }

    private func finish(_ parsed: inout Case, header: Header) throws(CaseSyntaxError) {
        let expectation = header.expectation ?? .accept
        if parsed.runs.isEmpty, parsed.steps.isEmpty {
            parsed.runs = Run.standard(expectation: expectation)
        }
        for index in parsed.runs.indices where parsed.runs[index].expectation == nil {
            parsed.runs[index].expectation = expectation
        }
        if let decision = header.decision {
            parsed.deviation = Deviation(
                decision: decision,
                output: header.output,
                runsReference: header.runsReference
            )
        } else if header.output != nil || !header.runsReference {
            throw CaseSyntaxError(place: parsed.place, message: "only a deviating case may have an output of its own")
        }
    }

    /// Splits a command line at blanks; quotes of both kinds hold words together.
    private func words(_ text: String) throws(CaseSyntaxError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in text {
            if character == quote {
                quote = nil
            } else if quote != nil {
                word?.append(character)
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw failure("unterminated quote") }
        if let word { words.append(word) }
        return words
    }
}

// MARK: - Files

extension CaseParser {
    /// How the text of a file differs from what the case shows.
    private struct Form {
        var crlf = false
        var bom = false
        var newline = true
        var escapes = false
        var mode: UInt32?
    }

    private mutating func readFile(into parsed: inout Case, header: inout Header) throws(CaseSyntaxError) {
        var heading = lines[next].dropFirst(4).trimmed
        var form = Form()
        if heading.hasSuffix(")"), let open = heading.range(ofLast: " (") {
            for option in heading[open.upperBound...].dropLast().split(separator: ",") {
                try apply(option.trimmed, to: &form)
            }
            heading = String(heading[..<open.lowerBound])
        }
        next += 1
        if let arrow = heading.range(ofLast: " -> ") {
            let target = String(heading[arrow.upperBound...])
            parsed.files.append(CaseFile(path: String(heading[..<arrow.lowerBound]), content: .link(to: target)))
            try skipBlankLines()
        } else if heading.hasSuffix("/") {
            parsed.files.append(CaseFile(path: String(heading.dropLast()), content: .directory, mode: form.mode))
            try skipBlankLines()
        } else {
            let bytes = try readContent(form)
            if heading == "%output" {
                header.output = bytes
            } else {
                parsed.files.append(CaseFile(path: heading, content: .bytes(bytes), mode: form.mode))
            }
        }
    }

    private func apply(_ option: String, to form: inout Form) throws(CaseSyntaxError) {
        switch option {
        case "crlf": form.crlf = true
        case "bom": form.bom = true
        case "no newline": form.newline = false
        case "escapes": form.escapes = true
        default:
            guard option.hasPrefix("mode "), let mode = UInt32(option.dropFirst(5), radix: 8) else {
                throw failure("unknown option '\(option)'")
            }
            form.mode = mode
        }
    }

    private mutating func skipBlankLines() throws(CaseSyntaxError) {
        while next < lines.count, !startsSection(lines[next]) {
            guard lines[next].trimmed.isEmpty else { throw failure("links and folders have no content") }
            next += 1
        }
    }

    private mutating func readContent(_ form: Form) throws(CaseSyntaxError) -> [UInt8] {
        var content: [Substring] = []
        while next < lines.count, !startsSection(lines[next]) {
            let line = lines[next]
            content.append(line.hasPrefix("\\---") || line.hasPrefix("\\===") ? line.dropFirst() : line)
            next += 1
        }
        while let last = content.last, last.isEmpty {
            content.removeLast()
        }
        var bytes: [UInt8] = form.bom ? [0xEF, 0xBB, 0xBF] : []
        let ending: [UInt8] = form.crlf ? [13, 10] : [10]
        for (index, line) in content.enumerated() {
            bytes += form.escapes ? try unescape(line) : Array(line.utf8)
            if form.newline || index + 1 < content.count { bytes += ending }
        }
        return bytes
    }

    /// Replaces `\t`, `\r`, `\n`, `\\` and `\xHH`.
    private func unescape(_ line: Substring) throws(CaseSyntaxError) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = line.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                guard let value = UInt8(Substring(rest.prefix(2)), radix: 16) else {
                    throw failure("expected two hexadecimal digits after \\x")
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: throw failure("unknown escape")
            }
        }
        return bytes
    }
}

extension StringProtocol {
    var trimmed: String {
        let blanks: Set<Character> = [" ", "\t", "\r"]
        let tail = drop { blanks.contains($0) }
        guard let last = tail.lastIndex(where: { !blanks.contains($0) }) else { return "" }
        return String(tail[...last])
    }

    func range(ofLast needle: String) -> Range<Index>? {
        var found: Range<Index>?
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) {
                found = start..<index(start, offsetBy: needle.count)
            }
            start = index(after: start)
        }
        return found
    }
}
