// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One of the process's two output streams.
package struct OutputStream: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// For data.
    package static let standard = OutputStream(STDOUT_FILENO)
    /// For messages and progress.
    package static let error = OutputStream(STDERR_FILENO)

    /// Whether a person reads the stream on a terminal that understands escape sequences.
    package var isTerminal: Bool {
        isatty(descriptor) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// How many columns a line may have: those of the terminal, or 80 where there is none.
    package var width: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    /// How many lines the terminal shows, or 24 where there is none.
    package var height: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else {
            return 24
        }
        return Int(size.ws_row)
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
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                let error = errno
                guard error == EINTR else {
                    return error == EPIPE ? 0 : error
                }
                continue
            }
            rest = rest.dropFirst(count)
        }
        return 0
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
