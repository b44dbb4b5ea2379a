// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

private let head = "services:\n  web:\n    image: busybox\n"

/// Text that is not what it should be.
private let brokenTexts: [BadInput] = [
    BadInput("an empty file", .refused(naming: "compose.yaml")) { "" },
    BadInput("comments alone", .refused(naming: "compose.yaml")) { "# nothing\n" },
    BadInput("a scalar") { "hello\n" },
    BadInput("a list") { "- a\n- b\n" },
    BadInput("a tab as indentation") { "services:\n\tweb: {}\n" },
    BadInput("an unterminated string") { head + "    command: \"never\n" },
    BadInput("an unterminated collection") { head + "    command: [a, b\n" },
    BadInput("an unknown alias") { head + "    labels: *nope\n" },
    BadInput("a list as a key") { head + "    labels: {? [a, b] : c}\n" },
    BadInput("a null as a key") { head + "    labels: {~: c}\n" },
    BadInput("a NUL") { head + "    labels: {a: \"x\0y\"}\n" },
    BadInput("a bell") { head + "    labels: {a: x\u{7}y}\n" },
    BadInput("a list that holds itself") { "x-a: &a [*a]\n" + head },
    BadInput("a mapping that holds itself") { "x-a: &a {b: {c: *a}}\n" + head },
    BadInput("a mapping that merges itself") { "x-a: &a {<<: *a}\n" + head },
    BadInput("a merge key that is no mapping") { "x-a: {<<: [1, 2]}\n" + head },
    BadInput("binary data that is none") { head + "    labels: {a: !!binary '%%%'}\n" },
    BadInput("a reset of everything", .any) { "!reset\n" + head },
    BadInput("an override of everything", .any) { "!override\n" + head },
    BadInput("an escape sequence as a key") { head + "    \"\\e]0;title\\a\\e[31mred\": 1\n" },
    BadInput("an escape sequence as a value") { head + "    ports: [\"\\e[31mred\"]\n" },
    BadInput("an escape sequence of the C1 set") { head + "    \"\\x9b31mred\": 1\n" },
]

/// Text that goes past every reasonable size in one direction.
private let hugeTexts: [BadInput] = [
    BadInput("10,000 nested lists") {
        "x-a: " + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000) + "\n" + head
    },
    BadInput("10,000 nested mappings") {
        "x-a: " + String(repeating: "{a: ", count: 10_000) + String(repeating: "}", count: 10_000) + "\n" + head
    },
    BadInput("10,000 nested lists in block style") {
        "x-a:\n" + String(repeating: "- ", count: 10_000) + "a\n" + head
    },
    BadInput("5,000 nested mappings in block style") {
        "x-a:\n" + (1...5_000).map { String(repeating: " ", count: $0) + "a:\n" }.joined() + head
    },
    BadInput("a million open brackets") { "x-a: " + String(repeating: "[", count: 1_000_000) },
    BadInput("a million open braces") { "x-a: " + String(repeating: "{", count: 1_000_000) },
    BadInput("a million dashes in a line") { String(repeating: "- ", count: 1_000_000) },
    BadInput("a million question marks in a line") { String(repeating: "? ", count: 1_000_000) },
    BadInput("a million open keys in a line") { String(repeating: "a: ", count: 1_000_000) },
    BadInput("a million documents", .any) { head + String(repeating: "---\n", count: 1_000_000) },
    BadInput("a million services", .any) {
        "services:\n" + (0..<1_000_000).map { "  s\($0): {image: busybox}\n" }.joined()
    },
    BadInput("an unknown key of 1 MB") { head + "    ? \(String(repeating: "k", count: 1_000_000))\n    : 1\n" },
    BadInput("a value of 1 MB that is wrong") {
        head + "    ports: [\"\(String(repeating: "9", count: 1_000_000))\"]\n"
    },
    BadInput("a tag of 1 MB", .any) { head + "    labels: {a: !\(String(repeating: "t", count: 1_000_000)) b}\n" },
    BadInput("an anchor of 1 MB", .any) { head + "    labels: {a: &\(String(repeating: "t", count: 1_000_000)) b}\n" },
    BadInput("100,000 unknown keys") { head + (0..<100_000).map { "    key\($0): 1\n" }.joined() },
    BadInput("10,000 unknown keys in one line") {
        "services: {web: {image: busybox, \((0..<10_000).map { "key\($0): 1" }.joined(separator: ", "))}}\n"
    },
    BadInput("100,000 keys that stand twice") {
        head + "    labels:\n" + String(repeating: "      a: b\n", count: 100_000)
    },
    BadInput("100,000 labels", .any) { head + "    labels:\n" + (0..<100_000).map { "      k\($0): v\n" }.joined() },
    BadInput("100,000 labels as a list", .any) {
        head + "    labels:\n" + (0..<100_000).map { "      - k\($0)=v\n" }.joined()
    },
    BadInput("100,000 unset variables", .any) {
        head + "    labels:\n" + (0..<100_000).map { "      k\($0): $NOPE\($0)\n" }.joined()
    },
    BadInput("100,000 variable references that are none") {
        head + "    labels:\n" + (0..<100_000).map { "      k\($0): ${NOPE\n" }.joined()
    },
    BadInput("defaults 100,000 deep", .any) {
        head + "    labels: {a: \"" + String(repeating: "${A:-", count: 100_000) + "x"
            + String(repeating: "}", count: 100_000) + "\"}\n"
    },
    BadInput("a million dollar signs and braces", .any) {
        head + "    labels: {a: \"" + String(repeating: "${", count: 500_000) + "\"}\n"
    },
    BadInput("a command of 100,000 open quotes", .any) {
        head + "    command: \(String(repeating: "'\"", count: 100_000))\n"
    },
]

/// Bytes that are not UTF-8.
private let brokenBytes: [(name: String, bytes: [UInt8])] = [
    ("a lone continuation byte", [0x80]),
    ("a sequence that breaks off", [0xe2, 0x82]),
    ("an overlong slash", [0xc0, 0xaf]),
    ("a surrogate", [0xed, 0xa0, 0x80]),
    ("a code point past the last", [0xf4, 0x90, 0x80, 0x80]),
    ("a byte that never stands in UTF-8", [0xff]),
    ("a NUL", [0]),
]

@Suite struct `Hostile text` {
    @Test(arguments: brokenTexts)
    func `that is broken is refused with its place`(text: BadInput) throws {
        try text.check()
    }

    @Test(arguments: hugeTexts)
    func `that is huge is refused or read within bounds`(text: BadInput) throws {
        try text.check()
    }

    @Test(arguments: brokenBytes)
    func `that is not UTF-8 is refused`(bytes: (name: String, bytes: [UInt8])) throws {
        try BadInput(bytes.name) {
            try $0.write("compose.yaml", bytes: Array("\(head)    hostname: a".utf8) + bytes.bytes + Array("b\n".utf8))
        }.check()
    }

    // Docker Compose takes the bytes of an environment as they are, so they are not an error by themselves.
    @Test(arguments: brokenBytes)
    func `that is not UTF-8 does no harm in an environment`(bytes: (name: String, bytes: [UInt8])) throws {
        try BadInput(bytes.name, .any) {
            try $0.write("compose.yaml", head + "    env_file: hostile\n")
            try $0.write("hostile", bytes: Array("A=a".utf8) + bytes.bytes + Array("b\n".utf8))
        }.check()
    }

    @Test func `in UTF-16 without a mark is refused`() throws {
        try BadInput("UTF-16") {
            try $0.write("compose.yaml", bytes: head.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] })
        }.check()
    }
}
