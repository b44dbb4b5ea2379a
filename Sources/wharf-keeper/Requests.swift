// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox

extension Keeper {
    /// Reads one packet of a connection and does what it asks.
    mutating func receive(from index: Int) {
        guard connections.isUsed(index), connections[index].socket >= 0 else { return }
        var request = keeper_request()
        var count = 0
        let received = connections[index].received
        let room = min(ConnectionTable.launchCapacity - received, Int(KEEPER_PACKET_DESCRIPTORS))
        let size = MemoryLayout<keeper_request>.size
        let length = clinux_receive_packet(
            connections[index].socket,
            &request,
            size,
            connections.descriptors(of: index).advanced(by: received),
            room,
            &count,
            Int32(CKEEPER_DONT_WAIT)
        )
        if length == -Int64(EAGAIN) { return }
        connections[index].received += count
        guard length == Int64(size), request.magic == KEEPER_MAGIC else { return end(index) }
        let key = Key(&request)
        switch keeper_request_kind(UInt32(request.kind)) {
        case KEEPER_HELLO: answer(index, error: 0, pid: ckeeper_pid(), status: Int32(KEEPER_VERSION))
        case KEEPER_DESCRIPTORS: break
        case KEEPER_LAUNCH: launch(index, key, keepsFailure: request.tag == KEEPER_KEEPS_FAILURE)
        case KEEPER_ADOPT: answer(index, error: adopt(index, key, pid: request.pid))
        case KEEPER_HOLD: answer(index, error: hold(index, key, tag: request.tag))
        case KEEPER_LIST: list(index)
        case KEEPER_FETCH: fetch(index, key)
        case KEEPER_WATCH:
            connections[index].isWatching = true
            list(index)
        case KEEPER_FORGET: answer(index, error: forget(key))
        case KEEPER_PUMP:
            let error = pump(index, key, request)
            connections.closeReceived(index)
            answer(index, error: error)
        case KEEPER_RELEASE: answer(index, error: release(key, tag: request.tag))
        case KEEPER_GUARD:
            let error = guardProcess(index, pid: request.pid)
            connections.closeReceived(index)
            answer(index, error: error)
        case KEEPER_UNGUARD:
            endGuard()
            answer(index, error: 0)
        case KEEPER_QUIT:
            isEnding = processes.isEmpty
            answer(index, error: isEnding ? 0 : EBUSY)
        default: answer(index, error: ENOSYS)
        }
    }

    /// Ends a connection; a launch that it asked for goes on.
    private mutating func end(_ index: Int) {
        close(index)
    }

    // MARK: Answers

    func answer(_ index: Int, error: Int32, pid: Int32 = 0, status: Int32 = 0) {
        var answer = keeper_answer()
        answer.error = error
        answer.pid = pid
        answer.status = status
        send(&answer, descriptor: -1, to: index)
    }

    private mutating func list(_ index: Int) {
        connections[index].isListing = true
        connections[index].asked = processes.changes
        tell(index)
    }

    /// Tells a connection of the processes that it has not heard of, until it has to read first.
    mutating func tell(_ index: Int) {
        guard connections.isUsed(index), connections[index].isListing else { return }
        while let process = processes.index(changedAfter: connections[index].told) {
            // What has begun since the request is no news.
            if processes[process].change > connections[index].asked,
                processes[process].state == KEEPER_RUNNING.rawValue
            {
                connections[index].told = processes[process].change
                continue
            }
            let result = answer(index, process: process)
            if result == -Int64(EAGAIN) { return wait(index) }
            // Whoever has gone without a word is seen by that.
            if result < 0 { return end(index) }
            connections[index].told = processes[process].change
        }
        if connections[index].isBehind {
            connections[index].isBehind = false
            clinux_epoll_change(epoll, connections[index].socket, Event.readable, Source.connection.token(index))
        }
        if !connections[index].isWatching { end(index) }
    }

    /// Tells a connection the rest of what it was not ready for.
    mutating func goOn(_ index: Int) {
        if connections.isUsed(index), connections[index].fetched != nil { giveBack(index) } else { tell(index) }
    }

    private mutating func wait(_ index: Int) {
        if connections[index].isBehind { return }
        connections[index].isBehind = true
        let events = Event.readable | Event.writable
        clinux_epoll_change(epoll, connections[index].socket, events, Source.connection.token(index))
    }

    /// Tells of a process, with its pidfd.
    ///
    /// - Returns: What sendmsg(2) gave, or the negative error.
    private func answer(_ index: Int, process: Int) -> Int64 {
        let entry = processes[process]
        var answer = keeper_answer()
        answer.pid = entry.pid
        answer.state = entry.state
        answer.status = entry.status
        answer.ended = entry.ended
        answer.starting = isStarting(process) ? 1 : 0
        entry.key.write(to: &answer)
        return send(&answer, descriptor: entry.pidfd, to: index)
    }

