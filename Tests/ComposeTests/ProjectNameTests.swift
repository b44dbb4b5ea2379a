// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A project name` {
    @Test(arguments: [
        ("app", "app"), ("Foo Bar!", "foobar"), ("_x", "x"), ("--a-_9", "a-_9"), ("a.b", "ab"), ("9lives", "9lives"),
        ("\u{212A}", "k"), ("\u{130}x", "ix"), ("É", ""), ("-_", ""), ("", ""),
    ])
    func `is made from any text`(text: String, expected: String) {
        #expect(ProjectName.normalize(text) == expected)
        #expect(ProjectName.isValid(expected) == !expected.isEmpty)
    }

    @Test(arguments: ["", "A", "_a", "-a", "a b", "a.b", "é", "a\n"])
    func `has only some characters`(text: String) {
        #expect(!ProjectName.isValid(text))
    }
}
