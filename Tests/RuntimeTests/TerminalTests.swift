// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

extension Container {
    /// The master of the first process's terminal.
    borrowing func terminal() throws -> Descriptor { try process.master() }
}

extension Process {
    /// The master of the terminal.
    borrowing func master() throws -> Descriptor {
        guard let number = terminalNumber else { throw SystemFailure(message: "the process has no terminal") }
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemFailure("duplicate", "the terminal") }
        return Descriptor(owning: copy)
    }

    private var terminalNumber: Int32? {
        switch terminal {
        case .some(let terminal): terminal.number
        case .none: nil
        }
    }
}

private func type(_ text: String, on terminal: borrowing Descriptor) throws {
    guard write(terminal.number, text, text.utf8.count) == text.utf8.count else { throw SystemFailure("type", text) }
}

private func interactive(_ script: String, _ change: (inout TestContainer) -> Void = { _ in }) throws -> TestContainer {
    var container = try TestContainer(["sh", "-c", script])
    container.request.streams = .terminal
    change(&container)
    return container
}

@Suite(.everyLauncher) struct `A terminal` {
    @Test func `is the container's own, with a name, an owner and a size`() throws {
        var container = try interactive("tty; stat -c '%u:%g %a %t:%T' /dev/console $(tty); stty size; tty </dev/tty") {
            $0.process.consoleSize = .init(height: 33, width: 99)
            $0.process.user = .init(uid: 1000, gid: 1000)
        }
        let running = try container.start()
        let output = try readToEnd(running.terminal())
        #expect(
            output == "/dev/pts/0\r\n1000:5 620 88:0\r\n1000:5 620 88:0\r\n33 99\r\n/dev/tty\r\n"
                || output == "/dev/pts/0\r\n1000:5 620 88:0\r\n1000:5 620 88:0\r\n33 99\r\n/dev/pts/0\r\n"
        )
        #expect(try running.process.wait() == .exit(0))
    }

    @Test func `is the console as well`() throws {
        var container = try interactive(
            "echo through the console >/dev/console; grep -c ' /dev/console ' /proc/self/mountinfo"
        )
        let running = try container.start()
        #expect(try readToEnd(running.terminal()) == "through the console\r\n1\r\n")
        _ = try running.process.wait()
    }

    @Test func `can be resized while it is used`() throws {
        var container = try interactive("trap 'stty size; exit' WINCH; echo ready; while :; do read x; done")
        let running = try container.start()
        let terminal = try running.terminal()
        _ = try readAll(terminal) { $0.contains("ready") }
        var size = winsize(ws_row: 10, ws_col: 20, ws_xpixel: 0, ws_ypixel: 0)
        #expect(ioctl(terminal.number, UInt(TIOCSWINSZ), &size) == 0)
        #expect(try readToEnd(terminal).hasSuffix("10 20\r\n"))
        _ = try running.process.wait()
    }

    @Test func `ends the input at its end-of-file character`() throws {
        var container = try interactive("stty -echo; echo ready; cat; echo over")
        let running = try container.start()
        let terminal = try running.terminal()
        _ = try readAll(terminal) { $0.contains("ready") }
        try type("line\n\u{4}", on: terminal)
        #expect(try readToEnd(terminal).hasSuffix("line\r\nover\r\n"))
        #expect(try running.process.wait() == .exit(0))
    }

    @Test func `has a shell with job control`() throws {
        var container = try interactive("") { $0.process.args = ["sh", "-i"] }
        let running = try container.start()
        let terminal = try running.terminal()
        try type("stty -echo; PS1=; set -m; echo re\"\"ady\n", on: terminal)
        let start = try readAll(terminal) { $0.contains("ready") }
        #expect(!start.contains("job control turned off"))
        try type("cat & wait; fg %1\n", on: terminal)
        try type("echoed\n\u{4}", on: terminal)
        try type("echo fin\"\"ished; exit 5\n", on: terminal)
        #expect(try readToEnd(terminal).contains("finished"))
        #expect(try running.process.wait() == .exit(5))
    }

    @Test(arguments: [false, true])
    func `sends an interrupt once`(hasInit: Bool) throws {
        // With an interrupt a terminal throws away what it has, which may be what the shell writes about just that.
        let loop = "while read x; [ \"$x\" != end ]; do :; done; exit 3"
        let script = "stty noflsh; trap 'echo caught' INT; echo ready; \(loop)"
        var container = try interactive(script) { $0.request.hasInit = hasInit }
        let running = try container.start()
        let terminal = try running.terminal()
        _ = try readAll(terminal) { $0.contains("ready") }
        var output = ""
        for _ in 0..<5 {
            try type("\u{3}", on: terminal)
            output += try readAll(terminal) { $0.contains("caught") }
        }
        try type("end\n", on: terminal)
        output += try readToEnd(terminal)
        #expect(output.split(separator: "caught", omittingEmptySubsequences: false).count == 6, "\(output)")
        #expect(try running.process.wait() == .exit(3))
    }

    @Test func `needs a devpts`() throws {
        var container = try interactive("true") { $0.specification.mounts.removeAll { $0.type == "devpts" } }
        let error = failure { _ = try container.start() }
        #expect(error == .specification(field: "process.terminal", "needs a devpts among the mounts"))
    }
}

/// A keeper holds the terminal, so that the engine may die: there nothing hangs up.
@Suite struct `A terminal that only this process holds` {
    @Test(arguments: [false, true])
    func `that hangs up ends the program`(hasInit: Bool) throws {
        var container = try interactive("while read x; do :; done; exit 6") { $0.request.hasInit = hasInit }
        let end = try Process.abandoningTerminal(container.start())
        // The first process of a pid namespace does not die of a signal; it sees the end of its input.
        #expect(end == .exit(6) || hasInit && end == .exit(128 + SIGHUP))
    }
}

extension Process {
    /// Waits for a process whose terminal is closed first.
    static func abandoningTerminal(_ container: consuming Container) throws -> ProcessEnd {
        let copy = try container.process.pidfd.duplicate()
        _ = consume container
        return try copy.waitForProcess()
    }
}
