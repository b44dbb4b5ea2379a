// SPDX-License-Identifier: Apache-2.0

import Testing
import YAML

@Suite struct `Scalars` {
    @Test(
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("NULL", .null), ("nULL", .string("nULL")),
            ("true", .bool(true)), ("True", .bool(true)), ("FALSE", .bool(false)), ("tRUE", .string("tRUE")),
            ("yes", .string("yes")), ("on", .string("on")), ("n", .string("n")), ("''", .string("")),
            ("\"5\"", .string("5")), ("'true'", .string("true")), ("<<", .string("<<")), ("=", .string("=")),
        ] as [(String, Node.Value)]
    )
    func `words are null, truth values or strings`(source: String, value: Node.Value) throws {
        #expect(try read("- \(source)") == Node(.sequence([Node(value)])))
    }

    @Test(
        arguments: [
            ("0", .int(0)), ("-0", .int(0)), ("+5", .int(5)), ("1_000", .int(1000)), ("1__0_", .int(10)),
            ("0777", .int(511)), ("0o777", .int(511)), ("0O7", .int(7)), ("-0o7", .int(-7)), ("0x1F", .int(31)),
            ("0X1f", .int(31)), ("-0x1F", .int(-31)), ("0b101", .int(5)), ("0b-1", .int(-1)), ("0o-7", .int(-7)),
            ("0x_1", .int(1)), ("08", .float(8)), ("0o8", .string("0o8")), ("0xg", .string("0xg")),
            ("0b2", .string("0b2")),
            ("0x", .string("0x")), ("-x", .string("-x")), ("12:30:45", .string("12:30:45")),
            ("22:22", .string("22:22")),
            ("9223372036854775807", .int(.max)), ("9223372036854775808", .unsigned(1 << 63)),
            ("18446744073709551615", .unsigned(.max)), ("18446744073709551616", .float(18_446_744_073_709_551_616)),
            ("0xFFFFFFFFFFFFFFFF", .unsigned(.max)), ("0x10000000000000000", .string("0x10000000000000000")),
            ("-9223372036854775808", .int(.min)), ("-9223372036854775809", .float(-9_223_372_036_854_775_808)),
            ("+9223372036854775808", .float(9_223_372_036_854_775_808)),
        ] as [(String, Node.Value)]
    )
    func `integers have the forms of YAML 1.1 and 1.2`(source: String, value: Node.Value) throws {
        #expect(try read("- \(source)") == Node(.sequence([Node(value)])))
    }

    @Test(
        arguments: [
            ("1.5", .float(1.5)), ("1.", .float(1)), (".5", .float(0.5)), ("-.5", .float(-0.5)), ("1e3", .float(1000)),
            ("1E-3", .float(0.001)), ("1.5e+3", .float(1500)), (".5_5", .float(0.55)), ("._5", .string("._5")),
            (".5_", .string(".5_")), ("1e", .string("1e")), (".", .string(".")), (".e5", .string(".e5")),
            ("1e400", .string("1e400")), ("1.2.3", .string("1.2.3")), (".inf", .float(.infinity)),
            ("+.Inf", .float(.infinity)), ("-.INF", .float(-.infinity)), (".iNF", .string(".iNF")),
            ("inf", .string("inf")), (".Nan", .string(".Nan")), ("-.nan", .string("-.nan")),
        ] as [(String, Node.Value)]
    )
    func `floating-point numbers are decimal`(source: String, value: Node.Value) throws {
        #expect(try read("- \(source)") == Node(.sequence([Node(value)])))
    }

    @Test(arguments: [".nan", ".NaN", ".NAN"])
    func `a NaN has three spellings`(source: String) throws {
        guard case .float(let value) = try read(source).value else {
            Issue.record("no number")
            return
        }
        #expect(value.isNaN)
    }

    @Test(arguments: [
        ("2020-01-01", "2020-01-01T00:00:00Z"), ("2020-1-1", "2020-01-01T00:00:00Z"), ("2020-13-01", nil),
        ("2020-02-30", nil), ("2020-02-29", "2020-02-29T00:00:00Z"), ("2021-02-29", nil), ("2020-01", nil),
        ("2020-01-01T10:00:00", nil), ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00Z"),
        ("2020-01-01t1:2:3.50+02:00", "2020-01-01T01:02:03.5+02:00"),
        ("2020-01-01T1:2:3+00:00", "2020-01-01T01:02:03Z"), ("2020-01-01 10:00:00", "2020-01-01T10:00:00Z"),
        ("2020-01-01  1:2:3,5", "2020-01-01T01:02:03.5Z"), ("2020-01-01 10:00", nil), ("2020-01-01T24:00:00Z", nil),
        ("2020-01-01T10:00:00+25:00", nil), ("20200-01-01", nil),
    ])
    func `dates are neither strings nor numbers`(source: String, canonical: String?) throws {
        #expect(try read(source) == Node(canonical.map(Node.Value.timestamp) ?? .string(source)))
    }

    @Test(
        arguments: [
            ("!!str 5", .string("5")), ("!!str", .string("")), ("!!int \"5\"", .int(5)), ("!!float 5", .float(5)),
            ("!!float '0x10'", .float(16)), ("!!bool 'true'", .bool(true)), ("!!null ''", .null),
            ("!!binary YWJj", .string("abc")), ("!!binary \"YW\\nI=\"", .string("ab")), ("!foo 5", .string("5")),
            ("!foo", .string("")), ("! 5", .int(5)), ("!<tag:yaml.org,2002:str> 5", .string("5")),
            ("!!timestamp '2020-01-01'", .timestamp("2020-01-01T00:00:00Z")),
        ] as [(String, Node.Value)]
    )
    func `tags decide what a scalar is`(source: String, value: Node.Value) throws {
        #expect(try read("- \(source)") == Node(.sequence([Node(value)])))
    }

    @Test(arguments: [
        ("!!int foo", "`foo` is not an integer, as its tag says"),
        ("!!int 1.5", "`1.5` is not an integer, as its tag says"),
        ("!!bool yes", "`yes` is not a boolean, as its tag says"),
        ("!!float x", "`x` is not a number, as its tag says"),
        ("!!binary a", "the value is tagged `!!binary` but is not base64"),
        ("!!binary /w==", "the `!!binary` value does not decode to UTF-8 text"),
    ])
    func `a tag that does not fit its text is an error`(source: String, message: String) {
        #expect(throws: SyntaxError(message: message, origin: origin(1, 3))) { try documents("- \(source)") }
    }

    @Test func `block scalars keep their text`() throws {
        let root = try read("a: |\n  x\n   y\n\nb: >-\n  x\n  y\n\n  z\nc: |+\n  x\n\n")
        #expect(root["a"]?.string == "x\n y\n")
        #expect(root["b"]?.string == "x y\nz")
        #expect(root["c"]?.string == "x\n\n")
    }
}

