// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The size of a terminal.
struct TerminalSize: Equatable {
    var rows: Int
    var columns: Int

    /// That of the terminal that this command writes to; nil where there is none.
    static var current: Self? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return nil }
        return Self(rows: Int(size.ws_row), columns: Int(size.ws_col))
    }
}

/// The terminal that this command reads from.
enum StandardInput {
    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }
    /// Whether the terminal is this command's at the moment: one in the background that reads from it is stopped.
    static var isForeground: Bool { tcgetpgrp(STDIN_FILENO) == getpgrp() }

    /// Whether `run` and `exec` of a project give their program a terminal, as Docker Compose decides it: where this command
    /// has one, unless the user says otherwise.
    ///
    /// - Parameters:
    ///   - isRefused: What the user says of it; nil for nothing.
    ///   - isNamed: Whether the user has spoken of standard input, which need not be a terminal then.
    /// - Returns: The decision.
    static func givesTerminal(isRefused: Bool?, isNamed: Bool) -> Bool {
        if let isRefused { return !isRefused }
        return isatty(STDOUT_FILENO) == 1 && (isNamed || isTerminal)
    }

    /// Refuses input for a terminal that comes from elsewhere.
    static func checkTerminal() throws {
        if isTerminal { return }
        // These words are Docker's, which scripts look for.
        throw CommandFailure(
            message: "the input device is not a TTY; leave out `-t` where input comes from a file or a pipe"
        )
    }
}

/// The mode in which a terminal gives each key as it is pressed and shows nothing by itself (termios(3)).
final class RawTerminal {
    /// What keys do.
    enum Mode {
        /// Nothing but to be read (cfmakeraw).
        case raw
        /// Those that interrupt and stop programs still do.
        case keys
    }

    private let mode: Mode
    private var saved: termios

    /// Takes the terminal over.
    ///
    /// - Parameter mode: What keys do.
    /// - Throws: ``CommandFailure`` where there is none, or this command runs in the background.
    init(_ mode: Mode = .raw) throws {
        self.mode = mode
        saved = termios()
        guard tcgetattr(STDIN_FILENO, &saved) == 0 else { throw Self.failure("read") }
        // A process in the background would be stopped by the change (setpgid(2)), for ever where nobody brings it back.
        guard StandardInput.isForeground else {
            throw CommandFailure(
                message: "cannot use the terminal from the background: bring the command to the foreground; "
                    + "`timeout` has the option `--foreground` for that"
            )
        }
        try enter()
    }

    /// Enters the mode, again where somebody has changed it.
    func enter() throws {
        var raw = saved
        switch mode {
        case .raw: cfmakeraw(&raw)
        case .keys: raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        }
        guard tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0 else { throw Self.failure("set") }
    }

    /// Gives the terminal back as it was.
    func restore() {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved)
    }

    private static func failure(_ verb: String) -> CommandFailure {
        CommandFailure(message: "cannot \(verb) the terminal's mode: \(String(cString: strerror(errno)).lowercased())")
    }
}
