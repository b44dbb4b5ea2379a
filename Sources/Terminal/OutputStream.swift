// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A stream that a command writes to: one of the process's two output streams, as a rule.
package struct OutputStream: Sendable {
    let descriptor: Int32

    /// A stream that belongs to somebody else, who closes it.
    ///
    /// - Parameter descriptor: An open file descriptor.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// For data.
    package static let standard = OutputStream(descriptor: STDOUT_FILENO)
    /// For messages and progress.
    package static let error = OutputStream(descriptor: STDERR_FILENO)

    /// Whether a person reads the stream on a terminal that understands escape sequences.
    package var isTerminal: Bool {
        isatty(descriptor) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// Whether the terminal is this command's at the moment.
    ///
    /// A command in the background of a shell does not draw on it. A terminal that controls no session of ours, as of a
    /// command run by setsid(1), has nobody else to draw on it.
    package var isForeground: Bool {
        let group = tcgetpgrp(descriptor)
        return group < 0 || group == getpgrp()
    }

    /// Whether both streams end in one terminal, where what is written to one moves what is drawn on the other.
    package func sharesTerminal(with other: OutputStream) -> Bool {
        guard isatty(descriptor) == 1, isatty(other.descriptor) == 1 else { return false }
        var (one, two) = (stat(), stat())
        return fstat(descriptor, &one) == 0 && fstat(other.descriptor, &two) == 0 && one.st_rdev == two.st_rdev
    }

    /// How many columns a line may have: those of the terminal, else what `COLUMNS` says, else 80.
    package var width: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return Self.number(in: "COLUMNS") ?? 80
        }
        return Int(size.ws_col)
    }

    /// How many lines the terminal shows, else what `LINES` says, else 24.
    package var height: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else {
            return Self.number(in: "LINES") ?? 24
        }
        return Int(size.ws_row)
    }

    /// A positive number in a variable of the environment.
    private static func number(in variable: String) -> Int? {
        getenv(variable).flatMap { Int(String(cString: $0)) }.flatMap { (1...32_767).contains($0) ? $0 : nil }
    }

    /// How the stream's text is marked up when colour is neither forced nor forbidden.
    package func style(_ choice: ColourChoice) -> TextStyle {
        switch choice {
        case .always:
            return TextStyle(isColoured: true)
        case .never:
            return .plain
        case .automatic:
            let isForbidden = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
            return TextStyle(isColoured: isTerminal && !isForbidden)
        }
    }

    /// Writes all bytes, and gives the system's error number where it refuses.
    ///
    /// A reader that has gone away is no error: there is nobody left to tell.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Int32 {
        let failure = send(bytes)
        return failure == EPIPE ? 0 : failure
    }

    /// Writes all bytes, and gives the system's error number where it refuses, `EPIPE` where nobody reads any more.
    func send(_ bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else {
                    let failure = errno
                    if failure == EAGAIN {
                        // Another process has set O_NONBLOCK, which all that share the stream have then.
                        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                        poll(&wait, 1, -1)
                    } else if failure != EINTR {
                        return failure
                    }
                }
            }
            return 0
        }
    }

    /// Writes a text.
    @discardableResult
    package func write(_ text: String) -> Int32 {
        write(Array(text.utf8))
    }
}

/// The user's wish about colour.
package enum ColourChoice: Sendable {
    case automatic
    case always
    case never
}
