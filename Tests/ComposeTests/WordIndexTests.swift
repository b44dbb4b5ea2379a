// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compose

@Suite struct `An index of words` {
    @Test func `finds each of its words where it stands`() {
        let words = Service.keys + ["", "x", "ab", "abc", "a word that is longer than sixteen bytes"]
        let index = WordIndex(words)
        for (position, word) in words.enumerated() {
            #expect(index.position(of: word) == position)
        }
    }

    @Test(arguments: ["", "p", "port", "portss", "imagE", "a-word-that-is-no-key-of-a-service", "lin\u{212A}s"])
    func `does not find another word`(word: String) {
        #expect(WordIndex(Service.keys).position(of: word) == nil)
        #expect(WordIndex([]).position(of: word) == nil)
    }

    @Test func `gives the first position of a word that stands there twice`() {
        #expect(WordIndex(["a", "b", "a"]).position(of: "a") == 0)
    }

    @Test func `tells words of the same fingerprint apart`() {
        let words = ["12345678-a-12345678", "12345678-b-12345678", "12345678-c-12345678"]
        #expect(Set(words.map(\.fingerprint)).count == 1)
        #expect(words.map { WordIndex(words).position(of: $0) } == [0, 1, 2])
    }
}