@Suite struct `Documents` {
    @Test(arguments: ["", "\n", "# only a comment\n", "\u{FEFF}", "\u{FEFF}# x\n"])
    func `a text without content has no document`(text: String) throws {
        #expect(try documents(text).isEmpty)
    }

    @Test func `a stream has one tree for each document`() throws {
        let roots = try documents("a: 1\n---\n---\n- b\n...\n").map(\.root)
        #expect(roots == [Node(.mapping(["a": Node(.int(1))])), Node(.null), Node(.sequence([Node("b")]))])
    }

    @Test func `UTF-16 is read`() throws {
        let units = Array("\u{FEFF}é: 😀".utf16)
        let little = units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let big = units.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        for bytes in [little, big] {
            let documents = try Parser.parse(bytes, source: .none)
            #expect(documents.first?.root["é"]?.string == "😀")
        }
    }

    @Test func `every node and key knows its place`() throws {
        let root = try read("# c\nwéb:\n  list:\n    - a\n    - {b: 'c'}\n  text: |\n    x\n")
        let web = try #require(root.mapping?.entry(forKey: "wéb"))
        let list = try #require(web.value.mapping?.entry(forKey: "list"))
        let item = try #require(list.value.sequence?.last?.mapping?.entry(forKey: "b"))
        #expect(root.origin == origin(2, 1))
        #expect(web.keyOrigin == origin(2, 1))
        #expect(web.value.origin == origin(3, 3))
        #expect(list.value.origin == origin(4, 5))
        #expect(list.value.sequence?.first?.origin == origin(4, 7))
        #expect(item.keyOrigin == origin(5, 8))
        #expect(item.value.origin == origin(5, 11))
        #expect(web.value["text"]?.origin == origin(6, 9))
    }

    @Test func `columns count characters`() throws {
        let items = try #require(try read("[é, 😀, x]").sequence)
        #expect(items.map(\.origin.column) == [2, 5, 8])
    }
}

