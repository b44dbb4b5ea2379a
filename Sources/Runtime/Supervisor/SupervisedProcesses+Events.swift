// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox
import Glibc
import Linux

extension SupervisedProcesses.State {
    /// Whether there is nothing left to watch for.
    var isDone: Bool {
        isEnding && reserved.isEmpty && processes.values.allSatisfy { $0.state != .running }
    }

    // MARK: Watching

    mutating func takeToken() -> UInt64 {
        nextToken += 1
        return nextToken
    }

    /// Watches a descriptor; gives the number that its events come under.
    mutating func watch(
        _ descriptor: Int32,
        _ events: UInt32,
        _ subject: SupervisedProcesses.Subject,
        _ epoll: Int32
    ) throws(SystemError) -> UInt64 {
        let token = takeToken()
        try SystemError.check(clinux_epoll_add(epoll, descriptor, events, token), "epoll_ctl")
        subjects[token] = subject
        return token
    }

    /// Watches a descriptor no longer; others may hold the same open file, so that closing ours would not end its events.
    mutating func unwatch(_ descriptor: Int32, _ token: UInt64, _ epoll: Int32) {
        _ = clinux_epoll_remove(epoll, descriptor)
        subjects[token] = nil
    }

    mutating func handle(_ token: UInt64, _ epoll: Int32) {
        switch subjects[token] {
        case .process(let name): observeEnd(of: name, epoll)
        case .report(let name): relayAll(of: name, epoll)
        case .pump(let name): move(token, of: name, epoll)
        // Only at the end: there is nothing to take back.
        case .call, nil: break
        }
    }

    // MARK: Ends

    /// Notes how a process ended and tells those who listen.
    mutating func observeEnd(of name: String, _ epoll: Int32) {
        guard let known = processes[name], known.state == .running else { return }
        // One that leads another into namespaces says so and ends: where its end came after a look at what it has said, it
        // would be taken for that of the other.
        guard ckeeper_has_ended(known.pidfd.descriptor.number) != 0 else { return }
        // What it has said of its start comes first: one that never ran its program has no end to tell of.
        relayAll(of: name, epoll)
        guard var process = processes[name], process.state == .running else { return }
        var end = clinux_exit()
        let pidfd = process.pidfd.descriptor.number
        var result = clinux_waitid_pidfd(pidfd, Int32(CKEEPER_WAIT_ENDED), &end)
        // A child of somebody else, who has to reap it first.
        if result == -ECHILD { result = clinux_pidfd_exit_status(pidfd, &end) }
        if result == -EAGAIN { return }
        process.state = result < 0 ? .lost : .ended(end.is_signal == 0 ? .exit(end.status) : .signal(end.status))
        process.ended = clinux_real_time()
        unwatch(pidfd, process.token, epoll)
        processes[name] = process
        drain(name, epoll)
        for listener in listeners.values { listener.yield(ProcessNews(process)) }
    }

    /// Forgets a process and closes everything of it.
    mutating func remove(_ name: String, _ epoll: Int32) {
        guard let process = processes.removeValue(forKey: name) else { return }
        if process.state == .running { unwatch(process.pidfd.descriptor.number, process.token, epoll) }
        if let start = process.start { unwatch(start.report.descriptor.number, start.token, epoll) }
        for (token, var pump) in process.pumps {
            unwatch(pump.source, token, epoll)
            ckeeper_close_pump(&pump)
        }
    }

    // MARK: Starts

    /// Passes on everything that a process has said of its start.
    private mutating func relayAll(of name: String, _ epoll: Int32) {
        while let start = processes[name]?.start {
            var report = csandbox_report()
            var number: Int32 = -1
            let flags = Int32(CKEEPER_DONT_WAIT)
            let result = csandbox_receive(start.report.descriptor.number, flags, &report, &number)
            if result == -EAGAIN { return }
            let descriptor = number < 0 ? nil : SharedDescriptor(Descriptor(owning: number))
            if result == 1 { pass(report, descriptor, from: start, of: name, epoll) }
            if result != 1 || report.kind == CSANDBOX_FAILED.rawValue {
                unwatch(start.report.descriptor.number, start.token, epoll)
                processes[name]?.start = nil
            }
        }
    }

    /// Takes what is to be kept of a report, and passes it on.
    private mutating func pass(
        _ report: csandbox_report,
        _ descriptor: SharedDescriptor?,
        from start: SupervisedProcess.Start,
        of name: String,
        _ epoll: Int32
    ) {
        switch csandbox_report_kind(report.kind) {
        // Whoever hears of a failure finds nothing left of the process.
        case CSANDBOX_FAILED: discard(name, epoll)
        case CSANDBOX_SIBLING: replace(name, Int32(report.detail), descriptor, epoll)
        // The terminal is held like anything else, so that it stays open as long as the process is kept.
        case CSANDBOX_DESCRIPTOR: processes[name]?.held[report.detail] = descriptor
        default: break
        }
        var report = report
        csandbox_send(start.relay.descriptor.number, &report, descriptor?.descriptor.number ?? -1)
    }

    /// From now on the process is the one that joined the namespaces; the one that led it there is ending by itself.
    private mutating func replace(_ name: String, _ pid: Int32, _ pidfd: SharedDescriptor?, _ epoll: Int32) {
        guard let pidfd, var process = processes[name] else { return }
        _ = try? process.pidfd.descriptor.waitForProcess()
        unwatch(process.pidfd.descriptor.number, process.token, epoll)
        process.pid = pid
        process.pidfd = pidfd
        process.state = .running
        let events = SupervisedProcesses.readableOnce
        do throws(SystemError) {
            // An end that has come already is told by this.
            process.token = try watch(pidfd.descriptor.number, events, .process(name), epoll)
            processes[name] = process
        } catch {
            // What cannot be watched may not run.
            try? pidfd.descriptor.signal(SIGKILL)
            _ = try? pidfd.descriptor.waitForProcess()
            remove(name, epoll)
        }
    }

    /// Takes back a process whose start failed; it is ending by itself.
    private mutating func discard(_ name: String, _ epoll: Int32) {
        guard let process = processes[name] else { return }
        if process.state == .running { _ = try? process.pidfd.descriptor.waitForProcess() }
        remove(name, epoll)
    }

    // MARK: Logs

    /// Moves what has come; ends with the stream.
    private mutating func move(_ token: UInt64, of name: String, _ epoll: Int32) {
        guard var pump = processes[name]?.pumps[token] else { return }
        let moved = ckeeper_move(&pump)
        processes[name]?.pumps[token] = pump
        if moved == 0 { closePump(token, of: name, epoll) }
    }

    /// Moves everything that a process has written by now.
    private mutating func drain(_ name: String, _ epoll: Int32) {
        for token in processes[name]?.pumps.keys.sorted() ?? [] {
            guard var pump = processes[name]?.pumps[token] else { continue }
            var moved: Int64 = 1
            while moved > 0 { moved = ckeeper_move(&pump) }
            processes[name]?.pumps[token] = pump
            if moved == 0 { closePump(token, of: name, epoll) }
        }
    }

    private mutating func closePump(_ token: UInt64, of name: String, _ epoll: Int32) {
        guard var pump = processes[name]?.pumps.removeValue(forKey: token) else { return }
        unwatch(pump.source, token, epoll)
        ckeeper_close_pump(&pump)
    }
}
