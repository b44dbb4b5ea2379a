// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineServer
import Testing

@Suite struct `Detach keys` {
    @Test(arguments: [
        (nil, ["abc"], "abc", false), (nil, ["ab\u{10}\u{11}cd"], "ab", true),
        (nil, ["a\u{10}", "\u{11}b"], "a", true),
        (nil, ["a\u{10}", "b\u{11}"], "a\u{10}b\u{11}", false), (nil, ["\u{10}\u{10}\u{11}"], "\u{10}", true),
        ("", ["\u{10}\u{11}"], "\u{10}\u{11}", false), ("ctrl-\\", ["a\u{1c}"], "a", true),
        ("x,y", ["axxy"], "ax", true),
        ("a,a,b", ["aaab"], "a", true), ("a,b,a,c", ["abababac"], "abab", true), ("ctrl-@", ["a\u{0}b"], "a", true),
        ("ctrl-[,ctrl-]", ["\u{1b}\u{1d}"], "", true),
    ])
    func `keys are found and not passed on`(keys: String?, typed: [String], passed: String, isDetached: Bool) throws {
        var detector = try DetachKeys(keys)
        var all: [UInt8] = []
        var found = false
        for text in typed where !found {
            let (bytes, isFound) = detector.feed(Array(text.utf8))
            all += bytes
            found = isFound
        }
        #expect(found == isDetached)
        #expect(String(decoding: all, as: UTF8.self) == passed)
    }

    @Test func `what could be keys is passed on at the end`() throws {
        var detector = try DetachKeys(nil)
        #expect(detector.feed([0x61, 0x10]).passed == [0x61])
        #expect(detector.finish() == [0x10])
        #expect(detector.finish() == [])
    }

    @Test(arguments: ["ctrl", "ctrl-", "ctrl-1", "ctrl-A", "ab", "a,,b", ",", "ctrl-aa", "ä"])
    func `what is no key is a bad parameter`(keys: String) {
        let error = #expect(throws: EngineError.self) { try DetachKeys(keys) }
        #expect(error?.code == .badParameter)
    }
}
