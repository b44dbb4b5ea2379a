// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

@Suite struct `YAML output` {
    @Test(arguments: ScalarFixtures.values)
    func `a string is written as go-yaml writes it`(text: String, written: String) {
        #expect(yaml(["x": Node(text)]) == "x: \(written)\n")
    }

    @Test(arguments: ScalarFixtures.values)
    func `a string as a key is written as go-yaml writes it`(text: String, written: String) {
        let fixture = ScalarFixtures.keys.first { $0.text.utf8.elementsEqual(text.utf8) }
        let key = fixture?.written ?? "\(written): v"
        #expect(yaml(["x": Node(.mapping([text: Node("v")]))]) == "x:\n  \(key)\n")
    }

    @Test(arguments: ScalarFixtures.values.map(\.text).filter { !isLostByGoYAML($0) })
    func `a written string reads back as itself`(text: String) throws {
        #expect(try read(yaml(["x": Node(text)])) == Node(.mapping(["x": Node(text)])))
    }

    @Test func `a key of more than 128 bytes gets its own line`() {
        let short = String(repeating: "k", count: 128)
        let long = String(repeating: "é", count: 65)
        #expect(yaml([short: Node("v")]) == "\(short): v\n")
        #expect(yaml([long: Node("v")]) == "? \(long)\n: v\n")
        #expect(yaml([long: Node(.mapping(["a": Node("b"), "c": Node("d")]))]) == "? \(long)\n: a: b\n  c: d\n")
        #expect(yaml([long: Node(.sequence([Node("a"), Node("b")]))]) == "? \(long)\n: - a\n  - b\n")
    }

    @Test func `long text stays on one line`() {
        let text = String(repeating: "word ", count: 100) + "end"
        #expect(yaml(["x": Node(text)]) == "x: \(text)\n")
        #expect(yaml(["x": Node(text + ": a")]) == "x: '\(text): a'\n")
    }

