// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox
import Glibc
import Linux
import Synchronization

/// The table of the processes that this process keeps, and the loop that watches them.
///
/// It does what the keeper does, in the same order (`Sources/wharf-keeper`): before an end is told, everything that the
/// process wrote is in the log; one whose start failed is gone before its start is told to have failed.
final class SupervisedProcesses: Sendable {
    /// What an event is about.
    enum Subject: Sendable {
        case process(String)
        case report(String)
        case pump(String)
        /// Somebody wants the loop to look.
        case call
    }

    struct State: Sendable {
        var processes: [String: SupervisedProcess] = [:]
        /// Names whose process is not there yet.
        var reserved: Set<String> = []
        /// What is watched, each under a number that is used once.
        var subjects: [UInt64: Subject] = [:]
        var nextToken: UInt64 = 0
        var listeners: [UInt64: AsyncStream<ProcessNews>.Continuation] = [:]
        var isEnding = false
    }

    let epoll: Descriptor
    private let wake: Descriptor
    let state = Mutex(State())

    /// EPOLLIN of epoll(7), and with EPOLLET: a process that has ended stays readable for good.
    static let readable: UInt32 = 1
    static let readableOnce: UInt32 = 1 | 1 << 31

    init() throws(SystemError) {
        epoll = Descriptor(owning: try SystemError.check(clinux_epoll_create(), "epoll_create1"))
        wake = Descriptor(owning: try SystemError.check(clinux_eventfd(0, O_CLOEXEC), "eventfd"))
        let (epoll, wake) = (epoll.number, wake.number)
        _ = try state.withLock { state throws(SystemError) in
            try state.watch(wake, Self.readableOnce, .call, epoll)
        }
    }

    // MARK: The loop

    /// Watches until the supervisor is not wanted any more and its processes have ended.
    func run() {
        let capacity = 64
        let events = UnsafeMutablePointer<clinux_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while state.withLock({ !$0.isDone }) {
            let count = clinux_epoll_wait(epoll.number, events, Int32(capacity), -1)
            for index in 0..<max(0, Int(count)) {
                let token = events[index].token
                state.withLock { $0.handle(token, epoll.number) }
            }
        }
        let listeners = state.withLock { state in
            for name in Array(state.processes.keys) { state.remove(name, epoll.number) }
            let listeners = Array(state.listeners.values)
            state.listeners = [:]
            return listeners
        }
        for listener in listeners { listener.finish() }
    }

    /// Ends all processes, and then the loop.
    func end() {
        state.withLock { state in
            state.isEnding = true
            for process in state.processes.values where process.state == .running {
                try? process.pidfd.descriptor.signal(SIGKILL)
            }
        }
        var one: UInt64 = 1
        _ = write(wake.number, &one, MemoryLayout<UInt64>.size)
    }

    // MARK: Requests

    /// Makes sure that a name is nobody else's.
    func reserve(_ name: String, _ words: String) throws(KeeperError) {
        guard name.utf8.count < Int(KEEPER_KEY_SIZE), !name.utf8.contains(0) else {
            throw .refused(words, SystemError("request", ENAMETOOLONG, on: name))
        }
        let isFree = state.withLock { state in
            state.processes[name] == nil && state.reserved.insert(name).inserted
        }
        if !isFree { throw .refused(words, SystemError("request", EEXIST, on: name)) }
    }

    func giveUp(_ name: String) {
        _ = state.withLock { $0.reserved.remove(name) }
    }

    /// Adds a process under a name that was reserved.
    func add(
        _ name: String,
        pid: Int32,
        pidfd: consuming Descriptor,
        report: consuming Descriptor?,
        relay: SharedDescriptor?
    ) throws(SystemError) {
        // What is no process would never end.
        guard ckeeper_is_process(pidfd.number) != 0 else { throw SystemError("pidfd_send_signal", EBADF, on: name) }
        let pidfd = SharedDescriptor(pidfd)
        let report: SharedDescriptor? = if let report { SharedDescriptor(report) } else { nil }
        try state.withLock { state throws(SystemError) in
            var process = SupervisedProcess(name: name, pid: pid, pidfd: pidfd)
            process.token = try state.watch(pidfd.descriptor.number, Self.readableOnce, .process(name), epoll.number)
            if let report, let relay {
                do throws(SystemError) {
                    let token = try state.watch(
                        report.descriptor.number,
                        Self.readable,
                        .report(name),
                        epoll.number
                    )
                    process.start = .init(report: report, relay: relay, token: token)
                } catch {
                    state.unwatch(pidfd.descriptor.number, process.token, epoll.number)
                    throw error
                }
            }
            state.processes[name] = process
            state.reserved.remove(name)
            // It may have ended before it was watched.
            state.observeEnd(of: name, epoll.number)
        }
    }

    func all() -> [SupervisedProcess] {
        state.withLock { Array($0.processes.values) }
    }

    /// Changes something of a process; `ESRCH` where there is none.
    func change(
        _ name: String,
        _ body: @Sendable (inout SupervisedProcess) -> Void
    ) throws(SystemError) {
        let isKnown = state.withLock { state in
            guard var process = state.processes[name] else { return false }
            body(&process)
            state.processes[name] = process
            return true
        }
        if !isKnown { throw SystemError("request", ESRCH, on: name) }
    }

    func held(_ tag: UInt32, of name: String) -> SharedDescriptor? {
        state.withLock { $0.processes[name]?.held[tag] }
    }

    func forget(_ name: String) throws(KeeperError) {
        let error: Int32 = state.withLock { state in
            guard let process = state.processes[name] else { return ESRCH }
            guard process.state != .running else { return EBUSY }
            state.remove(name, epoll.number)
            return 0
        }
        if error != 0 { throw .refused("forget \(name)", SystemError("request", error)) }
    }

    /// Moves what comes from a pipe or terminal into a log.
    func pump(
        _ source: consuming Descriptor,
        of name: String,
        into directory: consuming Descriptor,
        _ log: LogTarget
    ) throws(SystemError) {
        var pump = ckeeper_pump()
        pump.source = source.number
        pump.directory = directory.number
        pump.stream = log.stream
        pump.limit = log.segmentSize
        pump.count = log.segmentCount
        try SystemError.check(ckeeper_open_pump(&pump, log.firstSegment), "request", on: log.directory)
        // They are closed with the pump.
        pump.source = source.release()
        pump.directory = directory.release()
        do throws(SystemError) {
            try state.withLock { [pump] state throws(SystemError) in
                guard state.processes[name] != nil else { throw SystemError("request", ESRCH, on: name) }
                let token = try state.watch(pump.source, Self.readable, .pump(name), epoll.number)
                state.processes[name]?.pumps[token] = pump
            }
        } catch {
            ckeeper_close_pump(&pump)
            throw error
        }
    }

    /// The processes that have ended, and then each that ends.
    func news() -> AsyncStream<ProcessNews> {
        let (news, continuation) = AsyncStream.makeStream(of: ProcessNews.self)
        let token = state.withLock { state in
            let ended = state.processes.values.filter { $0.state != .running }.sorted { $0.ended < $1.ended }
            for process in ended { continuation.yield(ProcessNews(process)) }
            let token = state.takeToken()
            state.listeners[token] = continuation
            return token
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: token) }
        }
        return news
    }
}

extension ProcessNews {
    init(_ process: SupervisedProcess) {
        let end: ProcessEnd? = if case .ended(let end) = process.state { end } else { nil }
        self.init(name: process.name, pid: process.pid, end: end, time: process.ended)
    }
}
