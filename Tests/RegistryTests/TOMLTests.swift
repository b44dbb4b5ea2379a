// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Registry

@Suite struct `TOML` {
    private func read(_ text: String) throws -> TOMLTable {
        var reader = TOMLReader(text, path: "file")
        return try reader.table()
    }

    @Test func `is read with all kinds of values`() throws {
        let table = try read(
            #"""
            a = "x\ty\u00e4\\" # a comment
            'b c' = '\n'
            "d" = [ 1, # one
              [true, "]"], ]
            e.f = 2026-01-02T03:04:05.5+01:00
            e.g = { h = -1_000, i.j = {} }
            k = """
            one \
               two
            three"""
            l = '''#'''
            """#
        )
        #expect(table.entries.map(\.key) == ["a", "b c", "d", "e", "k", "l"])
        #expect(table["a"] == .text("x\tyä\\") && table["b c"] == .text("\\n"))
        #expect(table["d"] == .list([.number("1"), .list([.boolean(true), .text("]")])]))
        #expect(table["k"] == .text("one two\nthree") && table["l"] == .text("#"))
        guard case .table(let dotted)? = table["e"], case .table(let inline)? = dotted["g"] else {
            Issue.record("no tables")
            return
        }
        #expect(dotted["f"] == .number("2026-01-02T03:04:05.5+01:00") && inline["h"] == .number("-1_000"))
        #expect(inline["i"] == (try read("j = {}")).asValue)
    }

    @Test func `has tables, and lists of tables, in their order`() throws {
        let table = try read("x = 1\r\n[b.'c.d']\r\ny = 2\n[[a]]\n[[a.m]]\nz = 3\n[[a.m]]\n[[a]]\nz = 4\n[ b . e ]\n")
        #expect(table.entries.map(\.key) == ["x", "b", "a"])
        #expect(table["b"] == (try read("'c.d' = {y = 2}\ne = {}")).asValue)
        #expect(table["a"] == .list([try read("m = [{z = 3}, {}]").asValue, try read("z = 4").asValue]))
    }

    @Test(arguments: [
        "a", "a =", "a = b", "a = 1 2", "a = \"x", "a = \"\\x\"", "a = \"\\ud800\"", "a = [1", "a = [1 2]",
        "a = {b = 1",
        "[a", "[[a]", "[]", "= 1", "a = 1\na = 2", "a = 1\n[a]", "a = 1\n[[a]]", "[a]\n[[a]]", "a.b = 1\na.b.c = 2",
        "a = " + String(repeating: "[", count: 100_000),
    ])
    func `that is wrong is refused with its line`(text: String) {
        let error = #expect(throws: RegistryError.self) { try read(text) }
        #expect(error?.code == .configuration && error?.message.hasPrefix("`file`, line ") == true)
    }
}

extension TOMLTable {
    fileprivate var asValue: TOMLValue { .table(self) }
}