    @discardableResult
    private func send(_ answer: inout keeper_answer, descriptor: Int32, to index: Int) -> Int64 {
        var descriptor = descriptor
        // Nothing here waits for a client that does not read.
        return clinux_send_packet(
            connections[index].socket,
            &answer,
            MemoryLayout<keeper_answer>.size,
            &descriptor,
            descriptor >= 0 ? 1 : 0,
            Int32(CKEEPER_DONT_WAIT)
        )
    }

    private mutating func fetch(_ index: Int, _ key: Key) {
        connections[index].fetched = key
        connections[index].place = 0
        giveBack(index)
    }

    /// Gives a connection the descriptors of a process, until it has to read first.
    private mutating func giveBack(_ index: Int) {
        while let key = connections[index].fetched, let process = processes.index(of: key),
            let next = next(of: process, from: connections[index].place)
        {
            var answer = keeper_answer()
            answer.pid = processes[process].pid
            answer.tag = next.tag
            key.write(to: &answer)
            let result = send(&answer, descriptor: next.descriptor, to: index)
            if result == -Int64(EAGAIN) { return wait(index) }
            if result < 0 { return end(index) }
            connections[index].place = next.place + 1
        }
        end(index)
    }

    /// The next descriptor that is kept for a process, from a place on: each pump has two places after those that are held.
    private func next(of process: Int, from start: Int) -> (descriptor: Int32, tag: UInt32, place: Int)? {
        if start < HeldTable.capacity, let place = held.next(of: process, from: start) {
            return (held[place].descriptor, held[place].tag, place)
        }
        var place = max(start, HeldTable.capacity)
        while place < HeldTable.capacity + 2 * pumps.top {
            let (index, isRelay) = ((place - HeldTable.capacity) / 2, !place.isMultiple(of: 2))
            if pumps.isUsed(index), pumps[index].process == Int32(process) {
                let pump = pumps[index].pump
                if !isRelay { return (pump.source, KEEPER_SOURCE + pump.stream, place) }
                if pump.relay > 0 { return (pump.relay, KEEPER_RELAY + pump.stream, place) }
            }
            place += 1
        }
        return nil
    }

    // MARK: Processes

    /// The only descriptor that has come, now the caller's; nil where there is not just one.
    private mutating func takeDescriptor(_ index: Int) -> Int32? {
        guard connections[index].received == 1 else { return nil }
        connections[index].received = 0
        return connections.descriptors(of: index)[0]
    }

    private mutating func adopt(_ index: Int, _ key: Key, pid: Int32) -> Int32 {
        guard processes.index(of: key) == nil else { return EEXIST }
        guard let pidfd = takeDescriptor(index) else { return EINVAL }
        guard ckeeper_is_process(pidfd) != 0 else {
            ckeeper_close(pidfd)
            return EINVAL
        }
        guard let process = processes.add(ProcessTable.Entry(key: key, pid: pid, pidfd: pidfd)) else {
            ckeeper_close(pidfd)
            return ENOSPC
        }
        watch(process)
        // It may have ended before it was watched.
        observeEnd(of: process)
        return 0
    }

    private func watch(_ process: Int) {
        clinux_epoll_add(epoll, processes[process].pidfd, Event.readableOnce, Source.process.token(process))
    }

    private mutating func hold(_ index: Int, _ key: Key, tag: UInt32) -> Int32 {
        guard let process = processes.index(of: key) else { return ESRCH }
        let received = connections[index].received
        guard received > 0, received <= Int(KEEPER_PACKET_DESCRIPTORS) else { return EINVAL }
        let descriptors = connections.descriptors(of: index)
        connections[index].received = 0
        var error: Int32 = 0
        for place in 0..<received {
            if error == 0, held.hold(descriptors[place], process: process, tag: tag &+ UInt32(place)) { continue }
            ckeeper_close(descriptors[place])
            error = ENOSPC
        }
        return error
    }

    private mutating func release(_ key: Key, tag: UInt32) -> Int32 {
        guard let process = processes.index(of: key) else { return ESRCH }
        held.release(process, tag: tag)
        return 0
    }

    private mutating func forget(_ key: Key) -> Int32 {
        guard let process = processes.index(of: key) else { return ESRCH }
        guard processes[process].state != KEEPER_RUNNING.rawValue else { return EBUSY }
        held.release(process)
        closePumps(of: process)
        processes.remove(process)
        return 0
    }

    // MARK: Launches

