// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A thread that calls a function when it is woken, and when the time comes that the function named last.
///
/// No signal is handled on it but those of its own defects: a program that waits for signals on its own threads gets them all.
final class ProgressTicker: Sendable {
    /// What the thread is given.
    private final class Work: Sendable {
        let reader: Int32
        let isEnded = Atomic(false)
        let tick: @Sendable () -> Duration?

        init(_ reader: Int32, _ tick: @escaping @Sendable () -> Duration?) {
            self.reader = reader
            self.tick = tick
        }

        func run() {
            var bytes = [UInt8](repeating: 0, count: 64)
            while !isEnded.load(ordering: .acquiring) {
                var wait = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
                // Rounded up: a thread that wakes too early would find nothing to do, and ask again.
                let milliseconds = tick().map { Int32(clamping: Int64(($0 / .milliseconds(1)).rounded(.up))) }
                if poll(&wait, 1, milliseconds ?? -1) > 0 { _ = read(reader, &bytes, bytes.count) }
            }
        }
    }

    private let work: Work
    private let writer: Int32
    private let thread: pthread_t

    /// Starts the thread; nil where the system has no thread or pipe left.
    ///
    /// - Parameter tick: Called at once, and again whenever it is woken or as much time has gone by as it returned; nil is
    ///   forever.
    init?(_ tick: @escaping @Sendable () -> Duration?) {
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) != 0 { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            // A pipe that is full wakes the thread as well.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let work = Work(ends[0], tick)
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        for defect in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { sigdelset(&all, defect) }
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(work)
        let failure = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        if failure != 0 {
            context.release()
            for end in ends { close(end) }
            return nil
        }
        (self.work, self.writer, self.thread) = (work, ends[1], thread)
    }

    /// What a handler of a signal writes a byte to, to wake the thread.
    var wakeDescriptor: Int32 { writer }

    /// Wakes the thread.
    func wake() {
        _ = write(writer, "w", 1)
    }

    /// Ends the thread, and waits until it has.
    func end() {
        work.isEnded.store(true, ordering: .releasing)
        wake()
        pthread_join(thread, nil)
        close(work.reader)
        close(writer)
    }
}
