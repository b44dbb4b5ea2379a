// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Terminal

/// Progress on a terminal of these tests, at a time that they set.
final class ShownProgress: Sendable {
    struct State {
        var screen: Screen
        var size: ProgressDisplay.Size
        var now = ContinuousClock.Instant.now
        var isForeground = true
        /// What the next writes answer; 0 shows them.
        var failure: Int32 = 0
        var writes: [[UInt8]] = []
    }

    private let state: Mutex<State>
    private let made = Mutex<Progress?>(nil)

    var progress: Progress {
        guard let progress = made.withLock(\.self) else { preconditionFailure("made by init") }
        return progress
    }

    init(
        _ mode: ProgressMode = .terminal,
        columns: Int = 60,
        rows: Int = 12,
        isColoured: Bool = false,
        isDryRun: Bool = false,
        hasThread: Bool = false
    ) {
        state = Mutex(
            State(screen: Screen(columns: columns, rows: rows), size: .init(columns: columns, rows: rows))
        )
        let display = ProgressDisplay(
            write: { [self] in write($0) },
            size: { [self] in state.withLock(\.size) },
            isForeground: { [self] in state.withLock(\.isForeground) },
            now: { [self] in hasThread ? .now : state.withLock(\.now) }
        )
        let style = TextStyle(isColoured: isColoured)
        let progress = Progress(
            mode,
            title: "Running",
            style: style,
            display: display,
            isDryRun: isDryRun,
            hasThread: hasThread
        )
        made.withLock { $0 = progress }
    }

    private func write(_ bytes: [UInt8]) -> Int32 {
        state.withLock { state in
            state.writes.append(bytes)
            if state.failure == 0 { state.screen.feed(bytes) }
            return state.failure
        }
    }

    var screen: Screen { state.withLock(\.screen) }
    var lines: [String] { screen.lines }
    var writes: [[UInt8]] { state.withLock(\.writes) }
    var text: String { String(decoding: writes.joined(), as: UTF8.self) }

    func set<Value>(_ path: sending WritableKeyPath<State, Value>, _ value: sending Value) {
        state.withLock { $0[keyPath: path] = value }
    }

    /// Lets time pass, and draws what is due then.
    @discardableResult
    func pass(_ time: Duration) -> Duration? {
        state.withLock { $0.now += time }
        return progress.tick()
    }

    func tell(
        _ kind: ProgressEvent.Kind,
        _ name: String,
        _ status: String,
        _ state: ProgressEvent.State,
        detail: String? = nil,
        cause: String? = nil
    ) {
        let now = self.state.withLock(\.now)
        progress.update(ProgressEvent(kind, name, status, state, detail: detail, cause: cause, at: now))
    }
}
