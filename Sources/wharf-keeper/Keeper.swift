// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox

/// The process that outlives the engine: the parent of every container, the holder of what must not be closed.
///
/// Embedded Swift: no runtime, no reference counting. All tables are of fixed size and allocated once, so that nothing
/// can fail later and so that the process that is cloned for each container stays small.
struct Keeper {
    var processes = ProcessTable()
    var connections = ConnectionTable()
    var held = HeldTable()
    var pumps = PumpTable()
    var engine = Guard()
    let epoll: Int32
    let listener: Int32
    /// The descriptor that tells of ended children.
    let children: Int32
    var isEnding = false

    /// Who an event is about.
    enum Source: UInt64 {
        case listener, children, connection, report, process, pump, engine

        func token(_ index: Int = 0) -> UInt64 { rawValue << 32 | UInt64(index) }
    }

    init?(listener: Int32) {
        epoll = clinux_epoll_create()
        children = ckeeper_watch_children()
        self.listener = listener
        guard epoll >= 0, children >= 0, listener >= 0 else { return nil }
        guard clinux_epoll_add(epoll, listener, Event.readable, Source.listener.token()) == 0,
            clinux_epoll_add(epoll, children, Event.readable, Source.children.token()) == 0
        else { return nil }
    }

    /// Serves requests and watches processes until it is asked to end.
    mutating func run() {
        let events = UnsafeMutablePointer<clinux_event>.allocate(capacity: Event.batch)
        while !isEnding {
            let count = clinux_epoll_wait(epoll, events, Int32(Event.batch), engine.timeout)
            var mayHaveOrphans = false
            for index in 0..<max(0, Int(count)) {
                let token = events[index].token
                guard let source = Source(rawValue: token >> 32) else { continue }
                let subject = Int(token & 0xffff_ffff)
                switch source {
                case .listener: accept()
                case .children: mayHaveOrphans = true
                case .connection: serve(subject, events[index].events)
                case .report: relay(subject)
                case .process: observeEnd(of: subject)
                case .pump: move(subject)
                case .engine: observeEngine()
                }
            }
            if engine.timeout == 0 { launchEngine() }
            if mayHaveOrphans {
                ckeeper_drain(children)
                reapOrphans()
            }
        }
    }

    // MARK: Connections

    private mutating func accept() {
        let socket = clinux_accept(listener, Int32(CKEEPER_NONBLOCKING))
        guard socket >= 0 else { return }
        var user: uid_t = 0
        guard clinux_peer_user(socket, &user) == 0, user == ckeeper_user(),
            let index = connections.open(socket)
        else {
            ckeeper_close(socket)
            return
        }
        if clinux_epoll_add(epoll, socket, Event.readable, Source.connection.token(index)) < 0 { close(index) }
    }

    /// Hears what a connection asks, and tells it what it was not ready for.
    private mutating func serve(_ index: Int, _ events: UInt32) {
        if events & Event.writable != 0 { goOn(index) }
        if events & ~Event.writable != 0 { receive(from: index) }
    }

    mutating func close(_ index: Int) {
        connections.close(index)
    }

    // MARK: Ends

    /// Notes how a process ended and tells those who watch.
    mutating func observeEnd(of index: Int) {
        guard processes.isUsed(index), processes[index].state == KEEPER_RUNNING.rawValue else { return }
        // What it has said of its start comes first: one that never ran its program has no end to tell of.
        let pidfd = processes[index].pidfd
        relayAll(of: index)
        // Reading that may have reaped this very process already, or given its slot away.
        guard processes.isUsed(index), processes[index].pidfd == pidfd,
            processes[index].state == KEEPER_RUNNING.rawValue
        else { return }
        var end = clinux_exit()
        var result = clinux_waitid_pidfd(processes[index].pidfd, Int32(CKEEPER_WAIT_ENDED), &end)
        // A child of a keeper before this one, or of whoever adopted it then.
        if result == -ECHILD { result = clinux_pidfd_exit_status(processes[index].pidfd, &end) }
        switch result {
        case 0:
            processes[index].state = (end.is_signal != 0 ? KEEPER_KILLED : KEEPER_EXITED).rawValue
            processes[index].status = end.status
        case -EAGAIN:
            return
        default:
            processes[index].state = KEEPER_UNKNOWN.rawValue
        }
        processes[index].ended = clinux_real_time()
        // Whoever hears of the end finds everything that the process wrote.
        drainPumps(of: index)
        held.releaseSockets(index)
        clinux_epoll_remove(epoll, processes[index].pidfd)
        processes.noteChange(index)
        for watcher in connections.indices where connections.isWatching(watcher) { tell(watcher) }
    }

    /// Reaps children that are in no table: what containers without a pid namespace of their own leave behind.
    mutating func reapOrphans() {
        // A process that is about to be told of by its sibling is no orphan.
        guard !connections.awaitSibling else { return }
        while true {
            let pid = ckeeper_ended_child()
            guard pid > 0 else { return }
            if let index = processes.index(ofPID: pid) {
                observeEnd(of: index)
            } else {
                ckeeper_reap(pid)
            }
        }
    }
}

/// Numbers of epoll(7).
enum Event {
    static let batch = 64
    static let readable: UInt32 = 1
    static let writable: UInt32 = 4
    /// A change is told once: an ended process stays readable for good.
    static let readableOnce: UInt32 = 1 | 1 << 31
}
