// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Terminal
import Testing

@Suite struct `Progress on a terminal` {
    @Test func `is drawn in its place until every thing has its last state`() {
        let shown = ShownProgress()
        shown.tell(.network, "p_default", "Creating", .working)
        shown.tell(.container, "p-db-1", "Waiting", .working)
        shown.pass(.zero)
        #expect(
            shown.lines == [
                "[+] Running 0/2",
                " ⠋ Network p_default  Creating                         0.0s",
                " ⠋ Container p-db-1   Waiting                          0.0s",
            ]
        )
        #expect(!shown.screen.isCursorShown)
        shown.tell(.network, "p_default", "Created", .done)
        shown.pass(.milliseconds(250))
        #expect(
            shown.lines == [
                "[+] Running 1/2",
                " ✔ Network p_default  Created                          0.0s",
                " ⠹ Container p-db-1   Waiting                          0.2s",
            ]
        )
        shown.tell(.container, "p-db-1", "Error", .failed, detail: "exited\n(3)")
        shown.tell(.container, "p-web-1", "Skipped", .warning)
        shown.progress.finish()
        let last = [
            "[+] Running 2/3",
            " ✔ Network p_default  Created                          0.0s",
            " ✘ Container p-db-1   Error  exited (3)                0.2s",
            " ! Container p-web-1  Skipped                          0.0s",
        ]
        #expect(shown.lines == last)
        #expect(shown.screen.isCursorShown && shown.screen.row == 4 && shown.screen.column == 0)
        #expect(shown.screen.faults == [] && shown.screen.frames == shown.writes.count && shown.screen.breaksLines)
        // A second finish, and time, change nothing.
        shown.progress.finish()
        shown.pass(.seconds(1))
        #expect(shown.lines == last)
    }

    @Test func `has the colours of Docker Compose`() {
        let shown = ShownProgress(isColoured: true)
        shown.tell(.container, "a", "Starting", .working)
        shown.tell(.container, "b", "Started", .done)
        shown.tell(.container, "c", "Skipped", .warning)
        shown.tell(.container, "d", "Error", .failed)
        shown.pass(.zero)
        for mark in [
            "\u{1B}[33m⠋\u{1B}[0m Container a  Starting ",
            "\u{1B}[32m✔\u{1B}[0m Container b  \u{1B}[32mStarted\u{1B}[0m ",
            "\u{1B}[1;33m!\u{1B}[0m Container c  \u{1B}[1;33mSkipped\u{1B}[0m ",
            "\u{1B}[1;31m✘\u{1B}[0m Container d  \u{1B}[1;31mError\u{1B}[0m ", " \u{1B}[34m0.0s\u{1B}[0m",
        ] {
            #expect(shown.text.contains(mark))
        }
        #expect(shown.text.contains("[+] Running 2/4"))
        #expect(!shown.text.contains("\u{1B}[34m[+]"))
        shown.tell(.container, "a", "Started", .done)
        shown.tell(.container, "d", "Started", .done)
        shown.progress.finish()
        #expect(shown.text.contains("\u{1B}[34m[+] Running 4/4\u{1B}[0m"))
    }

    @Test func `without colour still has control sequences`() {
        let shown = ShownProgress(isColoured: false)
        shown.tell(.container, "a", "Starting", .working)
        shown.pass(.zero)
        #expect(shown.text.contains("\u{1B}[?25l") && !shown.text.contains("m"))
    }

    @Test func `has a title that changes, and starts anew behind its end`() {
        let shown = ShownProgress()
        shown.tell(.container, "a", "Creating", .working)
        shown.progress.setTitle("Creating")
        shown.pass(.zero)
        #expect(shown.lines.first == "[+] Creating 0/1")
        shown.tell(.container, "a", "Created", .done)
        shown.progress.finish()
        shown.progress.setTitle("Stopping")
        shown.tell(.container, "b", "Stopping", .working)
        shown.pass(.zero)
        #expect(
            shown.lines.map { $0.prefix(19) } == [
                "[+] Creating 1/1", " ✔ Container a  Cre", "[+] Stopping 0/1", " ⠋ Container b  Sto",
            ]
        )
    }

    @Test func `says in every line that nothing is done`() {
        let shown = ShownProgress(isDryRun: true)
        shown.tell(.container, "a", "Created", .done)
        shown.pass(.zero)
        #expect(shown.lines.last == " ✔ DRY-RUN MODE - Container a  Created                 0.0s")
    }

    @Test func `prints output once above what is drawn, in one write with it`() {
        let shown = ShownProgress(rows: 6)
        shown.progress.tell("before")
        shown.tell(.container, "a", "Starting", .working)
        shown.pass(.zero)
        for number in 1...9 {
            shown.progress.print(Array("line \(number)\n".utf8))
            shown.progress.tell("note \(number)", .note)
            let writes = shown.writes.count
            shown.pass(.milliseconds(70))
            #expect(shown.writes.count == writes + 1)
            #expect(
                shown.lines.suffix(2).map { $0.prefix(11) } == ["[+] Running", " \(Self.spinner(at: number)) Containe"]
            )
        }
        shown.tell(.container, "a", "Started", .done)
        shown.progress.print(Array("the end".utf8))
        shown.progress.finish()
        let printed = (1...9).flatMap { ["line \($0)", "note \($0)"] }
        #expect(shown.screen.everything.dropLast() == ["before"] + printed + ["the end", "[+] Running 1/1"])
        #expect(shown.screen.faults == [])
    }

    private static func spinner(at frame: Int) -> String {
        ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"][frame * 70 / 100]
    }

    @Test func `leaves out what has no room, and prints it at the end`() {
        let shown = ShownProgress(rows: 10)
        for number in 1...20 { shown.tell(.container, "c\(number)", "Started", .done) }
        shown.pass(.zero)
        // Of ten rows two stay free.
        #expect(shown.lines.count == 8 && shown.screen.scrollback == [])
        #expect(shown.lines.first == "[+] Running 20/20")
        #expect(shown.lines[1].hasPrefix(" ✔ Container c20 "))
        #expect(shown.lines.last == "   +14 more done")
        shown.tell(.container, "c3", "Stopping", .working)
        shown.tell(.container, "c9", "Stopping", .working)
        shown.tell(.container, "c5", "Error", .failed)
        shown.pass(.seconds(1))
        #expect(
            shown.lines[1...3].map { $0.dropFirst(3).prefix(12) } == ["Container c5", "Container c3", "Container c9"]
        )
        for number in 10...20 { shown.tell(.container, "c\(number)", "Stopping", .working) }
        shown.pass(.seconds(1))
        #expect(shown.lines.last == "   +14 more: 8 working, 6 done")
        for number in 1...20 { shown.tell(.container, "c\(number)", "Stopped", .done) }
        shown.progress.finish()
        #expect(shown.screen.everything.count == 21 && shown.screen.everything.first == "[+] Running 20/20")
        for number in 1...20 { #expect(shown.screen.everything[number].hasPrefix(" ✔ Container c\(number) ")) }
        #expect(shown.screen.faults == [])
    }

    @Test(arguments: [1, 2, 3, 5, 12, 20, 33, 40, 79, 200], [1, 2, 3, 4, 7, 24])
    func `fits every size`(columns: Int, rows: Int) {
        let shown = ShownProgress(columns: columns, rows: rows)
        let names = [
            "数据库-1", "e\u{301}\u{301}e\u{301}", "👩‍👩‍👧-❤️-🇩🇪", String(repeating: "long-", count: 60), "a\u{7}\u{1B}[2Jb\nc",
        ]
        for name in names {
            shown.tell(.container, name, "Waiting", .working, detail: String(repeating: "很", count: 50))
        }
        shown.pass(.zero)
        shown.pass(.seconds(1000))
        let screen = shown.screen
        #expect(screen.scrollback == [] && screen.faults == [])
        #expect(screen.lines.count <= max(0, rows - 2))
        for line in screen.lines { #expect(TextCells.width(line) <= max(1, columns - 1)) }
    }

    @Test func `is drawn anew for another size`() {
        let shown = ShownProgress(columns: 80, rows: 24)
        for number in 1...10 { shown.tell(.container, "c\(number)", "Started", .done) }
        #expect(shown.pass(.zero) == nil)
        #expect(shown.lines.count == 11)
        shown.set(\.size, .init(columns: 40, rows: 8))
        shown.progress.resized()
        shown.pass(.milliseconds(70))
        #expect(shown.lines.count == 6 && shown.lines[1] == " ✔ Container c10  Started          0.0s")
    }

    @Test func `draws at most fifteen frames in a second, and none where nothing happens`() {
        let shown = ShownProgress()
        for step in 0..<1000 {
            shown.tell(.image, "i", "Pulling", .working, detail: "\(step) kB")
            shown.pass(.milliseconds(1))
        }
        #expect((14...16).contains(shown.writes.count))
        // A timer ticks ten times in a second.
        let wait = shown.pass(.seconds(1))
        #expect(wait == .milliseconds(100))
        shown.tell(.image, "i", "Pulled", .done)
        #expect(shown.pass(.seconds(1)) == nil)
        let count = shown.writes.count
        shown.pass(.seconds(60))
        shown.tell(.image, "i", "Pulled", .done)
        shown.pass(.seconds(60))
        #expect(shown.writes.count == count)
    }

    @Test func `leaves the terminal to whoever is in the foreground`() {
        let shown = ShownProgress()
        shown.set(\.isForeground, false)
        shown.tell(.container, "a", "Starting", .working)
        #expect(shown.pass(.zero) == .seconds(1))
        #expect(shown.writes == [])
        shown.progress.tell("a message")
        shown.pass(.seconds(1))
        #expect(shown.text == "a message\n")
        shown.set(\.isForeground, true)
        shown.pass(.seconds(1))
        #expect(shown.lines.count == 3)
        shown.set(\.isForeground, false)
        shown.progress.suspend()
        shown.progress.finish()
        #expect(shown.writes.last.map { !$0.contains(0x1B) } == true)
    }

    @Test func `has a menu below everything, which stays until it is taken away`() {
        let shown = ShownProgress(columns: 40, rows: 7)
        shown.tell(.container, "web", "Starting", .working)
        shown.progress.setMenu(KeyMenu(["w": "Enable Watch", "d": "Detach"]))
        shown.pass(.zero)
        #expect(shown.lines[0] == "[+] Running 0/1" && shown.lines[2] == "w Enable Watch   d Detach")
        shown.tell(.container, "web", "Started", .done)
        shown.progress.finish()
        shown.progress.print(Array("one\ntwo\n".utf8))
        shown.pass(.seconds(1))
        #expect(shown.lines.count == 5 && shown.lines[2...] == ["one", "two", "w Enable Watch   d Detach"])
        // Once more, while nothing else is drawn.
        shown.progress.finish()
        shown.progress.print(Array("three\n".utf8))
        shown.pass(.seconds(1))
        #expect(shown.lines[2...] == ["one", "two", "three", "w Enable Watch   d Detach"])
        shown.progress.setMenu(nil)
        shown.progress.finish()
        #expect(shown.lines[2...] == ["one", "two", "three"])
        #expect(shown.screen.isCursorShown && shown.screen.faults == [])
    }

    @Test func `has no more lines with a menu than have room`() {
        for rows in 1...8 {
            let shown = ShownProgress(columns: 40, rows: rows)
            shown.progress.setMenu(KeyMenu(["d": "Detach"]))
            for number in 1...9 { shown.tell(.container, "c\(number)", "Starting", .working) }
            shown.pass(.zero)
            #expect(shown.lines.count <= max(0, rows - 2) && shown.screen.scrollback == [], "\(rows) rows")
            #expect(rows < 3 || shown.lines.last == "d Detach", "\(rows) rows")
        }
    }

    @Test func `shows the last lines of what is written, as far as they have room`() {
        let shown = ShownProgress(columns: 40, rows: 9)
        shown.tell(.unnamed, "RUN make", "", .working)
        shown.tell(.unnamed, "RUN test", "", .working)
        shown.progress.append("one\ntwo\n 10%\r 20%", to: "RUN make")
        shown.progress.append("\r 30%\u{1B}[2J", to: "RUN make")
        shown.progress.append("a\nb\nc", to: "RUN test")
        shown.pass(.zero)
        func parts() -> [String] { shown.lines.map { String($0.drop { !$0.isLetter && !$0.isNumber && $0 != "[" }) } }
        let two = parts()
        #expect(two.count == 7 && two[2...4] == ["one", "two", "30%"] && two[6] == "c", "\(two)")
        #expect(two[1].hasPrefix("RUN make") && two[5].hasPrefix("RUN test"))
        // What has ended has none any more, and leaves its room to the others.
        shown.tell(.unnamed, "RUN make", "DONE", .done)
        shown.progress.append("late\n", to: "RUN make")
        shown.pass(.seconds(1))
        #expect(parts()[3...] == ["a", "b", "c"])
        shown.tell(.unnamed, "RUN test", "DONE", .done)
        shown.progress.finish()
        #expect(shown.lines.count == 3 && shown.screen.faults == [])
    }

    @Test func `makes room for a question`() {
        let shown = ShownProgress()
        shown.tell(.container, "a", "Starting", .working)
        shown.pass(.zero)
        shown.progress.print(Array("late\n".utf8))
        shown.progress.suspend()
        #expect(shown.lines == ["late"] && shown.screen.isCursorShown && shown.screen.row == 1)
        #expect(shown.pass(.seconds(1)) == nil)
        shown.progress.tell("remove? y")
        shown.progress.resume()
        shown.pass(.seconds(1))
        #expect(shown.lines.count == 4 && !shown.screen.isCursorShown)
        #expect(shown.lines.prefix(3) == ["late", "remove? y", "[+] Running 0/1"])
    }

    @Test(arguments: [EPIPE, EIO])
    func `is quiet where the terminal has gone`(failure: Int32) {
        let shown = ShownProgress()
        shown.tell(.container, "a", "Starting", .working)
        shown.set(\.failure, failure)
        #expect(shown.pass(.zero) == nil)
        #expect(shown.progress.print(Array("x\n".utf8)) == 0)
        shown.tell(.container, "a", "Started", .done)
        shown.pass(.seconds(1))
        shown.progress.finish()
        #expect(shown.writes.count == 1)
    }

    @Test func `is told of by many threads`() async {
        let shown = ShownProgress(columns: 80, rows: 20, hasThread: true)
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for step in 0..<100 {
                        shown.progress.update(ProgressEvent(.container, "c\(task)", "Step\(step)", .working))
                        shown.progress.print(Array("task \(task) line \(step)\n".utf8))
                    }
                    shown.progress.update(ProgressEvent(.container, "c\(task)", "Started", .done))
                }
            }
        }
        shown.progress.finish()
        let lines = shown.screen.everything
        let printed = lines.filter { $0.hasPrefix("task") }
        #expect(printed.count == 800 && Set(printed).count == 800 && lines.count == 809)
        for task in 0..<8 {
            #expect(printed.filter { $0.hasPrefix("task \(task) ") } == (0..<100).map { "task \(task) line \($0)" })
            #expect(lines.suffix(8).contains { $0.hasPrefix(" ✔ Container c\(task)  Started") })
        }
        #expect(lines.filter { $0.hasPrefix("[+]") } == ["[+] Running 8/8"])
        #expect(shown.screen.faults == [])
    }
}

