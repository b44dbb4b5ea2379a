// SPDX-License-Identifier: Apache-2.0

import Terminal
import Testing

private typealias Source = LogPresenter.Source

private func source(_ name: String) -> Source {
    Source(name: name, service: String(name.prefix { $0 != "-" }), container: "p-\(name)")
}

/// A line as a presenter shows it.
private func shown(_ line: String, isColoured: Bool = false) -> String {
    var options = LogPresenter.Options()
    (options.isColoured, options.hasPrefix) = (isColoured, false)
    var presenter = LogPresenter(options)
    var bytes = Array("before\n".utf8)
    presenter.append(Array(line.utf8)[...], from: source("a-1"), to: &bytes)
    return String(decoding: bytes.dropFirst(7).dropLast(), as: UTF8.self)
}

@Suite struct `A line of a container` {
    @Test(arguments: [
        ("plain ✔ text\twith tab", "plain ✔ text\twith tab"),
        ("\u{1B}[31mred\u{1B}[0m", "red"),
        ("up\u{1B}[2A and \u{1B}[10;20Haway\u{1B}[J", "up and away"),
        ("\u{1B}]0;title\u{7}text\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\", "textlink"),
        ("\u{1B}P1$r0m\u{1B}\\a\u{1B}_kitty\u{1B}\\b\u{1B}(Bc\u{1B}7d\u{1B}c", "abcd"),
        ("a\u{9B}31mb\u{9D}0;t\u{7}c\u{84}d é", "abcd é"),
        ("bell\u{7}\u{8}\u{0}\u{7F}", "bell"),
        ("cut \u{1B}[31", "cut "), ("cut \u{1B}", "cut "), ("cut \u{1B}]0;tit", "cut "),
        ("string \u{1B}]0;\u{1B}[31mx", "string x"),
        ("\u{1B}[?1049h\u{1B}[>4;1mscreen\u{1B}[6n", "screen"),
    ])
    func `loses what is not for other terminals`(line: String, text: String) {
        #expect(shown(line) == text)
        #expect(shown(line, isColoured: true).replacing(/\x{1B}\[[0-9;]*m/) { _ in "" } == text)
    }

    @Test(arguments: [
        ("10%\r20%\r100%", "100%"), ("text\r", "text"), ("text\r\r", "text"), ("\rtext", "text"),
        ("50%\r\u{1B}[Kdone", "done"), ("50%\r\u{1B}[K", ""), ("50%\u{1B}[2K\u{1B}[Gdone", "done"),
        ("50%\u{1B}[1Gdone", "done"),
    ])
    func `is shown in its last state`(line: String, text: String) {
        #expect(shown(line) == text)
        #expect(shown(line, isColoured: true) == text)
    }

    @Test(arguments: [
        ("\u{1B}[31mred\u{1B}[0m", "\u{1B}[31mred\u{1B}[0m"), ("\u{1B}[31mred\u{1B}[m", "\u{1B}[31mred\u{1B}[m"),
        ("\u{1B}[1;31mred", "\u{1B}[1;31mred\u{1B}[0m"),
        ("\u{1B}[38:2::1:2:3mx", "\u{1B}[38:2::1:2:3mx\u{1B}[0m"),
        ("\u{1B}[32m10%\r20%", "\u{1B}[32m20%\u{1B}[0m"),
        ("\u{1B}[32mgreen\u{1B}[5A", "\u{1B}[32mgreen\u{1B}[0m"),
        ("\u{1B}[>4m\u{1B}[?4mx", "x"),
    ])
    func `keeps its colours to itself`(line: String, text: String) {
        #expect(shown(line, isColoured: true) == text)
    }

    @Test func `stays what it is in other encodings`() {
        var options = LogPresenter.Options()
        options.hasPrefix = false
        var presenter = LogPresenter(options)
        var bytes: [UInt8] = []
        presenter.append([0xFF, 0x9B, 0x41, 0x0D, 0xE4, 0x42][...], from: source("a-1"), to: &bytes)
        #expect(bytes == [0xE4, 0x42, 0x0A])
    }

    @Test func `that is overwritten again and again takes no more time for that`() {
        let line = String(repeating: "\u{1B}[1m\u{1B}[2m", count: 50_000) + String(repeating: "\rx", count: 50_000)
        #expect(shown(line, isColoured: true).hasSuffix("x\u{1B}[0m"))
    }
}

@Suite struct `Logs of several containers` {
    private func text(_ options: LogPresenter.Options, _ body: (inout LogPresenter, inout [UInt8]) -> Void) -> String {
        var presenter = LogPresenter(options)
        var bytes: [UInt8] = []
        body(&presenter, &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `have the names before them, and become wider for a longer one`() {
        let text = text(LogPresenter.Options()) { presenter, bytes in
            presenter.add([source("db-1"), source("a-1")])
            presenter.append(Array("one".utf8)[...], from: source("a-1"), to: &bytes)
            presenter.append(Array("two".utf8)[...], from: source("数据-10"), to: &bytes)
            presenter.append(Array("\u{1B}[31mthree".utf8)[...], from: source("a-1"), to: &bytes)
            presenter.append(Array("four".utf8)[...], from: source("a-1 ->"), to: &bytes)
            presenter.appendExit(of: source("a-1"), code: 3, to: &bytes)
            presenter.appendExit(of: source("a-1"), code: 0, isRestarting: true, to: &bytes)
        }
        #expect(
            text == """
                a-1   | one
                数据-10  | two
                a-1      | three
                a-1 ->   | four
                a-1 exited with code 3
                a-1 exited with code 0 (restarting)

                """
        )
    }

    @Test func `have colours in the order of their names`() {
        var options = LogPresenter.Options()
        options.isColoured = true
        let text = text(options) { presenter, bytes in
            presenter.add(["f", "e", "d", "c", "b", "a"].map(source))
            for name in ["a", "b", "c", "d", "e", "f", "a ->"] {
                presenter.append(Array("\(name)".utf8)[...], from: source(name), to: &bytes)
            }
            presenter.appendExit(of: source("b"), code: 1, to: &bytes)
        }
        let colours = ["36", "33", "32", "35", "34", "36;1", "36"]
        let names = ["a", "b", "c", "d", "e", "f", "a ->"]
        let before = zip(names, colours).prefix(6).map { "\u{1B}[\($1)m\($0)  | \u{1B}[0m\($0)\n" }.joined()
        #expect(text == before + "\u{1B}[36ma ->  | \u{1B}[0ma ->\n\u{1B}[33mb exited with code 1\u{1B}[0m\n")
        var prefixer = LogPrefixer(isColoured: true)
        prefixer.add((10...21).map { "c\($0)" })
        #expect(prefixer.paint("x", of: "c19") == "\u{1B}[34;1mx\u{1B}[0m")
        #expect(prefixer.paint("x", of: "c20") == "\u{1B}[36mx\u{1B}[0m")
    }

    @Test func `have times before the text, and no names where they are not wanted`() {
        var options = LogPresenter.Options()
        options.showsTime = true
        let time = "2026-01-02T13:23:37.123456789Z"
        let withNames = text(options) { presenter, bytes in
            presenter.append(Array("x".utf8)[...], from: source("a-1"), at: time, to: &bytes)
        }
        #expect(withNames == "a-1  | \(time) x\n")
        options.hasPrefix = false
        let without = text(options) { presenter, bytes in
            presenter.append(Array("x".utf8)[...], from: source("a-1"), at: time, to: &bytes)
            presenter.append([], from: source("a-1"), to: &bytes)
        }
        #expect(without == "\(time) x\n\n")
    }

    @Test func `are objects for programs`() {
        var options = LogPresenter.Options()
        (options.isJSON, options.isColoured) = (true, true)
        let text = text(options) { presenter, bytes in
            presenter.append(
                Array("\u{1B}[31mre\"d\\\r".utf8)[...],
                from: source("a-1"),
                on: .errors,
                at: "2026-01-02T13:23:37Z",
                to: &bytes
            )
            presenter.append([0x61, 0xFF, 0x62][...], from: source("a-1"), to: &bytes)
            presenter.appendExit(of: source("a-1"), code: 3, isRestarting: true, to: &bytes)
        }
        #expect(
            text == #"""
                {"time":"2026-01-02T13:23:37Z","service":"a","container":"p-a-1","stream":"stderr","line":"\u001b[31mre\"d\\\r"}
                {"service":"a","container":"p-a-1","stream":"stdout","line":"a\#u{FFFD}b"}
                {"service":"a","container":"p-a-1","exitCode":3,"restarting":true}

                """#
        )
    }
}
