// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Gives a terminal its cursor back when a signal ends or stops the process, and knows when it goes on.
///
/// Only signals that would do what they do to any process are handled, and they still do that. A program with handlers of
/// its own, or that ignores or blocks a signal, keeps things as they are; it calls ``Progress/suspend()``,
/// ``Progress/resume()`` and ``Progress/resized()`` where it needs to.
///
/// Handlers use nothing but atomic numbers and system calls that are allowed there (signal-safety(7)).
enum CursorGuard {
    /// The terminal; -1 where there is nothing to give back.
    private static let terminal = Atomic<Int32>(-1)
    /// Where a byte wakes whoever draws.
    private static let waker = Atomic<Int32>(-1)
    /// How many lines there are between the cursor and the last line of what is drawn.
    private static let depth = Atomic<Int>(0)
    /// What has happened since somebody asked.
    private static let news = Atomic<UInt8>(0)
    private static let resumed: UInt8 = 1
    private static let resized: UInt8 = 2

    /// What ends a process with no handler, and is no defect of the program.
    private static let ending = [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM]
    /// What a defect of the program ends in.
    private static let defects = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]
    /// A process has one terminal to take care of at a time.
    private static let installed = Mutex<[Int32]>([])
    private static let registration: Void = { _ = atexit { CursorGuard.restore(erases: false) } }()

    /// Begins to handle signals.
    ///
    /// - Parameters:
    ///   - stream: The terminal whose cursor is about to be hidden.
    ///   - wakeDescriptor: Gets a byte when the process goes on after a stop, or the terminal has another size.
    static func engage(_ stream: OutputStream, waking wakeDescriptor: Int32) {
        installed.withLock { installed in
            guard installed.isEmpty, terminal.load(ordering: .relaxed) < 0 else { return }
            // Whatever is made at its first use is made now, and not in a handler.
            _ = (registration, depth.load(ordering: .relaxed), news.load(ordering: .relaxed))
            waker.store(wakeDescriptor, ordering: .relaxed)
            terminal.store(stream.descriptor, ordering: .releasing)
            for signal in ending + defects { install(signal, handleEnd, into: &installed) }
            install(SIGTSTP, handleStop, into: &installed)
            install(SIGCONT, handleContinue, into: &installed)
            install(SIGWINCH, handleResize, into: &installed)
        }
    }

    /// Ends the handling of signals; what is left of the drawing is none of its business any more.
    static func disengage(_ stream: OutputStream) {
        installed.withLock { installed in
            guard terminal.load(ordering: .relaxed) == stream.descriptor else { return }
            terminal.store(-1, ordering: .releasing)
            waker.store(-1, ordering: .relaxed)
            depth.store(0, ordering: .relaxed)
            for signal in installed {
                var current = sigaction()
                // Somebody else's handler may have taken the place meanwhile.
                guard sigaction(signal, nil, &current) == 0, isOurs(current) else { continue }
                var standard = sigaction()
                sigaction(signal, &standard, nil)
            }
            installed = []
        }
    }

    /// Says how many lines are drawn below the one of the cursor.
    static func setDepth(_ lines: Int) { depth.store(lines, ordering: .relaxed) }

    /// Tells, once, whether the process was stopped and goes on, and whether the terminal has another size.
    static func takeNews() -> (isResumed: Bool, isResized: Bool) {
        let value = news.exchange(0, ordering: .acquiringAndReleasing)
        return (value & resumed != 0, value & resized != 0)
    }

    // MARK: Handlers

    private typealias Handler = @convention(c) (Int32) -> Void

    private static let handleEnd: Handler = { signal in
        let number = errno
        CursorGuard.restore(erases: false)
        // Sent again, it does what it does to any process: at the return of this handler, which blocks it until then.
        var standard = sigaction()
        sigaction(signal, &standard, nil)
        raise(signal)
        errno = number
    }

    private static let handleStop: Handler = { signal in
        let number = errno
        CursorGuard.restore(erases: true)
        var (standard, ours) = (sigaction(), sigaction())
        sigaction(signal, &standard, &ours)
        raise(signal)
        var (only, before) = (sigset_t(), sigset_t())
        sigemptyset(&only)
        sigaddset(&only, signal)
        // Here the process stops, and here it goes on.
        pthread_sigmask(SIG_UNBLOCK, &only, &before)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        sigaction(signal, &ours, nil)
        CursorGuard.tell(CursorGuard.resumed)
        errno = number
    }

    private static let handleContinue: Handler = { _ in CursorGuard.tell(CursorGuard.resumed) }

    private static let handleResize: Handler = { _ in CursorGuard.tell(CursorGuard.resized) }

    private static func tell(_ what: UInt8) {
        let number = errno
        news.bitwiseOr(what, ordering: .acquiringAndReleasing)
        let descriptor = waker.load(ordering: .relaxed)
        if descriptor >= 0 { _ = write(descriptor, "s", 1) }
        errno = number
    }

    /// Shows the cursor, below what is drawn or in place of it.
    private static func restore(erases: Bool) {
        let descriptor = terminal.load(ordering: .acquiring)
        guard descriptor >= 0 else { return }
        if !erases {
            // At most one more than a terminal has rows; the drawing ends in the middle of a line.
            for _ in 0..<min(depth.load(ordering: .relaxed), 1024) { _ = write(descriptor, "\n", 1) }
            _ = write(descriptor, "\r\n", 2)
        }
        let tail: StaticString = "\r\u{1B}[J\u{1B}[?7h\u{1B}[?2026l\u{1B}[?25h"
        _ = write(descriptor, tail.utf8Start, tail.utf8CodeUnitCount)
    }

    // MARK: Dispositions

    /// Installs a handler where a signal has none and is not ignored.
    private static func install(_ signal: Int32, _ handler: @escaping Handler, into installed: inout [Int32]) {
        var current = sigaction()
        guard sigaction(signal, nil, &current) == 0, current.__sigaction_handler.sa_handler == nil else { return }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        // Whoever waits in a system call goes on to wait, as without a handler.
        action.sa_flags = Int32(SA_RESTART)
        if sigaction(signal, &action, nil) == 0 { installed.append(signal) }
    }

    private static func isOurs(_ action: sigaction) -> Bool {
        let address = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return [handleEnd, handleStop, handleContinue, handleResize].contains { handler in
            unsafeBitCast(handler, to: Int.self) == address
        }
    }
}