@Suite struct `Aliases and merge keys` {
    @Test func `an alias stands for what its anchor marks and keeps its place`() throws {
        let root = try read("a: &x {k: 1}\nb: *x\nc: &x 2\nd: *x\n&y e: f\ng: *y\n")
        #expect(root["b"] == Node(.mapping(["k": Node(.int(1))])))
        #expect(root["b"]?.origin == origin(1, 4))
        #expect(root["d"] == Node(.int(2)))
        #expect(root["g"]?.string == "e")
    }

    @Test func `an alias may refer to an anchor of an earlier document`() throws {
        let documents = try documents("a: &x 1\n---\nb: *x\n")
        #expect(documents.last?.root["b"] == Node(.int(1)))
    }

    @Test(arguments: [
        ("%YAML 1.1\n---\na: 1\n", true), ("%YAML 1.2\n---\na: 1\n", false), ("a: 1\n", true),
    ])
    func `only version 1.1 of YAML can be asked for`(text: String, isAccepted: Bool) {
        #expect(((try? documents(text)) != nil) == isAccepted)
    }

    @Test(arguments: ["[a?b]", "[http://a/?b=c, d]", "{a: b?}"])
    func `a question mark inside of brackets needs quotes`(text: String) {
        #expect(throws: SyntaxError.self) { try documents(text) }
    }

    @Test(arguments: [
        ("a: *x\n", "`*x` refers to an anchor that is not defined above", origin(1, 4)),
        ("a: &x\n  b: *x\n", "`*x` stands inside the value that it refers to", origin(2, 6)),
        ("a: &x 1\nb: &x [*x]\n", "`*x` stands inside the value that it refers to", origin(2, 8)),
    ])
    func `an alias needs a finished anchor above it`(text: String, message: String, place: Origin) {
        #expect(throws: SyntaxError(message: message, origin: place)) { try documents(text) }
    }

    @Test(
        arguments: [
            ("{<<: {a: 1, b: 2}, a: 0}", ["a": 0, "b": 2]),
            ("{a: 0, <<: {a: 1, b: 2}}", ["a": 0, "b": 2]),
            ("{<<: [{a: 1}, {a: 2, b: 2}]}", ["a": 1, "b": 2]),
            ("{<<: {<<: {a: 1, c: 3}, a: 2}}", ["a": 2, "c": 3]),
            ("{<<: {1: 1, true: 2, ~: 3}}", ["1": 1, "true": 2]),
            ("{!!merge <<: {a: 1}}", ["a": 1]),
            ("{<<: []}", [:]),
        ] as [(String, [String: Int])]
    )
    func `a merge adds the keys that are missing`(text: String, expected: [String: Int]) throws {
        let mapping = try #require(try read(text).mapping)
        #expect(mapping == Mapping(uniqueEntries: expected.map { .init(key: $0.key, value: Node(.int($0.value))) }))
    }

    @Test func `merged keys stand after the others`() throws {
        let root = try read("x: &x [{b: 1}, {c: 2}]\ny:\n  z: 1\n  <<: *x\n  a: 2\n")
        #expect(root["y"]?.mapping?.entries.map(\.key) == ["z", "a", "b", "c"])
    }

    @Test func `a quoted merge key is a key`() throws {
        #expect(try read("{'<<': {a: 1}}")["<<"]?["a"]?.int == 1)
    }

    @Test(arguments: [("{<<: 1}", 6), ("{<<: }", 6), ("{<<: [1]}", 7), ("{<<: [{a: 1}, [b]]}", 15)])
    func `only mappings can be merged`(text: String, column: UInt32) {
        #expect(throws: SyntaxError(message: "`<<` takes a mapping or a list of mappings", origin: origin(1, column))) {
            try documents(text)
        }
    }
}

@Suite struct `Keys` {
    @Test(arguments: [
        ("1", "key `1` of `a` is an integer; keys must be strings"),
        ("0x1F", "key `0x1F` of `a` is an integer; keys must be strings"),
        ("1.5", "key `1.5` of `a` is a number; keys must be strings"),
        ("true", "key `true` of `a` is a boolean; keys must be strings"),
        ("~", "key `~` of `a` is null; keys must be strings"),
        ("2020-01-01", "key `2020-01-01` of `a` is a date; keys must be strings"),
        ("[b]", "a key of `a` is a list; keys must be strings"),
        ("? {b: c}\n ", "a key of `a` is a mapping; keys must be strings"),
        ("? \n ", "a key of `a` is empty; keys must be strings"),
    ])
    func `a key must be a string`(key: String, message: String) throws {
        let error = try #require(throws: SyntaxError.self) { try documents("a:\n \(key): x\n") }
        #expect(error.message == message)
        #expect(error.origin.line == 2)
    }

