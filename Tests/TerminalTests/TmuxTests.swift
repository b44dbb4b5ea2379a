// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

/// One after the other: each keeps a processor busy with asking what is shown.
@Suite(.serialized) struct `Progress in tmux` {
    /// The lines of a finished drawing, of 80 columns.
    private func last(_ name: String, _ status: String, mark: String = "✔", names: Int) -> String {
        let start = " \(mark) Container \(name)"
        return start + String(repeating: " ", count: names - name.count) + "  " + status
    }

    @Test func `leaves every line once`() throws {
        let tmux = try Tmux()
        do {
            let events = try tmux.draw()
            try events.send("working Container db-1 Waiting", "working Container web-1 Creating")
            try tmux.wait(for: "[+] Running 0/2")
            #expect(try !tmux.isCursorShown())
            for number in 1...30 { try events.send("log line \(number)", "print message \(number)") }
            try tmux.wait(for: "message 30")
            try events.send("done Container db-1 Healthy")
            let lines = try tmux.wait(for: "[+] Running 1/2")
            #expect(
                lines.suffix(3).map { $0.prefix(25) } == [
                    "[+] Running 1/2", " ✔ Container db-1   Healt", lines[lines.count - 1].prefix(25),
                ]
            )
            for line in lines.suffix(2) { #expect(line.count == 79 && line.hasSuffix("s")) }
            try events.send("failed Container web-1 Error no such image")
            try tmux.wait(for: "no such image")
        }
        let lines = try tmux.end()
        #expect(lines.prefix(60) == (1...30).flatMap { ["line \($0)", "message \($0)"] }[...])
        #expect(
            lines.dropFirst(60).map { Tmux.withoutTime($0) } == [
                "[+] Running 1/2", last("db-1", "Healthy", names: 5),
                last("web-1", "Error  no such image", mark: "✘", names: 5),
            ]
        )
        #expect(try tmux.isCursorShown())
    }

    @Test func `never scrolls, with more things than lines`() throws {
        let tmux = try Tmux()
        do {
            let events = try tmux.draw()
            for number in 1...60 { try events.send("working Container c\(number) Starting") }
            let working = try tmux.wait { $0.last == "   +40 more working" }
            #expect(working.count == 23 && working[1] == "[+] Running 0/60", "\(working)")
            for number in 1...55 { try events.send("done Container c\(number) Started") }
            // A drawing may be seen when it is half done.
            let lines = try tmux.wait { $0.contains("[+] Running 55/60") && $0.last == "   +40 more done" }
            #expect(lines.count == 23 && lines[1] == "[+] Running 55/60", "\(lines)")
            #expect(lines[2...6].map { $0.dropFirst(3).prefix(13) } == (56...60).map { "Container c\($0)"[...] })
            #expect(try tmux.historySize() == 0)
            for number in 1...60 { try events.send("done Container c\(number) Started") }
            try tmux.wait(for: "[+] Running 60/60")
        }
        let lines = try tmux.end()
        #expect(lines.count == 61 && lines.first == "[+] Running 60/60")
        for number in 1...60 {
            #expect(lines[number].hasPrefix(last("c\(number)", "Started", names: number < 10 ? 3 : 3)))
        }
    }

    @Test func `is drawn anew while the terminal changes its size`() throws {
        let tmux = try Tmux()
        let sizes = [(50, 24), (50, 12), (120, 12), (120, 40), (75, 40), (75, 7), (100, 9), (100, 24), (80, 24)]
        let names = (1...8).map { "service-with-a-long-name-\($0)" }
        do {
            let events = try tmux.draw()
            // With the screen full, so that lines which are broken anew find room in it.
            for number in 1...30 { try events.send("log line \(number)") }
            for name in names { try events.send("working Container \(name) Waiting") }
            try events.send("log " + String(repeating: "long ", count: 40))
            try tmux.wait(for: "[+] Running 0/8")
            for (columns, rows) in sizes {
                try tmux.resize(columns: columns, rows: rows)
                try tmux.wait { lines in
                    let drawing = lines.drop { !$0.hasPrefix("[+]") }
                    return drawing.count == min(9, rows - 2)
                        && drawing.dropFirst().allSatisfy {
                            $0.hasPrefix("   +") || $0.count == columns - 1 && $0.hasSuffix("s")
                        }
                }
                #expect(try tmux.everything().filter { $0.hasPrefix("[+]") } == ["[+] Running 0/8"])
            }
            for name in names { try events.send("done Container \(name) Healthy") }
            try tmux.wait(for: "[+] Running 8/8")
        }
        let lines = try tmux.end()
        let start = try #require(lines.firstIndex { $0.hasPrefix("[+]") })
        #expect(
            lines[start...].map { Tmux.withoutTime($0) } == ["[+] Running 8/8"]
                + names.map {
                    last($0, "Healthy", names: 26)
                }
        )
        #expect(lines[..<start].joined().filter { $0 != " " }.ranges(of: "long").count == 40)
    }

    @Test func `gives the cursor back when it is interrupted`() throws {
        let tmux = try Tmux()
        let events = try tmux.draw()
        try events.send("working Container a Starting")
        try tmux.wait(for: "[+] Running 0/1")
        #expect(try !tmux.isCursorShown())
        try tmux.type("C-c")
        let lines = try tmux.end()
        #expect(try tmux.isCursorShown())
        #expect(
            lines.count { $0.contains("[+] Running") } == 1 && lines.contains { $0.contains("Container a  Starting") }
        )
        try tmux.type("echo status $?", "Enter")
        try tmux.wait(for: "status \(128 + SIGINT)")
    }

    @Test(arguments: [SIGHUP, SIGQUIT, SIGTERM, SIGPIPE, SIGABRT, SIGSEGV, 0, -1])
    func `gives the cursor back when it dies`(signal: Int32) throws {
        let tmux = try Tmux()
        let events = try tmux.draw()
        try events.send("working Container a Starting")
        try tmux.wait(for: "[+] Running 0/1")
        #expect(try !tmux.isCursorShown())
        try events.send(signal > 0 ? "signal \(signal)" : signal == 0 ? "exit" : "die")
        try tmux.wait { $0.last?.hasSuffix(Tmux.prompt) == true && $0.count > 3 }
        #expect(try tmux.isCursorShown())
        try tmux.type("echo status $?", "Enter")
        let status = try tmux.wait { $0.contains { $0.hasPrefix("status ") } }.first { $0.hasPrefix("status ") }
        if signal >= 0 { #expect(status == "status \(signal > 0 ? 128 + signal : 3)") }
    }

    @Test func `goes on where the program handles the signal itself`() throws {
        let tmux = try Tmux()
        do {
            let events = try tmux.draw("tty own-interrupts")
            try events.send("working Container a Starting")
            try tmux.wait(for: "[+] Running 0/1")
            try tmux.type("C-c")
            try events.send("title Stopping")
            try tmux.wait(for: "[+] Stopping 0/1")
            #expect(try !tmux.isCursorShown())
        }
        let lines = try tmux.end()
        #expect(
            lines.map { $0.prefix(16) } == ["[+] Stopping 0/1", lines[1].prefix(16)] && lines[1].contains("Container a")
        )
    }

    @Test func `stops with a cursor, draws nothing in the background, and goes on`() throws {
        let tmux = try Tmux()
        do {
            let events = try tmux.draw()
            try events.send("working Container a Starting")
            try tmux.wait(for: "[+] Running 0/1")
            try tmux.type("C-z")
            let stopped = try tmux.wait { $0.last == Tmux.prompt && $0.count > 2 }
            #expect(stopped.contains { $0.contains("Stopped") } && !stopped.contains { $0.contains("[+]") })
            #expect(try tmux.isCursorShown())
            try tmux.type("bg", "Enter")
            try events.send("done Container a Started", "working Container b Starting", "print from behind")
            let behind = try tmux.wait(for: "from behind")
            #expect(!behind.contains { $0.contains("[+]") })
            #expect(try tmux.isCursorShown())
            try tmux.type("fg", "Enter")
            try tmux.wait(for: "[+] Running 1/2")
            #expect(try !tmux.isCursorShown())
            try events.send("done Container b Started")
            try tmux.wait(for: "[+] Running 2/2")
        }
        let lines = try tmux.end()
        #expect(
            lines.suffix(3).map { Tmux.withoutTime($0) } == [
                "[+] Running 2/2", last("a", "Started", names: 1), last("b", "Started", names: 1),
            ]
        )
        #expect(lines.count { $0.contains("[+]") } == 1)
        #expect(try tmux.isCursorShown())
    }
}

@Suite struct `Progress for a reader that goes` {
    @Test(arguments: ["plain", "json", "tty"])
    func `ends without a word`(mode: String) throws {
        let events = (1...2000).map { "done Container c\($0) Started" }.joined(separator: "\n")
        let scratch = try Scratch()
        try scratch.write("events", events + "\n")
        for trap in ["", "trap '' PIPE; "] {
            let script = "\(trap)draw-progress \(mode) < events 2>&1 >&3 | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}"
            var command = Command("/bin/bash", ["-c", "exec 3>out; \(script)"], in: scratch.path)
            command.environment = ["PATH": "\(Binaries.path(of: "")):/usr/bin:/bin"]
            let outcome = try command.run()
            #expect([trap.isEmpty ? "\(128 + SIGPIPE)\n" : "0\n", "0\n"].contains(outcome.output))
            #expect(outcome.errors == "")
            #expect(try scratch.text("out") == "")
        }
    }
}
