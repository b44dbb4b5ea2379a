// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Build

@Suite struct `Lines` {
    @Test(
        arguments: [
            ("FROM a\nRUN x\n", ["FROM a", "RUN x"]), ("FROM a\r\nRUN x\r\n", ["FROM a", "RUN x"]),
            ("FROM a\n\n\nRUN x", ["FROM a", "RUN x"]), ("  FROM a\n\tRUN x", ["FROM a", "RUN x"]),
            ("# c\nFROM a\n  # c\nRUN x # no comment", ["FROM a", "RUN x # no comment"]),
            ("FROM a\nRUN x \\\n  y", ["FROM a", "RUN x   y"]), ("FROM a\nRUN x \\  \n y", ["FROM a", "RUN x  y"]),
            ("FROM a\nRUN x \\\t\n y", ["FROM a", "RUN x  y"]), ("FROM a\nRUN x\\\ny", ["FROM a", "RUN xy"]),
            ("FROM a\nRUN x \\\r\n y\r\n", ["FROM a", "RUN x  y"]),
            // Comments and blank lines inside do not end an instruction.
            ("FROM a\nRUN x \\\n# c\n y", ["FROM a", "RUN x  y"]),
            ("FROM a\nRUN x \\\n  # c\\\n y", ["FROM a", "RUN x  y"]),
            ("FROM a\nRUN x \\\n\n y", ["FROM a", "RUN x  y"]),
            ("FROM a\nRUN x \\\n\n\n\n y\nRUN z", ["FROM a", "RUN x  y", "RUN z"]),
            // Two escape characters are one that is meant.
            ("FROM a\nRUN x \\\\\nRUN y", ["FROM a", "RUN x \\\\", "RUN y"]),
            ("FROM a\nRUN x \\", ["FROM a", "RUN x"]), ("\\\nFROM a", ["FROM a"]), ("FROM \\\na", ["FROM a"]),
            ("FR\\\nOM a", ["FROM a"]), ("FROM a\nRUN \\\n  x \\\n  y \\\n", ["FROM a", "RUN   x   y"]),
            ("# escape=`\nFROM a\nRUN x `\n y\nRUN c:\\\nRUN z", ["FROM a", "RUN x  y", "RUN c:\\", "RUN z"]),
            ("FROM a\nrun x\nRuN y", ["FROM a", "run x", "RuN y"]), ("FROM\ta", ["FROM\ta"]),
            ("FROM a\nRUN echo \"#\" # x", ["FROM a", "RUN echo \"#\" # x"]),
            ("FROM a\nENV a=ä\u{301}日本", ["FROM a", "ENV a=ä\u{301}日本"]),
        ] as [(String, [String])]
    )
    func `become instructions`(text: String, instructions: [String]) {
        let file = dockerfile(text)
        #expect(file.instructions.map(\.text) == instructions)
        #expect(file.problems.isEmpty, "\(file.problems)")
    }

    @Test(
        arguments: [
            ("FROM a\nRUN x\nRUN y", ["1:1-1", "2:1-2", "3:1-3"]), ("\n\n  FROM a", ["3:3-3"]),
            ("FROM a\nRUN x \\\n\n y\nRUN z", ["1:1-1", "2:1-4", "5:1-5"]), ("\\\n  FROM a", ["2:3-2"]),
            ("FROM a\nRUN <<E\nx\nE\nRUN y", ["1:1-1", "2:1-4", "5:1-5"]),
            ("# escape=`\r\nFROM a\r\n\tRUN x", ["2:1-2", "3:2-3"]),
        ] as [(String, [String])]
    )
    func `know their places`(text: String, places: [String]) {
        #expect(dockerfile(text).instructions.map { "\($0.place.line):\($0.place.column)-\($0.lastLine)" } == places)
    }

    @Test(
        arguments: [
            ("FROM a\n# one\n# two\nRUN x", ["one", "two"]), ("FROM a\n# one\n\n# two\nRUN x", ["two"]),
            ("FROM a\n# one\n#\n# two\nRUN x", ["two"]), ("FROM a\n# one\n\nRUN x", []),
            ("FROM a\n  #   one  \nRUN x", ["one"]), ("FROM a\nRUN x", []), ("FROM a\nRUN x \\\n# inside\n y", []),
        ] as [(String, [String])]
    )
    func `have the comments right above`(text: String, comments: [String]) throws {
        #expect(try #require(dockerfile(text).instructions.last).comments == comments)
    }

    @Test func `of directives are no comments`() throws {
        let file = dockerfile("# syntax=docker/dockerfile:1\n# base is it\nFROM a AS base")
        #expect(try #require(file.instructions.first).comments == ["base is it"])
    }

    @Test(
        arguments: [
            ("RUN a b c", ["2:1 RUN"], ["a b c", "2:5"]),
            ("COPY a \\\n  b /c", ["2:1 COPY"], ["a", "2:6", "b", "3:3", "/c", "3:5"]),
            ("COPY --from=x  a  b", ["2:1 COPY"], ["a", "2:16", "b", "2:19"]),
        ] as [(String, [String], [String])]
    )
    func `give their words a place`(line: String, name: [String], words: [String]) throws {
        let instruction = try #require(dockerfile("FROM x\n" + line).instructions.last)
        #expect(["\(text(instruction.place)) \(instruction.name.text)"] == name)
        switch instruction.content {
        case .copy(let copy):
            #expect((copy.sources + [copy.destination]).flatMap { [$0.text, text($0.place)] } == words)
        case .run(let run): #expect(["a b c", text(run.command.place)] == words)
        default: Issue.record("it is \(instruction.keyword)")
        }
    }
}