@Suite struct `Progress without a terminal` {
    @Test func `has a line for each change, as of Docker Compose`() {
        let shown = ShownProgress(.plain)
        shown.tell(.container, "p-db-1", "Starting", .working)
        shown.tell(.container, "p-db-1", "Starting", .working, detail: "still")
        shown.tell(.container, "p-db-1", "Started", .done)
        shown.tell(.container, "p-db-1", "Started", .done)
        shown.tell(.image, "nginx", "Error", .failed, detail: "no such\nimage")
        shown.progress.tell("hello", .warning, shownAs: "warning: hello")
        shown.progress.print(Array("output\n".utf8))
        shown.pass(.seconds(1))
        shown.progress.finish()
        #expect(
            shown.text == """
                 Container p-db-1  Starting
                 Container p-db-1  Started
                 Image nginx no such image Error
                warning: hello
                output

                """
        )
        let dry = ShownProgress(.plain, isDryRun: true)
        dry.tell(.container, "a", "Created", .done)
        #expect(dry.text == " DRY-RUN MODE -  Container a  Created\n")
    }

    @Test(arguments: [ProgressMode.plain, .json])
    func `writes together what is known together`(mode: ProgressMode) {
        let (shown, single) = (ShownProgress(mode), ShownProgress(mode))
        let events = ["a", "b", "b"].map { ProgressEvent(.container, $0, "Running", .done) }
        shown.progress.update(events)
        for event in events { single.progress.update(event) }
        #expect(shown.writes.count == 1)
        #expect(single.writes.count == 2)
        #expect(shown.text == single.text)
        shown.progress.update([])
        #expect(shown.writes.count == 1)
    }

    @Test func `has objects for programs`() {
        let shown = ShownProgress(.json)
        shown.tell(.container, "p-db-1", "Waiting", .working)
        shown.tell(.container, "p-db-1", "Waiting", .working)
        shown.tell(.container, "p-db-1", "Recreate", .working, detail: "1 of \"2\"", cause: "image tag moved")
        shown.progress.tell("no such \u{1B}[31mimage\n\u{9B}", .error, shownAs: "error: x")
        shown.progress.tell("careful", .warning)
        shown.progress.finish()
        #expect(
            shown.text == #"""
                {"id":"Container p-db-1","status":"Waiting"}
                {"id":"Container p-db-1","text":"1 of \"2\"","status":"Recreate","cause":"image tag moved"}
                {"error":true,"message":"no such \u001b[31mimage\n\u009b"}
                {"level":"warning","message":"careful"}

                """#
        )
        let dry = ShownProgress(.json, isDryRun: true)
        dry.tell(.container, "a", "Created", .done)
        #expect(dry.text == "{\"dry-run\":true,\"id\":\"Container a\",\"status\":\"Created\"}\n")
    }

    @Test func `is quiet if it is told to be`() {
        let shown = ShownProgress(.quiet)
        shown.tell(.container, "a", "Created", .done)
        shown.progress.tell("a message", .error)
        shown.progress.finish()
        #expect(shown.writes == [])
    }

    @Test(arguments: [
        ("", true, [:], ProgressMode.terminal), ("auto", true, [:], .terminal), ("auto", false, [:], .plain),
        ("auto", true, ["CI": "true"], .plain), ("auto", true, ["CI": "false"], .terminal),
        ("auto", true, ["CI": ""], .terminal), ("tty", true, ["CI": "1"], .terminal), ("tty", false, [:], .terminal),
        ("plain", true, [:], .plain), ("json", true, [:], .json), ("quiet", true, [:], .quiet),
        ("none", true, [:], .quiet),
    ])
    func `is of the form that is wanted`(
        word: String,
        isTerminal: Bool,
        variables: [String: String],
        mode: ProgressMode
    ) throws {
        #expect(try ProgressMode.choose(word, isTerminal: isTerminal) { variables[$0] } == mode)
    }

    @Test func `has no control sequences where colour is forbidden`() throws {
        #expect(try ProgressMode.choose("auto", colour: .never, isTerminal: true) { _ in nil } == .plain)
        #expect(try ProgressMode.choose("json", colour: .always, isTerminal: true) { _ in nil } == .json)
    }

    @Test(arguments: [
        ("bad", ColourChoice.automatic, #"unsupported --progress value "bad""#),
        ("tty", .never, "can't use --progress tty while ANSI support is disabled"),
        ("plain", .always, "can't use --progress plain while ANSI support is forced"),
    ])
    func `is refused in the words of Docker Compose`(word: String, colour: ColourChoice, message: String) {
        let refusal = #expect(throws: ProgressMode.Refusal.self) {
            try ProgressMode.choose(word, colour: colour, isTerminal: true) { _ in nil }
        }
        #expect(refusal?.description == message)
    }
}
