// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Build

private let variables = [
    "a": "1", "b": "two words", "e": "", "p": "/usr/local/lib/x.tar.gz", "q": "\"'", "s": "a*b?c", "ä": "umlaut",
    "_x1": "under", "n": "l1\nl2",
    "d": "$a", "back": "x\\y",
]

@Suite struct `Expansion` {
    @Test(arguments: [
        ("", ""), ("x", "x"), ("$a", "1"), ("${a}", "1"), ("x$a", "x1"), ("$a$a", "11"), ("${a}b", "1b"), ("$ab", ""),
        ("$a.b", "1.b"), ("$a-b", "1-b"), ("$_x1", "under"), ("$ä", "umlaut"),
        ("$none", ""), ("${none}", ""), ("x${none}y", "xy"), ("$", "$"), ("a$", "a$"), ("$ a", "$ a"), ("$/x", "$/x"),
        ("$$a", "a"), ("$1x", "x"), ("$d", "$a"), ("${e}", ""),
        // Quotation marks and escapes.
        ("'$a'", "$a"), ("\"$a\"", "1"), ("\\$a", "$a"), ("'\\$a'", "\\$a"), ("\"\\$a\"", "$a"), ("\"\\\"\"", "\""),
        ("\"\\\\\"", "\\"), ("\"\\x\"", "\\x"), ("\\x", "x"), ("\\\\", "\\"),
        ("x\\", "x"), ("a\\ b", "a b"), ("'a'\"b\"c", "abc"), ("\"'\"", "'"), ("'\"'", "\""), ("$q", "\"'"),
        ("\"$b\"", "two words"), ("$b", "two words"), ("a  b", "a  b"), ("\"\"", ""), ("\\'", "'"),
        ("\"${a}'${a}'\"", "1'1'"), ("$back", "x\\y"), ("{$a}", "{1}"), ("$a}", "1}"),
        // Defaults and alternatives.
        ("${none:-x}", "x"), ("${none-x}", "x"), ("${e:-x}", "x"), ("${e-x}", ""), ("${a:-x}", "1"), ("${a-x}", "1"),
        ("${none:-}", ""), ("${none:-$a}", "1"), ("${none:-${a}}", "1"),
        ("${none:-${e:-y}}", "y"), ("${none:-a b}", "a b"), ("${none:-\"a}b\"}", "a}b"), ("${none:-'$a'}", "$a"),
        ("${none:-\\}}", "}"), ("${none:-a:b}", "a:b"), ("${none:--}", "-"), ("${none-:x}", ":x"),
        ("${a:+x}", "x"), ("${a+x}", "x"), ("${none:+x}", ""), ("${none+x}", ""), ("${e:+x}", ""), ("${e+x}", "x"),
        ("${a:+$b}", "two words"), ("${a:+${none:-z}}", "z"), ("${a:?x}", "1"), ("${a?x}", "1"), ("${e?x}", ""),
        // Patterns.
        ("${p#*/}", "usr/local/lib/x.tar.gz"), ("${p##*/}", "x.tar.gz"), ("${p%/*}", "/usr/local/lib"),
        ("${p%%/*}", ""), ("${p%.gz}", "/usr/local/lib/x.tar"), ("${p%.*}", "/usr/local/lib/x.tar"),
        ("${p%%.*}", "/usr/local/lib/x"),
        ("${p#/usr}", "/local/lib/x.tar.gz"), ("${p#x}", "/usr/local/lib/x.tar.gz"),
        ("${p#?}", "usr/local/lib/x.tar.gz"), ("${p%??}", "/usr/local/lib/x.tar."), ("${none#x}", ""), ("${e%x}", ""),
        ("${p#}", "/usr/local/lib/x.tar.gz"),
        ("${s#a\\*}", "b?c"), ("${s%\\?c}", "a*b"), ("${s#a*}", "*b?c"), ("${s##a*}", ""),
        ("${p/local/opt}", "/usr/opt/lib/x.tar.gz"), ("${p/l/L}", "/usr/Local/lib/x.tar.gz"),
        ("${p//l/L}", "/usr/LocaL/Lib/x.tar.gz"),
        ("${p//\\//-}", "-usr-local-lib-x.tar.gz"), ("${p/nothing/x}", "/usr/local/lib/x.tar.gz"),
        ("${p//./}", "/usr/local/lib/xtargz"), ("${p/.*/}", "/usr/local/lib/x"), ("${s/\\*/+}", "a+b?c"),
        ("${s/\\?/+}", "a*b+c"), ("${p/l*l/_}", "/usr/_ib/x.tar.gz"),
        ("${b/ /$a}", "two1words"), ("${b//o/$none}", "tw wrds"), ("${e/x/y}", ""), ("${none/x/y}", ""),
        ("${b/?/$a}", "1wo words"), ("${s//[ab]/x}", "a*b?c"), ("${n/l1*/x}", "x\nl2"),
    ])
    func `gives what is meant`(text: String, result: String) throws {
        #expect(try Expander().expand(text, variables).text == result)
    }