    @Test(arguments: ["'1'", "\"true\"", "!!str 1", "!foo 1", "yes", "? |-\n  a\n"])
    func `whatever is a string is a key`(key: String) throws {
        #expect(try read("\(key): x\n").mapping?.count == 1)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "key `a` stands twice in the top level", origin(3, 1), origin(1, 1)),
        ("s:\n  a: 1\n  'a': 2\n", "key `a` stands twice in `s`", origin(3, 3), origin(2, 3)),
        ("- {a: 1, a: 2}\n", "key `a` stands twice in `[0]`", origin(1, 10), origin(1, 4)),
        ("{<<: {a: 1}, <<: {b: 1}}", "key `<<` stands twice in the top level", origin(1, 14), origin(1, 2)),
    ])
    func `a key stands once`(text: String, message: String, place: Origin, first: Origin) {
        let note = SyntaxError.Note(message: "it stands here first", origin: first)
        #expect(throws: SyntaxError(message: message, origin: place, notes: [note])) { try documents(text) }
    }

    @Test func `a twin among many keys is found`() {
        let text = (0..<1000).map { "k\($0): 1\n" }.joined() + "k500: 1\n"
        #expect(throws: SyntaxError.self) { try documents(text) }
    }
}

@Suite struct `Reset and override tags` {
    @Test func `a reset node goes and an override node stays`() throws {
        let document = try #require(try documents("a:\n  b: !reset 1\n  c: !override [x]\n  d: 2\n").first)
        #expect(document.root["a"] == Node(.mapping(["c": Node(.sequence([Node("x")])), "d": Node(.int(2))])))
        #expect(
            document.directives == [
                .init(kind: .reset, path: "a.b", origin: origin(2, 6)),
                .init(kind: .override, path: "a.c", origin: origin(3, 6)),
            ]
        )
    }

    @Test func `items of a list are counted as they stand in the file`() throws {
        let document = try #require(try documents("a: [!reset x, y, !override z]").first)
        #expect(document.root["a"] == Node(.sequence([Node("y"), Node("z")])))
        #expect(document.directives.map(\.path.description) == ["a[0]", "a[2]"])
    }

    @Test func `only override tags count again where an alias stands`() throws {
        let text = "x: &x\n  r: !reset 1\n  o: !override 2\n  k: 3\ny: *x\nz:\n  <<: *x\nw:\n  <<: [*x]\n"
        let document = try #require(try documents(text).first)
        #expect(document.directives.map(\.path.description) == ["x.r", "x.o", "y.o", "z.o", "w[0].o"])
        #expect(document.root["y"]?["r"] == nil)
    }

    @Test func `an alias of a reset node is a reset`() throws {
        let document = try #require(try documents("x: &x !reset 1\ny: *x\n").first)
        #expect(document.root.mapping?.isEmpty == true)
        #expect(document.directives.map(\.path) == ["x", "y"])
    }

    @Test func `an override node takes the tags in it as they are`() throws {
        let document = try #require(try documents("a: !override {b: !reset 5, c: !reset [d]}\ne: !override 5\n").first)
        #expect(document.root["a"] == Node(.mapping(["b": Node("5"), "c": Node(.sequence([Node("d")]))])))
        #expect(document.root["e"]?.string == "5")
        #expect(document.directives.map(\.path) == ["a", "e"])
    }

    @Test func `a merged value shows through a reset key`() throws {
        let document = try #require(try documents("a:\n  <<: {b: 1}\n  b: !reset 2\n").first)
        #expect(document.root["a"]?["b"]?.int == 1)
    }

    @Test func `what is reset need not be sound`() throws {
        #expect(try documents("a: !reset {1: 2, b: 1, b: 2, <<: 3, [c]: d}\n").count == 1)
    }
}

/// A place in the file that the tests read.
func origin(_ line: UInt32, _ column: UInt32) -> Origin {
    Origin(file: SourceID(rawValue: 0), line: line, column: column)
}
