// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `An environment file` {
    private static let environment = ["SET": "value", "EMPTY": ""]

    private func parse(_ text: String) throws(DotEnvError) -> DotEnvFile {
        try DotEnv.parse(Array(text.utf8)) { Self.environment[$0] }
    }

    private func pairs(_ text: String) throws(DotEnvError) -> [String] {
        try parse(text).entries.map { "\($0.name)=\($0.value)" }
    }

    @Test(arguments: [
        ("A=1\nB: 2\nC = 3\nD==4", ["A=1", "B=2", "C=3", "D==4"]),
        ("\u{FEFF}A=1\r\n# c\n\n  B=2\r\n", ["A=1", "B=2"]),
        ("export A=1\nexport\tB=2\nexportC=3\nexport=4", ["A=1", "B=2", "exportC=3", "export=4"]),
        ("é-[0].x=1\n1A=2\n=3", ["é-[0].x=1", "1A=2", "=3"]),
        ("A=x # c\nB=x#c\nC= # c\nD= x y \t", ["A=x", "B=x#c", "C=# c", "D=x y"]),
        ("A\tB=1\nC\u{A0}=\u{A0}2\u{2003}", ["A\tB=1", "C=2"]),
        ("A=\nB=1", ["A=", "B=1"]),
    ])
    func `has a name, a separator and a value on a line`(text: String, expected: [String]) throws {
        #expect(try pairs(text) == expected)
    }

    @Test(arguments: [
        ("A='$SET \\n'\nB=' # x '", ["A=$SET \\n", "B= # x "]),
        ("A='it\\'s'\nB='\\\\'", ["A=it's", "B=\\\\"]),
        ("A=\"x\ny\"\nB='x\ny'", ["A=x\ny", "B=x\ny"]),
        ("A=\"\\n\\r\\t\\a\\b\\f\\v\\\"\\\\\"", ["A=\n\r\t\u{7}\u{8}\u{C}\u{B}\"\\"]),
        ("A=\"\\c\\x41\\u0041\\d\"", ["A=\\c\\x41\\u0041\\d"]),
        ("A=\"\\0123\\0201|\\0|\\01|\\0999|\\0777\"", ["A=S\u{81}|\\|\\1|\\999|\\777"]),
        ("A=\"$SET ${SET} \\$SET $$SET\"", ["A=value value $SET $SET"]),
        ("A=\"x\"#c\nB='x' C=y", ["A=x", "B=x", "C=y"]),
        ("A=`x`", ["A=`x`"]),
    ])
    func `has quotes around values`(text: String, expected: [String]) throws {
        #expect(try pairs(text) == expected)
    }

    @Test func `expands variables of the environment first and then its own`() throws {
        let file = try parse("A=1\nSET=other\nB=$A$SET\nA=2\nC=${A}${X:-$Y}\nD=\\$SET")
        #expect(
            file.entries == [
                DotEnvFile.Entry(name: "A", value: "2", line: 4),
                DotEnvFile.Entry(name: "SET", value: "other", line: 2),
                DotEnvFile.Entry(name: "B", value: "1value", line: 3, variables: ["A", "SET"]),
                DotEnvFile.Entry(name: "C", value: "2", line: 5, variables: ["A", "X", "Y"]),
                DotEnvFile.Entry(name: "D", value: "\\value", line: 6, variables: ["SET"]),
            ]
        )
        #expect(file.unset == [DotEnvFile.UnsetVariable(name: "Y", line: 5)])
        #expect(file["A"] == "2")
        #expect(file["X"] == nil)
    }

    @Test func `takes the value of the environment for a bare name`() throws {
        #expect(try pairs("SET\nMISSING\nexport EMPTY\n") == ["SET=value", "EMPTY="])
    }

    @Test func `takes a bare name without a line feed at the end for a value`() throws {
        #expect(try pairs("A=1\nSET") == ["A=1", "=SET"])
    }

    @Test(arguments: [
        ("A B=1", 1, 2, "a variable name cannot contain a space: `A B`"),
        ("A=1\n\n B\"=1", 3, 3, "unexpected `\"` in the name of a variable; quotes can only enclose a whole value"),
        ("A=\"1\n2\"\n#\nB#=1", 4, 2, "unexpected `#` in the name of a variable"),
        ("A='it''s'", 1, 7, "unexpected `'` in the name of a variable; quotes can only enclose a whole value"),
        ("A=1\nÄ=\"x\n\n", 2, 3, "the quote that opens here is not closed"),
        ("export ", 1, 7, "`export` needs the name of a variable"),
        ("A\u{0}=1", 1, 2, "unexpected `\\0` in the name of a variable"),
        ("\u{FEFF}A/=1", 1, 2, "unexpected `/` in the name of a variable"),
        ("\nA=${X?set it}", 2, 3, "the required variable `X` has no value: set it"),
    ])
    func `says where a mistake is`(text: String, line: Int, column: Int, message: String) {
        #expect(throws: DotEnvError(message, line: line, column: column)) { try parse(text) }
    }

    @Test func `shows bytes that are not UTF-8 as replacement characters`() throws {
        let file = try DotEnv.parse(Array("# \u{E9}\nB=é\nA=x".utf8) + [0xE2, 0x82, 0x79]) { _ in nil }
        #expect(
            file.entries == [
                DotEnvFile.Entry(name: "B", value: "é", line: 2),
                DotEnvFile.Entry(name: "A", value: "x\u{FFFD}\u{FFFD}y", line: 3, isRepaired: true),
            ]
        )
        let error = DotEnvError("the name of the variable is not valid UTF-8", line: 1, column: 2)
        #expect(throws: error) { try DotEnv.parse([0x41, 0xFF, 0x3D]) { _ in nil } }
    }

    @Test func `cannot grow without bound`() {
        var text = "A0=0123456789abcdef\n"
        for index in 1..<40 {
            text += "A\(index)=$A\(index - 1)$A\(index - 1)\n"
        }
        #expect(throws: DotEnvError.self) { try parse(text) }
    }
}

