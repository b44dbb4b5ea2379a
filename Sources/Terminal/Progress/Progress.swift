// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Tells how far a command is with the things that it works on.
///
/// Any thread may tell of events and print; a thread of its own draws, from the first event on a terminal until
/// ``finish()``. It draws at most fifteen times in a second, ten times where only time has passed, and not at all where
/// nothing is worked on. Whoever has told of an event calls ``finish()`` in the end: until then the thread and the handlers of
/// signals stay.
package final class Progress: Sendable {
    /// What a text is that is printed beside events.
    package enum Remark: Sendable {
        case note
        case warning
        case error
    }

    private struct State {
        var board: ProgressBoard
        /// The keys that may be pressed, while there are some.
        var menu: KeyMenu?
        var area = LiveArea()
        /// What is printed above the next frame.
        var above: [UInt8] = []
        var shown = ProgressBoard.Drawing()
        var size: ProgressDisplay.Size?
        var lastFrame: ContinuousClock.Instant?
        /// Whether the next frame differs from the last one by more than the time.
        var isDirty = false
        var isSuspended = false
        /// Whether the terminal or its reader has gone.
        var isBroken = false
        var ticker: ProgressTicker?

        /// Whether there is nothing to draw.
        var isEmpty: Bool { board.isEmpty && menu == nil }
    }

    private let mode: ProgressMode
    private let style: TextStyle
    private let display: ProgressDisplay
    private let hasThread: Bool
    private let state: Mutex<State>

    private static let shortestFrame = Duration.seconds(1) / 15
    private static let refresh = Duration.milliseconds(100)
    /// How often a process in the background looks whether it is there still: the shell says so when it stopped before.
    private static let backgroundPause = Duration.seconds(1)
    /// How much is kept to be printed with the next frame.
    private static let longestPrint = 1 << 18

    /// Progress on a display.
    ///
    /// - Parameters:
    ///   - mode: In which form.
    ///   - title: What is done, such as `Running`.
    ///   - style: Whether in colour, on a terminal.
    ///   - display: Where it is shown.
    ///   - isDryRun: Whether nothing is really done, which every line says then.
    ///   - hasThread: Whether a thread calls ``tick()``; else the owner does.
    package init(
        _ mode: ProgressMode,
        title: String,
        style: TextStyle = .plain,
        display: ProgressDisplay = ProgressDisplay(.error),
        isDryRun: Bool = false,
        hasThread: Bool = true
    ) {
        self.mode = mode
        self.style = style
        self.display = display
        self.hasThread = hasThread
        state = Mutex(State(board: ProgressBoard(title: title, isDryRun: isDryRun)))
    }

    // MARK: Telling

    /// Tells of an event.
    package func update(_ event: ProgressEvent) { update(CollectionOfOne(event)) }

    /// Tells of events that are known together, whose lines are written together.
    package func update(_ events: some Collection<ProgressEvent>) {
        if events.isEmpty { return }
        state.withLock { state in
            var lines: [UInt8] = []
            for event in events {
                let change = state.board.apply(event)
                switch mode {
                case .plain: if change == .status { lines += state.board.plainLine(event).utf8 }
                case .json: if change > .nothing { lines += state.board.jsonLine(event) }
                case .terminal, .quiet: break
                }
            }
            if mode == .terminal {
                state.isDirty = true
                wake(&state)
            } else if !lines.isEmpty {
                write(lines, &state)
            }
        }
    }

    /// Shows below a thing that is worked on the last lines of what it writes; only a terminal has a place for them.
    ///
    /// - Parameters:
    ///   - text: More of its output.
    ///   - id: The thing, as ``ProgressEvent/id`` names it.
    package func append(_ text: String, to id: String) {
        state.withLock { state in
            guard mode == .terminal, state.board.append(text, to: id) else { return }
            state.isDirty = true
            wake(&state)
        }
    }

    /// Says what is done from now on, to the same things.
    package func setTitle(_ title: String) {
        state.withLock { state in
            state.board.title = title
            state.isDirty = true
            if !state.isEmpty { wake(&state) }
        }
    }

    /// Shows below everything else which keys may be pressed, also beyond ``finish()``; nil shows none any more.
    ///
    /// Nothing but a terminal shows it. Whoever has shown a menu takes it away before the last ``finish()``.
    package func setMenu(_ menu: KeyMenu?) {
        state.withLock { state in
            guard mode == .terminal, menu != state.menu else { return }
            state.menu = menu
            state.isDirty = true
            if !state.isEmpty { return wake(&state) }
            if state.area.isShown || !state.above.isEmpty { write(state.area.last([], above: state.above), &state) }
            (state.above, state.shown) = ([], .init())
            CursorGuard.setDepth(0)
        }
    }

    /// Prints a message on the stream of the progress, above what is drawn.
    ///
    /// - Parameters:
    ///   - text: The message, for JSON.
    ///   - remark: What it is.
    ///   - line: How it is printed for people; the message itself, where nil.
    package func tell(_ text: String, _ remark: Remark = .note, shownAs line: String? = nil) {
        switch mode {
        case .quiet: return
        case .json:
            var object = JSONLine()
            switch remark {
            case .error: object.add("error", true)
            case .warning: object.add("level", "warning")
            case .note: object.add("level", "info")
            }
            object.add("message", text)
            let bytes = object.ended()
            state.withLock { state in _ = write(bytes, &state) }
        case .plain, .terminal:
            state.withLock { state in _ = printAbove(Array(((line ?? text) + "\n").utf8), &state) }
        }
    }

    /// Prints whole lines of output on a stream, above what is drawn where both are on one terminal.
    ///
    /// - Parameters:
    ///   - bytes: The lines, each with its end, and with no control sequences but colours.
    ///   - stream: Where they belong; nil is the stream of the progress.
    /// - Returns: The system's error number where it refuses, or 0; also 0 where nobody reads any more.
    @discardableResult
    package func print(_ bytes: [UInt8], on stream: OutputStream? = nil) -> Int32 {
        if let stream, mode != .terminal || !isShared(stream) { return stream.write(bytes) }
        return state.withLock { state in printAbove(bytes, &state) }
    }

    private func isShared(_ stream: OutputStream) -> Bool {
        display.stream.map { $0.descriptor == stream.descriptor || $0.sharesTerminal(with: stream) } ?? false
    }

    @discardableResult
    private func printAbove(_ bytes: [UInt8], _ state: inout State) -> Int32 {
        if bytes.isEmpty { return 0 }
        guard mode == .terminal, !state.isEmpty, !state.isSuspended, !state.isBroken else {
            return write(bytes, &state)
        }
        state.above += bytes
        if bytes.last != UInt8(ascii: "\n") { state.above.append(UInt8(ascii: "\n")) }
        state.isDirty = true
        if state.above.count >= Self.longestPrint { return draw(&state, at: display.now()) }
        wake(&state)
        return 0
    }

    /// Writes bytes; where the stream has gone there is nobody left to tell.
    @discardableResult
    private func write(_ bytes: [UInt8], _ state: inout State) -> Int32 {
        if state.isBroken || bytes.isEmpty { return 0 }
        let failure = display.write(bytes)
        if failure != 0 { state.isBroken = true }
        // EPIPE and EIO: the reader, or the terminal.
        return failure == EPIPE || failure == EIO ? 0 : failure
    }

    // MARK: Drawing

    /// Draws a frame if one is due.
    ///
    /// - Returns: When to call again at the latest, if nothing happens before; nil where only an event makes a difference.
    @discardableResult
    package func tick() -> Duration? {
        state.withLock { state in
            takeNews(&state)
            guard !state.isBroken, !state.isSuspended, !state.isEmpty else { return nil }
            let now = display.now()
            if let wait = wait(state, at: now), wait > .zero { return wait }
            if state.isDirty || state.board.isWorking { draw(&state, at: now) }
            if state.isBroken { return nil }
            if state.isDirty { return Self.backgroundPause }
            return wait(state, at: now)
        }
    }

    /// How long it is until the next frame; nil where it only comes after an event.
    private func wait(_ state: State, at now: ContinuousClock.Instant) -> Duration? {
        guard state.isDirty || state.board.isWorking else { return nil }
        guard let last = state.lastFrame else { return .zero }
        return max(.zero, last + (state.isDirty ? Self.shortestFrame : Self.refresh) - now)
    }

    /// Has the next frame drawn, by the thread that is there or is started now.
    private func wake(_ state: inout State) {
        if let ticker = state.ticker { return ticker.wake() }
        guard hasThread else { return }
        state.ticker = ProgressTicker { [self] in tick() }
        if let ticker = state.ticker {
            if let stream = display.stream { CursorGuard.engage(stream, waking: ticker.wakeDescriptor) }
        } else if state.lastFrame.map({ display.now() - $0 >= Self.shortestFrame }) ?? true {
            // No thread can be had: whoever tells of an event draws as well.
            draw(&state, at: display.now())
        }
    }

    private func takeNews(_ state: inout State) {
        guard hasThread, display.stream != nil else { return }
        let (isResumed, isResized) = CursorGuard.takeNews()
        if isResumed { state.area.forget() }
        if isResumed || isResized { (state.size, state.isDirty) = (nil, true) }
    }

    /// Draws the things as they are, below what is to be printed.
    @discardableResult
    private func draw(_ state: inout State, at now: ContinuousClock.Instant) -> Int32 {
        let above = state.above
        guard display.isForeground() else {
            // Output goes where all output of a command in the background goes; the drawing waits.
            state.above = []
            state.isDirty = true
            state.lastFrame = now
            return write(above, &state)
        }
        let size = display.size()
        let drawing = state.board.drawing(
            at: now,
            columns: size.columns,
            rows: size.rows,
            style: style,
            menu: state.menu
        )
        state.isDirty = false
        state.lastFrame = now
        if drawing == state.shown, above.isEmpty, size == state.size { return 0 }
        let isResized = size != state.size
        (state.shown, state.size, state.above) = (drawing, size, [])
        let failure = write(
            state.area.frame(drawing.lines, width: drawing.headerWidth, isResized: isResized, above: above),
            &state
        )
        CursorGuard.setDepth(max(0, drawing.lines.count - 1))
        return failure
    }

    // MARK: Interruptions

    /// Takes the drawing off the terminal and shows the cursor: for a question to the user, or before the process stops.
    package func suspend() {
        state.withLock { state in
            guard mode == .terminal, !state.isSuspended else { return }
            if state.area.isShown || !state.above.isEmpty { write(state.area.last([], above: state.above), &state) }
            (state.above, state.shown, state.isSuspended) = ([], .init(), true)
            CursorGuard.setDepth(0)
        }
    }

    /// Draws again after ``suspend()``, or after the process was stopped.
    package func resume() {
        state.withLock { state in
            guard mode == .terminal else { return }
            state.area.forget()
            (state.isSuspended, state.isDirty, state.size) = (false, true, nil)
            if !state.isEmpty { wake(&state) }
        }
    }

    /// Draws anew for another size of the terminal: for programs that handle `SIGWINCH` themselves.
    package func resized() {
        state.withLock { state in
            (state.isDirty, state.size) = (true, nil)
            if !state.isEmpty { wake(&state) }
        }
    }

    // MARK: The end

    /// Ends the drawing: every thing keeps one line with its last state, whatever its number, and the cursor is back.
    ///
    /// Events after that begin anew. A menu stays.
    package func finish() {
        let ticker = state.withLock { state in
            defer { state.ticker = nil }
            return state.ticker
        }
        // Not with the lock, which the thread may wait for.
        ticker?.end()
        state.withLock { state in
            if ticker != nil, let stream = display.stream { CursorGuard.disengage(stream) }
            // Where nothing but a menu is drawn, it stays as it is.
            if !state.board.isEmpty || state.menu == nil {
                if mode == .terminal, !state.board.isEmpty { leave(&state) }
                state = State(
                    board: ProgressBoard(title: state.board.title, isDryRun: state.board.isDryRun),
                    menu: state.menu,
                    isDirty: state.menu != nil,
                    isBroken: state.isBroken
                )
            }
            if !state.isEmpty { wake(&state) }
        }
    }

    private func leave(_ state: inout State) {
        takeNews(&state)
        let (size, isForeground) = (display.size(), display.isForeground() && !state.isSuspended)
        let lines = state.board.drawing(
            at: display.now(),
            columns: size.columns,
            rows: nil,
            style: isForeground ? style : .plain
        ).lines
        if isForeground {
            write(state.area.last(lines, above: state.above), &state)
        } else {
            write(state.above + lines.map { $0 + "\n" }.joined().utf8, &state)
        }
        // What ends the process from here on finds a terminal as it should be.
        CursorGuard.setDepth(0)
    }
}
