// SPDX-License-Identifier: Apache-2.0

import JSONTree
import Testing

@Suite struct `JSON trees` {
    @Test(arguments: [
        #"{"b":1,"a":[true,false,null],"c":{"z":"x","y":{}}}"#,
        #"[1.0,-0,1e400,123456789012345678901234567890,0.1E-7]"#,
        #""\u0001\b\f\n\r\t\"\\é\u2028""#,
        #"[]"#,
    ])
    func `what is written was read`(text: String) throws {
        #expect(try JSON(Array(text.utf8)).text() == text)
    }

    @Test func `an inspection is indented as docker does it`() throws {
        let json = try JSON(Array(#"[{"A":"<&>","B":[1,{}],"C":{},"D":[]}]"#.utf8))
        #expect(
            json.text(.inspection) == """
                [
                    {
                        "A": "<&>",
                        "B": [
                            1,
                            {}
                        ],
                        "C": {},
                        "D": []
                    }
                ]
                """
        )
        #expect(json.text(JSON.WritingStyle(escapesHTML: true)).contains(#""\u003c\u0026\u003e""#))
    }

    @Test(arguments: [
        ("", "expected a value", 0),
        ("[1,]", "expected a value", 3),
        ("[1 2]", "expected , or ]", 3),
        ("{\"a\" 1}", "expected :", 5),
        ("{a:1}", "expected a key", 1),
        ("{\"a\":1 \"b\":2}", "expected , or }", 7),
        ("01", "expected a value", 0),
        ("1.", "expected a value", 0),
        ("+1", "expected a value", 0),
        ("1e", "expected a value", 0),
        ("nul", "expected a value", 0),
        ("1 1", "text after the end of the document", 2),
        ("\"\u{1}\"", "a control character in a string", 2),
        ("\"\\x\"", "an unknown escape", 3),
        ("\"\\u12g4\"", "expected four hexadecimal digits", 3),
        ("\"a", "a string without its end", 2),
    ])
    func `what is no JSON is refused with its place`(text: String, message: String, offset: Int) {
        let failure = #expect(throws: JSON.Failure.self) { try JSON(Array(text.utf8)) }
        #expect(failure?.message == message)
        #expect(failure?.offset == offset)
    }

    @Test func `depth and length are bounded`() {
        let deep = Array(String(repeating: "[", count: 1_000_000).utf8)
        #expect(throws: JSON.Failure(offset: 65, message: "nested more than 64 levels deep")) { try JSON(deep) }
        var rules = JSON.ReadingRules()
        rules.length = 3
        #expect(throws: JSON.Failure(offset: 0, message: "longer than 3 bytes")) { try JSON(Array("1234".utf8), rules) }
    }

    @Test func `only a strict reader refuses what is ambiguous`() throws {
        let twice = Array(#"{"a":1,"b":2,"a":3}"#.utf8)
        #expect(try JSON(twice)["a"] == .number("3"))
        #expect(throws: JSON.Failure.self) { try JSON(twice, .strict) }
        let half = Array(#""\ud800x""#.utf8)
        #expect(try JSON(half) == .string("\u{fffd}x"))
        #expect(throws: JSON.Failure.self) { try JSON(half, .strict) }
        #expect(try JSON(Array(#""\ud83d\ude00""#.utf8), .strict) == .string("\u{1f600}"))
    }
}
