// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization

/// Tells of writes to the files of directories (inotify(7)).
///
/// There is one instance and one thread for the whole process: a user may have 128 instances, and there may be more who
/// follow logs.
final class LogChanges: Sendable {
    /// Somebody who wants to hear of a directory.
    struct Subscription: Sendable {
        fileprivate let watch: Int32
        fileprivate let token: UInt64
    }

    private struct State {
        var nextToken: UInt64 = 0
        /// By the number that inotify gives a directory.
        var subscribers: [Int32: [UInt64: ChangeSignal]] = [:]
    }

    private static let shared: Result<LogChanges, SystemError> = Result { () throws(SystemError) in try LogChanges() }

    private let inotify: Descriptor
    private let state = Mutex(State())

    private init() throws(SystemError) {
        let number = inotify_init1(Int32(IN_CLOEXEC))
        if number < 0 { throw SystemError("inotify_init1", errno) }
        inotify = Descriptor(owning: number)
        try BlockingCall.start { [self] in run() }
    }

    /// The one of this process.
    static func ofProcess() throws(SystemError) -> LogChanges { try shared.get() }

    /// Notifies somebody of each change from now on.
    func subscribe(_ signal: ChangeSignal, to directory: borrowing Descriptor) throws(SystemError) -> Subscription {
        let path = "/proc/self/fd/\(directory.number)"
        return try state.withLock { state throws(SystemError) in
            let watch = inotify_add_watch(inotify.number, path, UInt32(IN_MODIFY | IN_CREATE))
            if watch < 0 { throw SystemError("inotify_add_watch", errno, on: "the log's directory") }
            state.nextToken += 1
            state.subscribers[watch, default: [:]][state.nextToken] = signal
            return Subscription(watch: watch, token: state.nextToken)
        }
    }

    func unsubscribe(_ subscription: Subscription) {
        state.withLock { state in
            // The directory may have gone, and its number with it.
            guard state.subscribers[subscription.watch]?.removeValue(forKey: subscription.token) != nil,
                state.subscribers[subscription.watch]?.isEmpty ?? false
            else { return }
            state.subscribers[subscription.watch] = nil
            inotify_rm_watch(inotify.number, subscription.watch)
        }
    }

    private func run() {
        let size = 1 << 14
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size,
            alignment: MemoryLayout<inotify_event>.alignment
        )
        while true {
            let length = read(inotify.number, buffer.baseAddress, size)
            if length > 0 { deliver(UnsafeRawBufferPointer(rebasing: buffer[..<length])) }
        }
    }

    private func deliver(_ events: UnsafeRawBufferPointer) {
        var touched: Set<Int32> = []
        var gone: Set<Int32> = []
        var hasMissed = false
        var offset = 0
        while offset + MemoryLayout<inotify_event>.size <= events.count {
            let event = events.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            offset += MemoryLayout<inotify_event>.size + Int(event.len)
            touched.insert(event.wd)
            if event.mask & UInt32(IN_IGNORED) != 0 { gone.insert(event.wd) }
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { hasMissed = true }
        }
        let signals = state.withLock { state in
            let watches = hasMissed ? Set(state.subscribers.keys) : touched
            let signals = watches.flatMap { state.subscribers[$0].map { Array($0.values) } ?? [] }
            for watch in gone { state.subscribers[watch] = nil }
            return signals
        }
        for signal in signals { signal.notify() }
    }
}
