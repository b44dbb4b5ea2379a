// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import CSandbox

/// The engine, which is started again when it ends.
struct Guard {
    /// The plan that is launched; nil where nothing is guarded.
    fileprivate var plan: UnsafeMutableRawPointer?
    fileprivate var planSize = 0
    fileprivate let descriptors = UnsafeMutablePointer<Int32>.allocate(capacity: Int(KEEPER_GUARD_DESCRIPTORS))
    fileprivate var count = 0

    /// The process; -1 where none runs.
    fileprivate var pidfd: Int32 = -1
    fileprivate var pid: Int32 = 0
    /// When it was launched or guarded, and when the next one is due, by a clock that nobody sets.
    fileprivate var started: UInt64 = 0
    fileprivate var due: UInt64 = 0
    /// How long the last pause was, in milliseconds; 0 where there was none.
    fileprivate var pause: UInt64 = 0

    private static let millisecond: UInt64 = 1_000_000

    /// How many milliseconds there are until the next launch, rounded up so that nobody waits in turns; -1 for none.
    var timeout: Int32 {
        guard plan != nil, pidfd < 0 else { return -1 }
        let now = ckeeper_steady_time()
        return now >= due ? 0 : Int32((due - now + Self.millisecond - 1) / Self.millisecond)
    }

    /// Decides when the next process is launched after one that has ended, or that could not be launched: the first time
    /// at once.
    fileprivate mutating func setDue() {
        let now = ckeeper_steady_time()
        if now - started >= UInt64(KEEPER_GUARD_STEADY) * Self.millisecond { pause = 0 }
        due = now + pause * Self.millisecond
        pause = min(max(UInt64(KEEPER_GUARD_PAUSE), pause * 2), UInt64(KEEPER_GUARD_LONGEST_PAUSE))
    }
}

extension Keeper {
    /// Guards a process with what has come over a connection.
    mutating func guardProcess(_ index: Int, pid: Int32) -> Int32 {
        let received = connections[index].received
        guard received >= 2, received - 2 <= Int(KEEPER_GUARD_DESCRIPTORS) else { return EINVAL }
        let descriptors = connections.descriptors(of: index)
        guard ckeeper_is_process(descriptors[1]) != 0 else { return EINVAL }
        var size = 0
        var result: Int32 = 0
        let plan = ckeeper_copy_plan(descriptors[0], UInt32(received - 2), Int(KEEPER_GUARD_PLAN), &size, &result)
        guard let plan else { return -result }
        let watched = clinux_epoll_add(epoll, descriptors[1], Event.readableOnce, Source.engine.token())
        if watched < 0 {
            ckeeper_free_plan(plan, size)
            return -watched
        }
        let isOurs = engine.pidfd >= 0 && engine.pid == pid
        let (started, pause) = (isOurs ? engine.started : ckeeper_steady_time(), isOurs ? engine.pause : 0)
        endGuard()
        engine.plan = plan
        engine.planSize = size
        engine.pidfd = descriptors[1]
        engine.pid = pid
        engine.started = started
        engine.pause = pause
        engine.count = received - 2
        for slot in 0..<engine.count { engine.descriptors[slot] = descriptors[slot + 2] }
        ckeeper_close(descriptors[0])
        connections[index].received = 0
        return 0
    }

    /// Lets the engine end for good.
    mutating func endGuard() {
        ckeeper_free_plan(engine.plan, engine.planSize)
        engine.plan = nil
        for slot in 0..<engine.count { ckeeper_close(engine.descriptors[slot]) }
        engine.count = 0
        closeEngine()
        engine.started = 0
        engine.pause = 0
    }

    private mutating func closeEngine() {
        guard engine.pidfd >= 0 else { return }
        // Whoever asked for the guard holds the same open file: closing ours would not end its events.
        clinux_epoll_remove(epoll, engine.pidfd)
        ckeeper_close(engine.pidfd)
        engine.pidfd = -1
    }

    /// Sees that the engine has ended, and when the next one is to be launched.
    mutating func observeEngine() {
        guard engine.pidfd >= 0, ckeeper_has_ended(engine.pidfd) != 0 else { return }
        // Ours where we launched it; otherwise its parent reaps it, and the kernel may still know how it ended.
        var end = clinux_exit()
        var result = clinux_waitid_pidfd(engine.pidfd, Int32(CKEEPER_WAIT_ENDED), &end)
        if result < 0 { result = clinux_pidfd_exit_status(engine.pidfd, &end) }
        // One that ended as it should has nothing left to do.
        if result == 0, end.is_signal == 0, end.status == 0 { return endGuard() }
        closeEngine()
        engine.setDue()
    }

    /// Launches the engine that is due.
    mutating func launchEngine() {
        guard let plan = engine.plan else { return }
        var child = csandbox_child()
        engine.started = ckeeper_steady_time()
        guard csandbox_launch(plan, engine.planSize, engine.descriptors, &child) == 0 else { return engine.setDue() }
        // Nobody listens: what goes wrong is seen by its end.
        ckeeper_close(child.report)
        let watched = clinux_epoll_add(epoll, child.pidfd, Event.readableOnce, Source.engine.token())
        guard watched == 0 else {
            var child = child
            child.report = -1
            ckeeper_discard(&child)
            return engine.setDue()
        }
        engine.pid = child.pid
        engine.pidfd = child.pidfd
    }
}
