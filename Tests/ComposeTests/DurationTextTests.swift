// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A duration` {
    @Test(arguments: [
        ("0", "0s"), ("-0", "0s"), ("0m", "0s"), ("0.1ns", "0s"),
        ("1m30s", "1m30s"), ("90s", "1m30s"), ("26h", "26h0m0s"), ("1h1ns", "1h0m0.000000001s"),
        ("1500ms", "1.5s"), ("100ms", "100ms"), ("1.1us", "1.1µs"), ("1\u{B5}s", "1µs"), ("1\u{3BC}s", "1µs"),
        ("1ns", "1ns"),
        ("1d", "24h0m0s"), ("1w", "168h0m0s"), ("1.5d", "36h0m0s"),
        ("-5s", "-5s"), ("+5s", "5s"), ("-1500ms", "-1.5s"), ("-1us", "-1µs"), (".5s", "500ms"), ("5.s", "5s"),
        ("1m1m", "2m0s"),
        ("0.9223372036854775808s", "922.337203ms"), ("1.0000000001h", "1h0m0.00000036s"),
        ("9223372036854775807ns", "2562047h47m16.854775807s"), ("15250w", "2562000h0m0s"),
    ])
    func `is read and written in its shortest form`(text: String, expected: String) throws {
        let duration = try DurationText.parse(text)
        #expect(DurationText.format(duration) == expected)
        #expect(try DurationText.parse(expected) == duration)
    }

    @Test func `is cut to nanoseconds when it is written`() {
        #expect(DurationText.format(.zero) == "0s")
        #expect(DurationText.format(Duration(secondsComponent: 1, attosecondsComponent: 1)) == "1s")
        #expect(DurationText.format(.seconds(Int64.max)) == "2562047788015215h30m7s")
        #expect(DurationText.format(.seconds(Int64.min)) == "-2562047788015215h30m8s")
    }

    @Test(arguments: ["", "-", "+", ".s", "s", " 1s", "--1s", "-+1s", "1s x"])
    func `has numbers and units`(text: String) {
        #expect(throws: ValueError.self) { try DurationText.parse(text) }
    }

    @Test(arguments: [
        ("10", "10s"), ("1h1", "1h1s"), ("10min", "m"), ("10 sec", "s"), ("10S", "s"), ("2 days", "d"), ("1x", nil),
    ])
    func `with a wrong unit gets a suggestion`(text: String, suggestion: String?) {
        #expect {
            try DurationText.parse(text)
        } throws: {
            ($0 as? ValueError).map { $0.suggestion == suggestion } == true
        }
    }

    @Test(arguments: [
        "9223372036854775808ns", "106752d", "15251w", "2562047h47m16.854775808s", "99999999999999999999s",
    ])
    func `has a limit`(text: String) {
        #expect(throws: ValueError("the duration `\(text)` is too long; the limit is 292 years")) {
            try DurationText.parse(text)
        }
    }
}