@Suite struct `A raw environment file` {
    private func parse(_ text: String) throws(DotEnvError) -> DotEnvFile {
        try RawEnvFile.parse(Array(text.utf8)) { ["SET": "value"][$0] }
    }

    @Test(arguments: [
        ("\u{FEFF}A= 'x' # c \r\n  B=$SET=\n\n # c\nA:1", ["A= 'x' # c ", "B=$SET="]),
        ("SET\nMISSING", ["SET=value"]),
        ("A=1\nB=2\nA=3", ["A=3", "B=2"]),
        ("é\u{A0}=1", ["é\u{A0}=1"]),
    ])
    func `gives values no meaning`(text: String, expected: [String]) throws {
        #expect(try parse(text).entries.map { "\($0.name)=\($0.value)" } == expected)
    }

    @Test(arguments: [
        ("export A=1", 1, 7, "a variable name cannot contain white space: `export A`"),
        ("\n =1", 2, 2, "no name before `=`"),
        ("A\t=1", 1, 2, "a variable name cannot contain white space: `A\t`"),
    ])
    func `says where a mistake is`(text: String, line: Int, column: Int, message: String) {
        #expect(throws: DotEnvError(message, line: line, column: column)) { try parse(text) }
    }

    @Test func `must be UTF-8 with lines of limited length`() throws {
        #expect(throws: DotEnvError("the line is not valid UTF-8", line: 1, column: 1)) {
            try RawEnvFile.parse([0x41, 0x3D, 0xFF]) { _ in nil }
        }
        let long = "A=" + String(repeating: "x", count: RawEnvFile.maximumLineLength - 2)
        #expect(try parse(long).entries.count == 1)
        #expect(throws: DotEnvError.self) { try parse(long + "x") }
    }
}
