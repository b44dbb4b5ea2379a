// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Terminal

/// Where a watch says what it does.
final class WatchScreen: Sendable {
    /// Writes bytes to a stream, where something else is drawn there as well.
    typealias Writer = @Sendable (OutputStream, [UInt8]) -> Void

    /// What stands before the lines of the watch itself, as wide as the names of containers.
    private let prefix: String
    private let warning: String
    private let presenter: Mutex<LogPresenter>
    private let write: Writer

    /// - Parameters:
    ///   - colour: The user's wish.
    ///   - names: The names that stand before the lines of containers.
    ///   - write: Writes.
    init(colour: ColourChoice, names: [String], writingBy write: @escaping Writer = { $0.write($1) }) {
        let width = names.map { TextCells.width(TextCells.printable($0)) }.max() ?? 0
        // Docker Compose lines it up with a name of its own, `#watch`, where others are shorter.
        let space = String(repeating: " ", count: max(6, width) + 1)
        prefix = OutputStream.standard.style(colour).brightGreen("\(space) ⦿ ")
        warning = OutputStream.error.style(colour).yellow("warning")
        presenter = Mutex(LogPresenter(LogPresenter.Options(for: .standard, colour: colour)))
        self.write = write
    }

    /// Says what is done.
    func say(_ text: String) {
        write(.standard, Array("\(prefix)\(TextCells.printable(text))\n".utf8))
    }

    /// Says what cannot be done.
    func warn(_ text: String) {
        write(.error, Array("\(warning): \(TextCells.printable(text))\n".utf8))
    }

    /// Shows text of a build, which has nothing in it that a terminal would obey.
    func show(_ text: String) { write(.error, Array(text.utf8)) }

    /// Shows a line of a hook.
    ///
    /// - Parameters:
    ///   - line: The line without its end.
    ///   - container: The name before the lines of the container.
    func show(_ line: ArraySlice<UInt8>, of container: String) {
        let name = "\(container) ->"
        let source = LogPresenter.Source(name: name, service: "", container: container)
        let bytes = presenter.withLock { presenter in
            var bytes: [UInt8] = []
            presenter.append(line, from: source, to: &bytes)
            return bytes
        }
        write(.standard, bytes)
    }
}
