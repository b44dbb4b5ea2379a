// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Linux

@Suite struct `Control groups` {
    @Test func `a group is a directory in every tree and leaves nothing behind`() throws {
        let hierarchies = try ControlGroupHierarchies.forTests()
        let group = try ControlGroup.create(["nothing", "left"], in: hierarchies)
        let paths = hierarchies.all.map { "\($0.mountPoint)/\(group.path)" }
        #expect(!paths.isEmpty)
        #expect(paths.allSatisfy(isFolder))
        #expect(try group.exists())
        try group.remove()
        #expect(!paths.contains(where: isFolder))
        #expect(!(try group.exists()))
        for tree in hierarchies.all {
            #expect(!isFolder("\(tree.mountPoint)/\(hierarchies.parent[0])/nothing"))
        }
        try group.remove()
    }

    @Test func `every controller of the machine has one tree`() throws {
        let hierarchies = try ControlGroupHierarchies.forTests()
        // Lines of name, tree, number of groups, and whether the controller is on.
        for line in try readText("/proc/cgroups").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t")
            let name = fields[0] == "blkio" ? "io" : String(fields[0])
            guard ["cpu", "cpuset", "io", "memory", "pids"].contains(name), fields[3] == "1" else { continue }
            #expect(hierarchies.hierarchy(of: name) != nil, "\(name)")
        }
        let names = hierarchies.all.flatMap(\.controllers)
        #expect(names.count == Set(names).count)
    }

    @Test func `the move that is made in advance leaves this process where it is, wherever that is`() throws {
        let groups = try readText("/proc/self/cgroup")
        let mounts = ControlGroupMount.all(mountInfo: try readText("/proc/self/mountinfo"), ownGroups: groups)
        guard mounts.contains(where: { $0.version == .one }) else {
            #expect(OwnGroupMove(mounts, groups: groups) == nil)
            return
        }
        #expect(try #require(OwnGroupMove(mounts, groups: groups)).move())
        #expect(try !#require(OwnGroupMove(mounts, groups: "1:pids:/elsewhere\n")).move())
        #expect(try readText("/proc/self/cgroup") == groups)
    }

    @Test(arguments: Trees.available)
    func `a process is put into every tree through the descriptors`(trees: Trees) throws {
        let test = try TestGroup(ResourceLimits(), trees)
        let child = try Child(shell: "exit 7")
        let attachment = try test.group.attachment()
        let text = "\(child.process)"
        for number in attachment.procsNumbers { #expect(write(number, text, text.utf8.count) == text.utf8.count) }
        if let directory = attachment.directoryNumber {
            let procs = openat(directory, "cgroup.procs", O_WRONLY)
            #expect(write(procs, text, text.utf8.count) == text.utf8.count)
            close(procs)
        }
        let groups = try readText("/proc/\(child.process)/cgroup").split(separator: "\n")
        let within = groups.filter { $0.hasSuffix(":/\(test.group.path)") }
        #expect(within.count == test.group.hierarchies.all.count)
        #expect(try test.group.processes() == [child.process])
        #expect(try test.group.isPopulated())
        child.go()
        #expect(child.wait() == 7)
        #expect(try test.group.waitUntilEmpty(timeout: .seconds(600)))
    }

    @Test(arguments: Trees.available)
    func `processes are kept apart in a subgroup, moved out of it, and ended with it again and again`(
        trees: Trees
    ) throws {
        let test = try TestGroup(ResourceLimits(), trees)
        let subgroup = try #require(try ControlSubgroup(named: "apart", of: test.group))
        // It need not be there.
        try subgroup.kill()
        func attached(_ child: Child) throws {
            try subgroup.make()
            let attachment = try test.group.attachment(to: subgroup)
            let text = "\(child.process)"
            for number in attachment.procsNumbers { #expect(write(number, text, text.utf8.count) == text.utf8.count) }
            guard let directory = attachment.directoryNumber else { return }
            let procs = openat(directory, "cgroup.procs", O_WRONLY)
            #expect(write(procs, text, text.utf8.count) == text.utf8.count)
            close(procs)
        }
        func places(_ child: Child) throws -> [Substring] {
            try readText("/proc/\(child.process)/cgroup").split(separator: "\n").filter { $0.hasSuffix("/apart") }
        }
        let left = try Child(shell: "sleep 1000")
        try attached(left)
        #expect(try places(left).count == 1)
        try subgroup.moveOut()
        #expect(try places(left) == [])
        #expect(try test.group.processes() == [left.process])
        for _ in 0..<2 {
            let child = try Child(shell: "sleep 1000")
            try attached(child)
            try subgroup.kill()
            #expect(child.wait() == 128 + SIGKILL)
        }
        #expect(try test.group.processes() == [left.process])
    }

    @Test func `a taken name is an error and its group is left alone`() throws {
        let test = try TestGroup()
        let error = #expect(throws: ControlGroupError.self) {
            try ControlGroup.create(test.group.name, in: test.group.hierarchies)
        }
        #expect(error?.code == .exists)
        #expect(test.directories.count == test.group.hierarchies.all.count)
    }

    @Test(arguments: [[], [""], [".."], ["a/b"], ["a", "."], ["a\n"], [String(repeating: "x", count: 256)]])
    func `a name that could leave the parent is an error`(name: [String]) throws {
        let hierarchies = try ControlGroupHierarchies.forTests()
        let error = #expect(throws: ControlGroupError.self) { try ControlGroup(named: name, in: hierarchies) }
        #expect(error?.code == .invalid)
    }

    @Test func `fifty groups come and go at once though they share parents`() async throws {
        let hierarchies = try ControlGroupHierarchies.forTests()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<50 {
                tasks.addTask {
                    let name = ["shared", "\(number % 3)", "\(number)"]
                    let group = try ControlGroup.create(name, in: hierarchies)
                    #expect(try group.exists())
                    try group.remove()
                }
            }
            try await tasks.waitForAll()
        }
        for tree in hierarchies.all {
            #expect(!isFolder("\(tree.mountPoint)/\(hierarchies.parent[0])/shared"))
        }
    }

    @Test func `a parent that somebody else made stays`() throws {
        var hierarchies = try ControlGroupHierarchies.forTests()
        hierarchies.parent.append("theirs")
        hierarchies.keepsParent = true
        let group = try ControlGroup.create(["ours"], in: hierarchies)
        try group.remove()
        for tree in hierarchies.all {
            let theirs = "\(tree.mountPoint)/\(hierarchies.parent.joined(separator: "/"))"
            #expect(isFolder(theirs))
            #expect(rmdir(theirs) == 0)
            rmdir("\(tree.mountPoint)/\(hierarchies.parent[0])")
        }
    }

    @Test func `a group with a living process is not removed and the error names it`() throws {
        let test = try TestGroup()
        let child = try test.start(Child(perl: "syswrite STDOUT, 'r'; sleep 1000"))
        #expect(child.nextByte() == "r")
        let error = #expect(throws: ControlGroupError.self) { try test.group.remove(timeout: .zero) }
        #expect(error?.code == .busy)
        #expect(error?.description.contains("\(child.process)") == true)
    }

    @Test(arguments: Trees.available)
    func `groups that processes made below theirs are removed as well`(trees: Trees) throws {
        let test = try TestGroup(ResourceLimits(), trees)
        for directory in test.directories { #expect(mkdir("\(directory)/inner", 0o755) == 0) }
        try test.group.remove()
        #expect(test.directories.isEmpty)
    }

    @Test(arguments: Trees.available)
    func `killing ends every process of the group`(trees: Trees) throws {
        let test = try TestGroup(ResourceLimits(), trees)
        let child = try test.start(
            Child(perl: "for (1..5) { fork or last } syswrite STDOUT, 'r'; sleep 1000")
        )
        #expect(child.nextByte() == "r")
        try test.group.kill()
        #expect(child.wait() == 128 + SIGKILL)
        #expect(try test.group.waitUntilEmpty(timeout: .seconds(600)))
        #expect(try !test.group.isPopulated())
        #expect(child.rest().allSatisfy { $0 == "r" })
    }

    /// The time that processors have spent on this process.
    private static func ownTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test(arguments: Trees.available.filter { $0 != .withoutFreezer })
    func `a frozen process does nothing until it is thawed`(trees: Trees) throws {
        let test = try TestGroup(ResourceLimits(), trees)
        let child = try test.start(
            Child(perl: "$SIG{USR1} = sub { syswrite STDOUT, 'u' }; syswrite STDOUT, 'r'; while (1) { $n++ }")
        )
        #expect(child.nextByte() == "r")
        try test.group.freeze()
        #expect(try test.group.isFrozen())
        let before = try #require(try test.group.statistics().processors)
        // The test itself works for a while; the frozen loop must not. What is left of its last moment, in which it was
        // already told of as frozen, may be counted late.
        let start = Self.ownTime()
        var sum: UInt64 = 0
        while Self.ownTime() - start < .milliseconds(50) { sum &+= sum | 1 }
        #expect(sum != 0)
        let after = try #require(try test.group.statistics().processors)
        #expect(after.total - before.total < .milliseconds(5))
        #expect(kill(child.process, SIGUSR1) == 0)
        #expect(try test.group.isFrozen())
        try test.group.thaw()
        #expect(child.nextByte() == "u")
        #expect(try !test.group.isFrozen())
    }

    @Test(arguments: Trees.available.filter { $0 != .withoutFreezer })
    func `a frozen group can be killed`(trees: Trees) throws {
        let test = try TestGroup(ResourceLimits(), trees)
        let child = try test.start(Child(perl: "syswrite STDOUT, 'r'; sleep 1000"))
        #expect(child.nextByte() == "r")
        try test.group.freeze()
        try test.group.kill()
        #expect(child.wait() == 128 + SIGKILL)
        #expect(try test.group.waitUntilEmpty(timeout: .seconds(600)))
    }

    @Test func `without a freezer freezing is an error that says so`() throws {
        let test = try TestGroup(ResourceLimits(), .withoutFreezer)
        let error = #expect(throws: ControlGroupError.self) { try test.group.freeze() }
        #expect(error?.code == .unsupported)
    }

    @Test(arguments: Trees.available)
    func `processes that keep forking are all killed`(trees: Trees) throws {
        var limits = ResourceLimits()
        limits.processes = .atMost(60)
        let test = try TestGroup(limits, trees)
        let child = try test.start(
            Child(
                perl:
                    "$SIG{CHLD} = 'IGNORE'; syswrite STDOUT, 'r'; while (1) { my $p = fork; select undef, undef, undef, 0.001 }"
            )
        )
        #expect(child.nextByte() == "r")
        try test.group.kill()
        #expect(child.wait() == 128 + SIGKILL)
        #expect(try test.group.waitUntilEmpty(timeout: .seconds(600)))
    }

    @Test func `the events descriptor tells that the last process has left`() throws {
        let test = try TestGroup()
        let events = try #require(try test.group.eventsDescriptor()?.release())
        defer { close(events) }
        let child = try Child(shell: "exit 0")
        try test.group.attach(child.process)
        var bytes = [UInt8](repeating: 0, count: 256)
        #expect(pread(events, &bytes, bytes.count, 0) > 0)
        child.go()
        #expect(awaitEvent(events, Int16(POLLPRI)))
        #expect(child.wait() == 0)
    }

    @Test func `a group that is gone is an error that says so, and empty`() throws {
        let group = try ControlGroup(named: ["never made"], in: .forTests())
        #expect(try group.waitUntilEmpty(timeout: .zero))
        try group.kill()
        let error = #expect(throws: ControlGroupError.self) { try group.freeze() }
        #expect(error?.code == .missing)
    }
}
