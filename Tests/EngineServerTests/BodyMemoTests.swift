// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EngineServer

@Suite struct `What is remembered of bodies` {
    @Test func `is what the last of them stood for`() {
        let memo = BodyMemo<Int>()
        for number in 0..<5 { memo.note(number, of: [UInt8(number)]) }
        #expect((0..<5).map { memo[[UInt8($0)]] } == [nil, 1, 2, 3, 4])
        let large = [UInt8](repeating: 0, count: 1 << 20 + 1)
        memo.note(5, of: large)
        #expect(memo[large] == nil)
        #expect(memo[[4]] == 4)
    }
}