    private mutating func launch(_ index: Int, _ key: Key, keepsFailure: Bool) {
        let descriptors = connections.descriptors(of: index)
        let count = connections[index].received
        var child = csandbox_child()
        var awaitsSibling: Int32 = 0
        var error: Int32 = processes.index(of: key) == nil ? 0 : EEXIST
        if error == 0 {
            error =
                count > 0
                ? -ckeeper_launch(
                    descriptors[0],
                    descriptors.advanced(by: 1),
                    UInt32(count - 1),
                    &awaitsSibling,
                    &child
                ) : EINVAL
        }
        connections.closeReceived(index)
        guard error == 0 else { return fail(index, error) }
        let entry = ProcessTable.Entry(key: key, pid: child.pid, pidfd: child.pidfd)
        guard let process = processes.add(entry) else {
            ckeeper_discard(&child)
            return fail(index, ENOSPC)
        }
        watch(process)
        connections[index].report = child.report
        connections[index].process = process
        connections[index].awaitsSibling = awaitsSibling != 0
        connections[index].keepsFailure = keepsFailure
        clinux_epoll_add(epoll, child.report, Event.readable, Source.report.token(index))
        var report = csandbox_report(
            kind: CSANDBOX_LAUNCHED.rawValue,
            operation: 0,
            error: 0,
            detail: UInt32(child.pid)
        )
        csandbox_send(connections[index].socket, &report, child.pidfd)
    }

    private mutating func fail(_ index: Int, _ error: Int32) {
        var report = csandbox_report(kind: CSANDBOX_FAILED.rawValue, operation: UInt32.max, error: error, detail: 0)
        csandbox_send(connections[index].socket, &report, -1)
        end(index)
    }

    /// Passes on everything that has been said of a process's start.
    mutating func relayAll(of process: Int) {
        for index in 0..<ConnectionTable.capacity where connections.isLaunching(index, process) {
            while connections.isLaunching(index, process), relay(index) {}
        }
    }

    /// Passes on one packet that a child says of its start; false where there is none.
    @discardableResult
    mutating func relay(_ index: Int) -> Bool {
        guard connections.isUsed(index), connections[index].report >= 0 else { return false }
        var report = csandbox_report()
        var descriptor: Int32 = -1
        let result = csandbox_receive(connections[index].report, Int32(CKEEPER_DONT_WAIT), &report, &descriptor)
        if result == -EAGAIN { return false }
        if result == 1 { pass(report, descriptor, from: index) }
        if result != 1 || report.kind == CSANDBOX_FAILED.rawValue {
            ckeeper_close(connections[index].report)
            connections[index].report = -1
            connections[index].awaitsSibling = false
            end(index)
            reapOrphans()
        }
        return true
    }

    /// Takes what the keeper itself needs of a report, and passes it on.
    private mutating func pass(_ report: csandbox_report, _ descriptor: Int32, from index: Int) {
        let process = connections[index].process
        let kind = csandbox_report_kind(report.kind)
        // Whoever hears of a failure finds nothing left of the process.
        if kind == CSANDBOX_FAILED { reap(process) }
        var report = report
        let socket = connections[index].socket
        let isTold = socket >= 0 && csandbox_send(socket, &report, descriptor) == 0
        switch kind {
        case CSANDBOX_FAILED:
            ckeeper_close(descriptor)
            let isOver = isTold && !connections[index].keepsFailure
            if isOver { discard(process) } else { keepFailure(process, report.error) }
        case CSANDBOX_SIBLING: replace(process, by: report, descriptor, of: index)
        case CSANDBOX_DESCRIPTOR:
            // The terminal must outlive the engine.
            if !held.hold(descriptor, process: process, tag: report.detail) { ckeeper_close(descriptor) }
        default: ckeeper_close(descriptor)
        }
    }

    /// From now on the entry is the process that joined the namespaces; the one that led it there has ended.
    private mutating func replace(_ process: Int, by report: csandbox_report, _ pidfd: Int32, of index: Int) {
        guard pidfd >= 0 else { return }
        ckeeper_reap(processes[process].pid)
        clinux_epoll_remove(epoll, processes[process].pidfd)
        ckeeper_close(processes[process].pidfd)
        processes[process].pid = Int32(report.detail)
        processes[process].pidfd = pidfd
        processes[process].state = KEEPER_RUNNING.rawValue
        connections[index].awaitsSibling = false
        watch(process)
        observeEnd(of: process)
    }

    /// Whether a process has not said yet that its program runs.
    private func isStarting(_ process: Int) -> Bool {
        for index in connections.indices where connections.isLaunching(index, process) { return true }
        return false
    }

    /// Waits for a process whose start failed; it is ending by itself.
    private func reap(_ process: Int) {
        if processes[process].state == KEEPER_RUNNING.rawValue { ckeeper_reap(processes[process].pid) }
        clinux_epoll_remove(epoll, processes[process].pidfd)
    }

    /// Keeps a process whose start failed until somebody has taken note of that, and tells those who watch.
    private mutating func keepFailure(_ process: Int, _ error: Int32) {
        processes[process].state = KEEPER_FAILED.rawValue
        processes[process].status = error
        processes[process].ended = clinux_real_time()
        drainPumps(of: process)
        processes.noteChange(process)
        for watcher in connections.indices where connections.isWatching(watcher) { tell(watcher) }
    }

    /// Takes back a process whose start failed.
    private mutating func discard(_ process: Int) {
        held.release(process)
        closePumps(of: process)
        processes.remove(process)
    }
}
