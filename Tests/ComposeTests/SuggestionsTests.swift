// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A suggestion for a misspelt word` {
    private static let words = [
        "annotations", "build", "cap_add", "cap_drop", "command", "cpus", "depends_on", "dns", "env_file",
        "environment",
        "expose", "image", "init", "ipc", "labels", "networks", "pid", "ports", "restart", "tty", "user", "volumes",
    ]

    @Test(arguments: [
        ("imagee", "image"), ("prots", "ports"), ("enviroment", "environment"), ("Image", "image"),
        ("volume", "volumes"),
        ("depends-on", "depends_on"), ("dependson", "depends_on"), ("envfile", "env_file"), ("comand", "command"),
        ("bulid", "build"), ("cap_ad", "cap_add"), ("tyt", "tty"), ("netwroks", "networks"),
        ("enviornmetn", "environment"),
    ])
    func `is the nearest word`(word: String, expected: String) {
        #expect(Suggestions.nearest(to: word, in: Self.words) == expected)
    }

    @Test(arguments: ["foo", "", "x", "xy", "something", "xxxxx", "image", "restart_policy"])
    func `is left out where none is near`(word: String) {
        #expect(Suggestions.nearest(to: word, in: Self.words) == nil)
    }

    @Test func `is left out for a very long word`() {
        let word = String(repeating: "a", count: 65)
        #expect(Suggestions.nearest(to: word, in: [word + "b"]) == nil)
        #expect(Suggestions.nearest(to: String(word.dropLast()), in: [String(word.dropLast(2))]) != nil)
    }

    @Test func `is the first one of several that are equally near`() {
        #expect(Suggestions.nearest(to: "cap_aop", in: ["cap_app", "cap_add"]) == "cap_app")
        #expect(Suggestions.nearest(to: "abcd", in: ["abcx", "abcy"]) == "abcx")
    }
}