    @Test(arguments: [
        ("'a", "the ' is not closed"), ("\"a", "the \" is not closed"), ("${a", "the { is not closed"),
        ("${", "the { is not closed"), ("${}", "there is no name"), ("${{a}}", "there is no name"),
        ("${:x}", "there is no name"),
        ("${a!x}", "`${a!…}` is no form"), ("${a:x}", "`${a:x…}` is no form"), ("${a:#x}", "`${a:#…}` is no form"),
        ("${a:%x}", "is no form"), ("${a:/x/y}", "is no form"), ("${a@Q}", "is no form"),
        ("${a:", "the { is not closed"), ("${a=x}", "is no form"),
        ("${none:-x", "the { is not closed"), ("${none:-'x}", "the ' is not closed"),
        ("${none:?}", "the variable `none` is demanded: it may not be unset"), ("${none?}", "it may not be unset"),
        ("${e:?}", "it may not be empty"),
        ("${none:?set it}", "the variable `none` is demanded: set it"), ("${none?set $a}", "set 1"), ("${e:?no}", "no"),
        ("${p/x}", "the / is not closed"), ("${p/x/y", "the { is not closed"),
        ("${p#\\x}", "only `*`, `?` and `\\` can be escaped"),
        ("${p/\\x/y}", "is no pattern"),
    ])
    func `refuses what it cannot understand`(text: String, reason: String) {
        let error = #expect(throws: BuildProblem.self) { try Expander().expand(text, variables) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            ("a b", ["a", "b"]), ("  a\tb  ", ["a", "b"]), ("$b", ["two", "words"]), ("\"$b\"", ["two words"]),
            ("a'b c'd", ["ab cd"]), ("a\\ b c", ["a b", "c"]), ("$e", []), ("$e x", ["x"]), ("\"\"", []),
            ("x$b", ["xtwo", "words"]),
            ("${none:-a b}", ["a", "b"]), ("", []), ("'a b' \"c d\"", ["a b", "c d"]),
        ] as [(String, [String])]
    )
    func `splits at blanks that are not quoted`(text: String, words: [String]) throws {
        #expect(try Expander().expand(text, variables, splitsWords: true).words == words)
    }

    @Test(arguments: [
        ("`$a", "$a"), ("c:\\$a", "c:\\1"), ("a` b", "a b"), ("\"`\"\"", "\""), ("'`'", "`"), ("``", "`"), ("x`", "x"),
        ("\\`\\", "\\\\"),
    ])
    func `has another escape character where the file says so`(text: String, result: String) throws {
        #expect(try Expander(escape: "`").expand(text, variables).text == result)
    }

    @Test(
        arguments: [
            ("$a $none ${x:-y}", ["a"], ["none", "x"]), ("'$none'", [], []), ("\\$none", [], []),
            ("${a:+$z}", ["a"], ["z"]), ("${none#x}", [], ["none"]), ("$a$a", ["a", "a"], []), ("$", [], []),
        ] as [(String, [String], [String])]
    )
    func `tells which variables it saw`(text: String, used: [String], missing: [String]) throws {
        let expansion = try Expander().expand(text, variables)
        #expect(expansion.used.sorted() == used && expansion.missing.sorted() == missing)
    }

    @Test func `has bounds`() {
        let long = ["l": String(repeating: "x", count: 100_000)]
        #expect(throws: BuildProblem.self) { try Expander().expand(String(repeating: "$l", count: 20), long) }
        #expect(throws: BuildProblem.self) {
            try Expander().expand("\"" + String(repeating: "$l", count: 20) + "\"", long)
        }
        #expect(throws: BuildProblem.self) {
            try Expander().expand("${l//x/\(String(repeating: "y", count: 100))}", long)
        }
        #expect(throws: BuildProblem.self) {
            try Expander().expand("${l//\(String(repeating: "*x", count: 200))y/}", long)
        }
        let deep = String(repeating: "${n:-", count: 10_000) + String(repeating: "}", count: 10_000)
        #expect(throws: BuildProblem.self) { try Expander().expand(deep, [:]) }
        #expect(throws: BuildProblem.self) { try Expander().expand(String(repeating: "${n:-", count: 100_000), [:]) }
    }
}
