// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@testable import Engine

@Suite struct `Activity of processes` {
    /// Looks until two looks that follow each other show the same, and everything asleep.
    private static func waitForRest(of group: ControlGroup) throws -> ProcessActivity {
        while true {
            let before = try ProcessActivity(of: group)
            let after = try ProcessActivity(of: group)
            if before == after, after.isAsleep { return after }
            sched_yield()
        }
    }

    @Test func `is none while all of them wait, and seen once one has run`() throws {
        let test = try TestGroup("activity")
        let idle = try IdleProcess()
        try test.group.attach(idle.pid)
        let resting = try Self.waitForRest(of: test.group)
        #expect(try ProcessActivity(of: test.group) == resting)
        #expect(kill(idle.pid, SIGSTOP) == 0)
        while try ProcessInformation(idle.pid)?.state != "T" { sched_yield() }
        #expect(try !ProcessActivity(of: test.group).isAsleep)
        #expect(kill(idle.pid, SIGCONT) == 0)
        #expect(try Self.waitForRest(of: test.group) != resting)
    }

    @Test func `is that of every thread`() throws {
        let test = try TestGroup("threads")
        let script = """
            import threading, time
            def compute():
                while True: pass
            threading.Thread(target=compute).start()
            time.sleep(600)
            """
        let process = try IdleProcess(["/usr/bin/python3", "-c", script])
        try test.group.attach(process.pid)
        while try test.group.threads().count < 2 { sched_yield() }
        while try ProcessInformation(process.pid)?.waitChannel.contains("nanosleep") != true { sched_yield() }
        #expect(try test.group.processes() == [process.pid])
        for _ in 0..<100 { #expect(try !ProcessActivity(of: test.group).isAsleep) }
    }

    @Test func `cannot be told of a group that is gone`() throws {
        let test = try TestGroup("gone")
        try test.group.remove()
        let error = #expect(throws: ControlGroupError.self) { try ProcessActivity(of: test.group) }
        #expect(error?.code == .missing)
    }
}
