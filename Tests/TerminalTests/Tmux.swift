// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport

/// A shell in a terminal of tmux(1), in which `draw-progress` runs and is told what to show.
final class Tmux: Sendable {
    private let scratch: Scratch
    private let columns: Int
    private let rows: Int
    /// Fails a test that waits for what does not come; it is no measure of speed.
    private static let watchdogSeconds = 600
    /// What the shell says when it waits for a command.
    static let prompt = "ready>"

    init(columns: Int = 80, rows: Int = 24) throws {
        scratch = try Scratch()
        (self.columns, self.rows) = (columns, rows)
        if mkfifo(scratch / "events", 0o600) != 0 { throw SystemFailure("create", scratch / "events") }
        try scratch.write("rc", "PS1='\(Self.prompt) '; PATH=\(Binaries.path(of: "")):$PATH; set +o history\n")
        try scratch.write(
            "conf",
            "set -g history-limit 10000\nset -g status off\nset -g default-terminal screen-256color\n"
        )
        try tmux(
            "-f",
            scratch / "conf",
            "new-session",
            "-d",
            "-x",
            "\(columns)",
            "-y",
            "\(rows)",
            "exec bash --noprofile --rcfile \(scratch / "rc") -i"
        )
        try wait { $0.last == Self.prompt }
    }

    deinit {
        // The server that this test began, and the shell with it.
        _ = try? tmux("kill-server")
    }

    @discardableResult
    private func tmux(_ arguments: String...) throws -> String { try tmux(arguments) }

    @discardableResult
    private func tmux(_ arguments: [String]) throws -> String {
        var environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no"]
        environment["HOME"] = scratch.path
        let command = Command("tmux", ["-u", "-S", scratch / "socket"] + arguments, environment: environment)
        let outcome = try command.run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: "tmux \(arguments): \(outcome.errors)") }
        return outcome.output
    }

    // MARK: Input

    /// Types keys by their names in tmux, such as `C-c`.
    func type(_ keys: String...) throws {
        for key in keys { try tmux("send-keys", key) }
    }

    /// Starts `draw-progress` in the foreground of the shell.
    ///
    /// - Parameter arguments: More of the command line.
    /// - Returns: Where it is told what to show, until the end of what this refers to.
    /// - Throws: What the system or tmux says.
    func draw(_ arguments: String = "tty") throws -> Events {
        // Open for reading too, so that neither side waits for the other to open it.
        let descriptor = open(scratch / "events", O_RDWR | O_CLOEXEC)
        if descriptor < 0 { throw SystemFailure("open", scratch / "events") }
        try type("draw-progress \(arguments) < \(scratch / "events")", "Enter")
        return Events(descriptor)
    }

    /// What is told to `draw-progress`.
    final class Events: Sendable {
        private let descriptor: Int32

        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }

        func send(_ lines: String...) throws {
            for line in lines {
                let bytes = Array((line + "\n").utf8)
                if write(descriptor, bytes, bytes.count) != bytes.count { throw SystemFailure("tell", line) }
            }
        }
    }

    func resize(columns: Int, rows: Int) throws {
        try tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
    }

    // MARK: Output

    /// What is shown, without empty lines at the bottom.
    func lines() throws -> [String] { try capture() }

    /// What is shown, below all that has scrolled away.
    func everything() throws -> [String] { try capture("-S", "-") }

    private func capture(_ range: String...) throws -> [String] {
        var lines = try tmux(["capture-pane", "-p"] + range).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// How many lines have scrolled away.
    func historySize() throws -> Int { try Int(value(of: "history_size")) ?? -1 }

    func isCursorShown() throws -> Bool { try value(of: "cursor_flag") == "1" }

    private func value(of name: String) throws -> String {
        try tmux("display-message", "-p", "#{\(name)}").filter { !$0.isNewline }
    }

    /// Waits until a condition holds for what is shown.
    ///
    /// A terminal tells nobody what it has drawn: it is asked until it has.
    @discardableResult
    func wait(for condition: ([String]) -> Bool) throws -> [String] {
        let end = ContinuousClock.now + .seconds(Self.watchdogSeconds)
        while true {
            let lines = try lines()
            if condition(lines) { return lines }
            if ContinuousClock.now > end {
                throw SystemFailure(
                    message: "this does not become what it should be:\n" + lines.joined(separator: "\n")
                )
            }
        }
    }

    /// Waits for a text in one of the lines.
    @discardableResult
    func wait(for text: String) throws -> [String] {
        try wait { $0.contains { $0.contains(text) } }
    }

    /// Waits until the shell waits for a command again, and gives all lines between the two prompts.
    func end() throws -> [String] {
        try wait { $0.last == Self.prompt }
        return try Array(everything().dropFirst().dropLast())
    }

    /// A line without the time at its end, which is left to chance.
    static func withoutTime(_ line: String) -> String {
        guard line.hasSuffix("s"), let space = line.lastIndex(of: " ") else { return line }
        let time = line[line.index(after: space)...].dropLast()
        guard !time.isEmpty, time.allSatisfy({ $0.isNumber || $0 == "." }) else { return line }
        var rest = line[..<space]
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