@Suite struct `Here-documents` {
    @Test(
        arguments: [
            ("RUN <<E\na\nb\nE", "a\nb\n", "E", true, false),
            ("RUN <<-E\n\ta\n\t\tb\n\tE", "\ta\n\t\tb\n", "E", true, true),
            ("RUN <<'E'\n$a\nE", "$a\n", "E", false, false), ("RUN <<\"E\"\na\nE", "a\n", "E", false, false),
            ("RUN <<E\\F\na\nEF", "a\n", "EF", false, false), ("RUN <<E cat\na\nE", "a\n", "E", true, false),
            ("RUN cat <<E > x\na\nE", "a\n", "E", true, false), ("RUN <<E\nE", "", "E", true, false),
            ("RUN 3<<E cat <&3\na\nE", "a\n", "E", true, false),
            ("RUN <<E\n# no comment\n\n a \\\nE", "# no comment\n\n a \\\n", "E", true, false),
            ("RUN <<E\r\na\r\nE\r\n", "a\r\n", "E", true, false), ("RUN <<E\n E\nE ", " E\nE ", "E", true, false),
        ] as [(String, String, String, Bool, Bool)]
    )
    func `are read up to their end`(text: String, content: String, name: String, expands: Bool, strips: Bool) throws {
        let file = dockerfile("FROM a\n" + text + (text.hasSuffix("E ") ? "\nE" : ""))
        guard case .run(let run)? = file.instructions.last?.content else {
            return #expect(Bool(false), "\(file.problems)")
        }
        let heredoc = try #require(run.command.heredocs.first)
        #expect(heredoc.content == content + (text.hasSuffix("E ") ? "\n" : ""))
        #expect(heredoc.name == name && heredoc.expands == expands && heredoc.stripsTabs == strips)
    }

    @Test(arguments: [
        "RUN echo $((1<<2))", "RUN echo \"<<E\"", "RUN echo '<<E'", "RUN cat <<<word", "RUN [\"sh\", \"<<E\"]",
        "RUN a <<",
        "CMD cat <<E", "ENV a=<<E", "RUN echo it's <<E", "RUN echo \\<<E",
    ])
    func `are none where they only look so`(line: String) {
        let file = dockerfile("FROM a\n\(line)\nRUN after")
        #expect(file.problems.isEmpty, "\(file.problems)")
        #expect(file.instructions.count == 3)
    }

    @Test func `may be several, and of different kinds`() throws {
        let file = dockerfile("FROM a\nCOPY <<one <<-'two' x /d/\n1\none\n\t$2\n\ttwo\nRUN y")
        guard case .copy(let copy)? = file.instructions.dropFirst().first?.content else { return #expect(Bool(false)) }
        #expect(copy.heredocs.map(\.name) == ["one", "two"])
        #expect(copy.heredocs.map(\.body) == ["1\n", "$2\n"])
        #expect(copy.heredocs.map(\.expands) == [true, false])
        #expect(copy.sources.map(\.text) == ["x"])
        #expect(file.instructions.count == 3)
    }

    @Test(arguments: [
        ("RUN <<E\na", "2:1 the here-document `E` has no end"),
        ("COPY <<E /x\nE2", "2:1 the here-document `E` has no end"),
        ("RUN <<A <<B\nA", "2:1 the here-document `B` has no end"),
        ("COPY a <<E\nE", "2:8 a here-document cannot be the destination"),
        ("COPY --from=x <<E /d\nE", "2:6 COPY with `--from` cannot copy here-documents"),
    ])
    func `that are wrong are told`(line: String, message: String) {
        let problems = lines(dockerfile("FROM a\n" + line).problems)
        #expect(problems.first?.hasPrefix(message) == true, "\(problems)")
    }

    @Test(
        arguments: [
            ("RUN <<E\na\nb\nE", ["/bin/sh", "-c", "a\nb\n"], nil),
            ("RUN <<-E\n\ta\nE", ["/bin/sh", "-c", "a\n"], nil),
            ("RUN <<E cat\na\nE", ["/bin/sh", "-c", "<<E cat\na\nE"], nil),
            ("RUN cat <<A <<B\n1\nA\n2\nB", ["/bin/sh", "-c", "cat <<A <<B\n1\nA\n2\nB"], nil),
            ("RUN <<E\n#!/bin/py\nx\nE", ["/bin/sh", "-c", "/dev/pipes/E"], "#!/bin/py\nx\n"),
            ("SHELL [\"bash\", \"-ec\"]\nRUN <<E\na\nE", ["bash", "-ec", "a\n"], nil),
        ] as [(String, [String], String?)]
    )
    func `of RUN are scripts`(text: String, arguments: [String], script: String?) throws {
        let run = try graph("FROM scratch\n" + text).run(0)
        #expect(run.arguments == arguments)
        #expect(run.script?.content == script)
    }

    @Test(
        arguments: [
            ("COPY <<E /d\n$v \"q\" ${v}\nE", "1 \"q\" 1\n"), ("COPY <<'E' /d\n$v\nE", "$v\n"),
            ("COPY <<E /d\n\\$v\nE", "$v\n"), ("COPY <<-E /d\n\t\t$v\n\tE", "1\n"),
            ("ADD <<E /d\n${none:-x}'$v'\nE", "x'1'\n"),
        ] as [(String, String)]
    )
    func `of COPY have their variables filled in`(text: String, content: String) throws {
        let copy = try graph("FROM scratch\nARG v=1\n" + text).copy(0)
        #expect(copy.sources.map { $0.file?.content } == [content])
        #expect(copy.sources.map { $0.file?.name } == ["E"])
    }
}
