// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A number of bytes` {
    @Test(arguments: [
        ("0", 0), ("5", 5), ("00012", 12), ("+5", 5), ("-0", 0), ("1.9999", 1), ("1.", 1), (".5k", 512), ("1e3", 1_000),
        ("5b", 5), ("5 B", 5), ("5 ", 5), ("5k", 5_120), ("5KB", 5_120), ("5KiB", 5_120), ("5 kb", 5_120),
        ("1.5m", 1_572_864), ("2g", 2_147_483_648), ("1t", 1_099_511_627_776), ("5PiB", 5_629_499_534_213_120),
        ("1_000", 1_000), ("1_0k", 10_240), ("0x1p4", 16), ("0x_1p1", 2), ("1e-400", 0), ("5\u{212A}", 5_120),
    ])
    func `is a number with a unit or without`(text: String, expected: Int64) throws {
        #expect(try ByteCountText.parse(text) == expected)
    }

    @Test(arguments: [
        ("", "is not a size"), ("k", "is not a size"), (" 5", "is not a size"), ("5  k", "is not a size"),
        ("5.5.5", "is not a size"), ("5,5", "is not a size"), ("5k ", "is not a size"), ("0x10", "is not a size"),
        ("1__0", "is not a size"), ("1_.5", "is not a size"), ("1_", "unknown unit"), ("_1", "is not a size"),
        ("٥", "is not a size"),
        ("5x", "unknown unit `x`"), ("5ki", "unknown unit `ki`"), ("5bb", "unknown unit `bb`"), ("5eb", "unknown unit"),
        ("5kibb", "unknown unit"), ("-5", "is negative"), ("-1k", "is negative"),
        ("1e30", "is too large"), ("9223372036854775807", "is too large"), ("10000000p", "is too large"),
        ("1e400", "is not a size"), ("inf b", "is not a size"), ("nan ", "is not a size"),
    ])
    func `is refused with a reason`(text: String, reason: String) {
        #expect {
            try ByteCountText.parse(text)
        } throws: {
            ($0 as? ValueError)?.message.contains(reason) == true
        }
    }
}
