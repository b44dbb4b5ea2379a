// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

@Suite struct `Broken texts` {
    @Test(arguments: [
        ("a: 1\n\tb: 2\n", "2:1: a tab cannot be used for indentation; use spaces"),
        ("a: b: c\n", "1:5: a mapping is not allowed here; check the indentation, and quote text that contains `: `"),
        ("a: \"b\nc: 1\n", "1:4: the quoted string is not closed"),
        ("s:\n  w:\n    i: x\n   p: 1\n", "4:4: expected a key; check the indentation"),
        ("x:\n  b: 1\n  - c\n", "3:3: expected a key; check the indentation"),
        ("a: @x\n", "1:4: `@` cannot start a value; quote it"),
        ("é: `x`\n", "1:4: ``` cannot start a value; quote it"),
        ("a: [1, 2\nb: 3\n", "2:2: expected `,` or `]`"),
        ("[a:]", "1:3: a `:` before `,`, a bracket or a brace needs a space after it, or quotes around the text"),
        ("{a: 1", "2:1: expected `,` or `}`"),
        ("a: 1\nb\nc: 2\n", "2:1: expected `:` after this key"),
        ("a: \"\\q\"\n", "1:5: unknown escape sequence in a double-quoted string; use single quotes or write `\\\\`"),
        (
            "a: |x\n  b\n",
            "1:5: the header of a block scalar is `|` or `>`, then `-` or `+`, then the indentation from 1 to 9"
        ),
        ("a: &\n", "1:4: an anchor needs a name of letters, digits, `-` and `_`, followed by a space"),
        ("a: *\n", "1:4: an alias needs a name of letters, digits, `-` and `_`; quote text that starts with `*`"),
        ("a: !<\n", "1:4: the tag is malformed; quote text that starts with `!`"),
        ("%FOO\n", "1:1: the directive is malformed; quote text that starts with `%`"),
        ("}\n", "1:1: expected a value"),
        ("a: 1\n...\nb\n... c\n", "3:1: expected the end of the file or `---`"),
        ("a: b\u{0}c\n", "1:5: control character U+0000 is not allowed"),
        ("a: b\nc: \u{1}\n", "2:4: control character U+0001 is not allowed"),
    ])
    func `a problem is named at its place`(text: String, message: String) throws {
        let error = try #require(throws: SyntaxError.self) { try documents(text) }
        #expect("\(error.origin.line):\(error.origin.column): \(error.message)" == message)
    }

    @Test func `the start of what is broken is noted`() throws {
        let error = try #require(throws: SyntaxError.self) { try documents("s:\n  a: 1\n  - b\n") }
        #expect(error.notes == [.init(message: "the mapping starts here", origin: origin(2, 3))])
    }

    @Test(arguments: [[0x61, 0x3A, 0x20, 0xFF], [0x61, 0x3A, 0x20, 0xC3, 0x28], [0x61, 0x3A, 0x20, 0xE2, 0x80]])
    func `bytes that are not UTF-8 are an error`(bytes: [UInt8]) throws {
        let error = try #require(throws: SyntaxError.self) { try Parser.parse(bytes, source: SourceID(rawValue: 0)) }
        #expect(error == SyntaxError(message: "the text is not valid UTF-8", origin: origin(1, 4)))
    }
}

@Suite struct `Hostile texts` {
    @Test func `aliases of aliases are counted, not expanded`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = repeatElement("*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = try #require(throws: SyntaxError.self) { try documents(text) }
        #expect(error.message == "aliases repeat more than 1000000 values")
        #expect(error.origin.line == 7)
    }

    @Test(arguments: ["[", "- ", "{a: ", "? "])
    func `nesting has a limit`(opening: String) throws {
        let error = try #require(throws: SyntaxError.self) {
            try documents(String(repeating: opening, count: 100_000))
        }
        #expect(error.message.contains("nested more than") || error.message.contains("keys must be strings"))
    }

    @Test func `a thousand levels are read`() throws {
        let text = String(repeating: "- ", count: 999) + "[]"
        #expect(try documents(text).count == 1)
        #expect(throws: SyntaxError.self) { try documents("- " + text) }
    }

    @Test func `aliases cannot nest deeper than texts`() throws {
        var text = "a0: &a0 \(String(repeating: "[", count: 100))\(String(repeating: "]", count: 100))\n"
        for level in 1...20 {
            text += "a\(level): &a\(level) \(String(repeating: "[", count: 100))*a\(level - 1)"
            text += String(repeating: "]", count: 100) + "\n"
        }
        let error = try #require(throws: SyntaxError.self) { try documents(text) }
        #expect(error.message == "values are nested more than 1000 levels deep")
    }

    @Test func `the number of values has a limit`() {
        #expect(throws: SyntaxError(message: "the file has more than 10 values", origin: origin(10, 3))) {
            try documents(String(repeating: "- a\n", count: 20), limits: Parser.Limits(nodes: 10))
        }
    }

    @Test func `override tags under aliases have a limit`() throws {
        let text = "a: &a {k: !override 1}\nb: [" + String(repeating: "*a,", count: 30) + "]\n"
        let error = try #require(throws: SyntaxError.self) {
            try documents(text, limits: Parser.Limits(aliasedNodes: 80))
        }
        #expect(error.message == "aliases repeat too many `!override` tags")
    }

    @Test func `tag directives have a limit`() throws {
        let directives = (0..<100).map { "%TAG !t\($0)! tag:example.com,2000:\n" }.joined()
        let error = try #require(throws: SyntaxError.self) { try documents(directives + "---\na: 1\n") }
        #expect(error.message == "the text has more than 64 `%TAG` directives")
        #expect(error.origin == origin(65, 1))
    }
}