    @Test(arguments: [
        (#"{"a": {"b": [1, {"c": 2, "d": 3}]}}"#, "a:\n  b:\n    - 1\n    - c: 2\n      d: 3\n"),
        (#"[["a", ["b"]], []]"#, "- - a\n  - - b\n- []\n"),
        (#"{"a": {}, "b": [], "c": null, "d": [{}, null]}"#, "a: {}\nb: []\nc: null\nd:\n  - {}\n  - null\n"),
        (#"[{"a": ["x"], "b": {"c": true}}]"#, "- a:\n    - x\n  b:\n    c: true\n"),
        (#"["a\nb\n", ["c\nd"]]"#, "- |\n  a\n  b\n- - |-\n    c\n    d\n"),
        (#"{"a": {"b": " x\ny"}}"#, "a:\n  b: |2-\n     x\n    y\n"),
        (
            #"[-9223372036854775808, 18446744073709551615, 1.5, .inf, -.inf, .nan]"#,
            "- -9223372036854775808\n- 18446744073709551615\n- 1.5\n- .inf\n- -.inf\n- .nan\n"
        ),
        ("text", "text\n"),
        ("[]", "[]\n"),
        ("{}", "{}\n"),
        ("~", "null\n"),
    ])
    func `collections are written in block style`(source: String, written: String) throws {
        #expect(String(decoding: Emitter.yaml(try read(source), keepsLeadingBreaks: false), as: UTF8.self) == written)
    }

    @Test(arguments: [(true, "a: |2-\n\n\n  b\n"), (false, "a: |2-\n\n  b\n")])
    func `a literal block can keep the line breaks that it starts with`(keeps: Bool, written: String) {
        let node = Node(.mapping(["a": Node("\n\nb")]))
        #expect(String(decoding: Emitter.yaml(node, keepsLeadingBreaks: keeps), as: UTF8.self) == written)
    }

    @Test func `keys keep their order`() {
        #expect(yaml(["b": Node("1"), "a": Node("2")]) == "b: \"1\"\na: \"2\"\n")
    }

    private func yaml(_ mapping: Mapping) -> String {
        String(decoding: Emitter.yaml(Node(.mapping(mapping)), keepsLeadingBreaks: false), as: UTF8.self)
    }
}

@Suite struct `Numbers as text` {
    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (100_000, "100000"), (999_999.5, "999999.5"),
        (1e6, "1e+06"), (1_234_567, "1.234567e+06"), (12_345_678.9, "1.23456789e+07"), (0.0001, "0.0001"),
        (0.00001, "1e-05"), (1e20, "1e+20"), (1e21, "1e+21"), (1e100, "1e+100"), (1e-300, "1e-300"),
        (1.2345678901234568e29, "1.2345678901234568e+29"), (.infinity, ".inf"), (-.infinity, "-.inf"), (.nan, ".nan"),
        (123.456, "123.456"), (0.000123, "0.000123"), (1.7976931348623157e308, "1.7976931348623157e+308"),
    ])
    func `a number of 64 bits has the digits it needs`(value: Double, text: String) {
        #expect(Emitter.goFloat(value) == text)
    }

    @Test(arguments: [
        (Float(0.1), "0.1"), (1.5, "1.5"), (0.5, "0.5"), (2, "2"), (0.30000001, "0.3"), (16_777_216, "1.6777216e+07"),
        (1e-5, "1e-05"), (.infinity, ".inf"),
    ])
    func `a number of 32 bits has the digits it needs`(value: Float, text: String) {
        #expect(Emitter.goFloat32(value) == text)
    }

    @Test(arguments: [
        ("true", "true"), ("0777", "511"), ("1e3", "1000"), ("1234567.0", "1.234567e+06"), ("~", "<nil>"),
        (".inf", "+Inf"), ("-.inf", "-Inf"), (".nan", "NaN"), ("text", "text"), ("[1, a, ~]", "[1 a <nil>]"),
        ("{b: 1, a: [x]}", "map[a:[x] b:1]"), ("18446744073709551615", "18446744073709551615"),
    ])
    func `a value as a string is what Go prints`(source: String, text: String) throws {
        #expect(Emitter.goDescription(of: try read(source)) == text)
    }
}

@Suite struct `Natural order` {
    @Test(arguments: [
        ["a", "b"], ["a", "a1"], ["a1", "a2", "a10"], ["a2b", "a10b"], ["A", "B", "a"], ["1", "2", "10", "a"],
        ["_", "a"], ["a-b", "a_b", "ab"], ["db-2", "db-10"], ["1a", "1-"], ["a.b", "ab"], ["v1.2", "v1.10"],
        ["1", "01"], ["a1", "a01", "a02"], ["x0a", "x00"], ["é", "日"], ["z", "é"], ["-", "0"], ["100", "101"],
    ])
    func `keys are in go-yaml's order`(keys: [String]) {
        for (left, right) in zip(keys, keys.dropFirst()) {
            #expect(NaturalOrder.precedes(left, right), "\(left) before \(right)")
            #expect(!NaturalOrder.precedes(right, left), "\(right) not before \(left)")
        }
        for key in keys {
            #expect(!NaturalOrder.precedes(key, key))
        }
    }
}

@Suite struct `JSON output` {
    @Test(arguments: [
        (
            "{a: {b: [1, ~], c: {}}, d: []}",
            "{\n  \"a\": {\n    \"b\": [\n      1,\n      null\n    ],\n    \"c\": {}\n  },\n  \"d\": []\n}"
        ),
        (
            "[true, 1.5, 1e3, 1e21, 1e-7, 0.000001, 1234567.0]",
            "[\n  true,\n  1.5,\n  1000,\n  1e+21,\n  1e-7,\n  0.000001,\n  1234567\n]"
        ),
        ("18446744073709551615", "18446744073709551615"),
        (
            #""a\"\\\n\t\r\b\f\x01\x7F<&>/é😀\L\P""#,
            #""a\"\\\n\t\r\b\f\u0001\#u{7F}\u003c\u0026\u003e/é😀\u2028\u2029""#
        ),
    ])
    func `a tree is written as Go writes it`(source: String, written: String) throws {
        #expect(String(decoding: JSONWriter.json(try read(source)), as: UTF8.self) == written)
    }

    @Test func `without indentation there is no white space`() throws {
        let json = JSONWriter.json(try read("{a: [1, {b: c}]}"), indent: nil)
        #expect(String(decoding: json, as: UTF8.self) == #"{"a":[1,{"b":"c"}]}"#)
    }
}

/// Whether a text does not survive go-yaml's own reader, and so neither ours.
///
/// A block loses a line end at its start and cannot start with a tab; U+2028 and U+2029 are line ends.
private func isLostByGoYAML(_ text: String) -> Bool {
    text.first?.isNewline == true || text.hasPrefix("\t") || text.unicodeScalars.contains("\u{2028}")
        || text.unicodeScalars.contains("\u{2029}")
}
