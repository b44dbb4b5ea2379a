// SPDX-License-Identifier: Apache-2.0

import Glibc
import Terminal

/// The keys that `wharf up` takes while it shows what containers write, and the line that names them.
final class UpMenu {
    /// What a key asks for.
    enum Wish {
        /// Begin to watch files, or end it.
        case watch
        /// Leave the containers running, and end.
        case detach
    }

    private let progress: Progress
    private let terminal: RawTerminal
    /// Whether keys can be read: not while this command is in the background.
    private(set) var isReadable = true

    /// Takes the terminal over, and shows the menu.
    ///
    /// - Parameters:
    ///   - progress: What is shown on the terminal.
    ///   - isWatching: Whether files are watched.
    /// - Throws: ``CommandFailure`` where the terminal cannot be had.
    init(on progress: Progress, isWatching: Bool) throws {
        self.progress = progress
        terminal = try RawTerminal(.keys)
        show(isWatching: isWatching)
    }

    /// Shows what the keys do now.
    func show(isWatching: Bool) {
        progress.setMenu(KeyMenu(["w": isWatching ? "Disable Watch" : "Enable Watch", "d": "Detach"]))
    }

    /// Takes the terminal over again: the shell has changed it while this command was stopped, and may have left it in the
    /// background.
    func resume() throws {
        isReadable = StandardInput.isForeground
        if isReadable { try terminal.enter() }
        progress.resume()
    }

    /// Reads the keys that were pressed.
    ///
    /// - Returns: What they ask for.
    func wishes() -> [Wish] {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        // The terminal has gone; SIGHUP says so as well.
        guard count > 0 else {
            isReadable = false
            return []
        }
        return bytes.prefix(count).compactMap { byte in
            switch byte {
            case UInt8(ascii: "w"): return .watch
            case UInt8(ascii: "d"): return .detach
            // People part what they have read from what comes with it.
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                progress.print([UInt8(ascii: "\n")])
                return nil
            default: return nil
            }
        }
    }

    /// Gives the terminal back.
    func close() {
        progress.setMenu(nil)
        progress.finish()
        terminal.restore()
    }
}
