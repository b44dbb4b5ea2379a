// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A command in one string` {
    @Test(arguments: [
        ("a b\tc\nd\re", ["a", "b", "c", "d", "e"]),
        ("", []),
        ("  ", []),
        ("a 'b c' \"d e\"f", ["a", "b c", "d ef"]),
        ("'' a \"\"", ["", "a", ""]),
        ("a\\ b \\\"c \\t", ["a b", "\"c", "t"]),
        ("'a\\n' \"b\\nc\\\"\"", ["a\\n", "bnc\""]),
        ("`b c` $(d e) $(f 'g\"`)", ["`b c`", "$(d e)", "$(f 'g\"`)"]),
        ("`\"\"`", ["``"]),
        ("a)b )c", ["a)b )c"]),
        ("\"(\" '(' `(`", ["(", "(", "`(`"]),
        ("#a ~ * {b,c} $D", ["#a", "~", "*", "{b,c}", "$D"]),
        ("é\u{A0}'ü ö'", ["é\u{A0}ü ö"]),
    ])
    func `is split as a shell does`(text: String, expected: [String]) throws {
        #expect(try ShellWords.split(text) == expected)
    }

    @Test(arguments: [
        ("a b;c", ["a", "b"]),
        ("a&&b", ["a"]),
        ("a | b", ["a"]),
        ("a <b", ["a"]),
        ("a 2>b", ["a"]),
        ("a b2>c", ["a", "b2"]),
        ("a 2b>c", ["a"]),
        ("'a;b' \"c>d\" `e|f` $(g&h) \\;", ["a;b", "c>d", "`e|f`", "$(g&h)", ";"]),
        ("; a '", []),
    ])
    func `ends at an operator of the shell`(text: String, expected: [String]) throws {
        #expect(try ShellWords.split(text) == expected)
    }

    @Test(arguments: [
        ("'a", "has a single quote without a partner"),
        ("\"a", "has a double quote without a partner"),
        ("`a", "has a backtick without a partner"),
        ("$(a", "has a parenthesis without a partner"),
        ("a)", "has a parenthesis without a partner"),
        ("a(b)", "has a parenthesis that is not part of `$(…)`"),
        ("$(a(b))", "has a parenthesis without a partner"),
        ("a\\", "ends with a backslash"),
    ])
    func `must have pairs of quotes and brackets`(text: String, reason: String) {
        let message = "the command `\(text)` \(reason); put it in quotes or write a list of words"
        #expect(throws: ValueError(message)) { try ShellWords.split(text) }
    }
}
