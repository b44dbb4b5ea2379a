// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A truth value in a string` {
    @Test(arguments: [("true", true), ("TRUE", true), ("True", true), ("false", false), ("False", false)])
    func `is true or false in any case`(text: String, value: Bool) {
        #expect(BooleanText.parse(text) == BooleanText(value: value, isDeprecated: false))
    }

    @Test(arguments: [
        ("y", true), ("yes", true), ("YES", true), ("on", true), ("n", false), ("No", false), ("off", false),
    ])
    func `has deprecated spellings`(text: String, value: Bool) {
        #expect(BooleanText.parse(text) == BooleanText(value: value, isDeprecated: true))
    }

    @Test(arguments: ["", "1", "0", "t", "f", " true", "true ", "yess", "truely"])
    func `is nothing else`(text: String) {
        #expect(BooleanText.parse(text) == nil)
    }
}
