// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import RuntimeSupport
import Seccomp
import TestSupport
import Testing

@Suite struct `The limits of a container` {
    private static let files: [(file: GroupFile, one: String, two: String)] = [
        (GroupFile("memory", "memory.limit_in_bytes", "memory.max"), "67108864", "67108864"),
        (GroupFile("memory", "memory.soft_limit_in_bytes", "memory.low"), "33554432", "33554432"),
        (GroupFile("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"), "134217728", "67108864"),
        (GroupFile("cpu", "cpu.shares", "cpu.weight"), "512", "59"),
        (GroupFile("cpu", "cpu.cfs_quota_us", "cpu.max"), "50000", "50000 200000"),
        (GroupFile("cpuset", "cpuset.cpus", "cpuset.cpus"), "0", "0"),
        (GroupFile("cpuset", "cpuset.mems", "cpuset.mems"), "0", "0"),
        (GroupFile("pids", "pids.max", "pids.max"), "32", "32"),
    ]

    private static func ask(_ resources: inout RuntimeSpec.Resources) {
        var memory = RuntimeSpec.Memory()
        (memory.limit, memory.reservation, memory.swap) = (64 << 20, 32 << 20, 128 << 20)
        resources.memory = memory
        var cpu = RuntimeSpec.CPU()
        (cpu.shares, cpu.quota, cpu.period, cpu.cpus, cpu.mems) = (512, 50_000, 200_000, "0", "0")
        resources.cpu = cpu
        resources.pids = RuntimeSpec.Pids(limit: 32)
    }

    @Test func `are in the files of the host and of the container`() throws {
        var container = try TestContainer()
        container.limit(Self.ask)
        let host = try TestHost(container.specification)
        let group = host.resources.group
        let paths = Self.files.map { $0.file.pathInside(of: group) }
        container.specification.process?.args = ["sh", "-c", "cat \(paths.joined(separator: " ")); busybox nproc"]
        let outcome = try container.run(on: host)
        let expected = Self.files.map { $0.file.choose(in: group, $0.one, $0.two) }
        #expect(outcome.output.split(separator: "\n").map(String.init) == expected + ["1"])
        for ((file, _, _), value) in zip(Self.files, expected) {
            #expect(try readText(file.path(in: group)) == "\(value)\n")
        }
    }

    @Test func `change while it runs, and what is not named stays`() throws {
        var container = try TestContainer(["sleep", "1000"])
        container.limit(Self.ask)
        let host = try TestHost(container.specification)
        let pipe = try Pipe()
        let running = try container.start(on: host, output: pipe)
        var change = RuntimeSpec.Resources()
        change.pids = RuntimeSpec.Pids(limit: -1)
        change.memory = RuntimeSpec.Memory()
        change.memory?.limit = 96 << 20
        change.memory?.swap = -1
        try host.resources.update(change)
        let group = host.resources.group
        #expect(try readText(GroupFile("pids", "pids.max", "pids.max").path(in: group)) == "max\n")
        #expect(try readText(Self.files[0].file.path(in: group)) == "\(96 << 20)\n")
        #expect(
            try readText(Self.files[3].file.path(in: group)) == "\(Self.files[3].file.choose(in: group, 512, 59))\n"
        )
        let outcome = try container.exec(["sh", "-c", "echo > /dev/null"], in: running, on: host)
        #expect(outcome == .init(end: .exit(0), output: ""))
    }

    @Test func `one that the kernel refuses is named, and no group is left`() throws {
        var container = try TestContainer()
        container.limit { resources in
            resources.cpu = RuntimeSpec.CPU()
            resources.cpu?.cpus = "4000"
        }
        let error = #expect(throws: LaunchError.self) { _ = try TestHost(container.specification) }
        guard case .controlGroup(let refusal)? = error else {
            throw SystemFailure(message: "another error: \(error as Any)")
        }
        #expect(refusal.limit == "cpu.cpus")
        #expect(refusal.description.contains("the machine, or the group above, does not have all of these"))
    }

    @Test func `a container that takes more memory is killed, and the kill is counted`() throws {
        var container = try TestContainer(["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"])
        container.limit { resources in
            resources.memory = RuntimeSpec.Memory()
            resources.memory?.limit = 16 << 20
            resources.memory?.swap = 16 << 20
        }
        let host = try TestHost(container.specification)
        guard let watch = try host.resources.group.watchOutOfMemory() else {
            throw SystemFailure(message: "this machine has no memory controller")
        }
        #expect(try container.run(on: host).end == .signal(SIGKILL))
        #expect(try watch.kills() == 1)
    }

    @Test func `a container cannot have more processes than it may`() throws {
        let script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; echo unlimited"
        var container = try TestContainer(["sh", "-c", script])
        container.limit { $0.pids = RuntimeSpec.Pids(limit: 6) }
        let host = try TestHost(container.specification)
        let outcome = try container.run(on: host)
        #expect(outcome.output.contains("can't fork"))
        #expect(!outcome.output.contains("unlimited"))
    }

    @Test func `also hold by the keeper`() throws {
        let keeper = try TestKeeper()
        var container = try TestContainer(["sleep", "1000"])
        container.limit(Self.ask)
        container.request.name = "one"
        let host = try TestHost(container.specification)
        let pipe = try Pipe()
        let running = try container.start(on: host, output: pipe, by: KeeperLauncher(keeper.client))
        let path = Self.files[7].file.pathInside(of: host.resources.group)
        #expect(try container.exec(["cat", path], in: running, on: host).output == "32\n")
        #expect(try host.resources.group.processes() == [running.process.pid])
        try host.resources.killAll()
        #expect(try running.process.wait() == .signal(SIGKILL))
    }
}

@Suite struct `The devices of a container` {
    /// A block device that no driver has: opening it fails with `ENXIO` where the rules allow it.
    private static let script = """
        mknod /tmp/disk b 199 7 && echo made
        cat /tmp/disk; cat < /dev/zero | head -c 1 | wc -c; echo > /dev/null && echo null
        """

    private static let allow = RuntimeSpec.DeviceRule(allow: true, type: .block, major: 199, minor: 7, access: "r")

    @Test(arguments: [
        ([], "Operation not permitted"),
        ([allow], "No such device or address"),
        ([RuntimeSpec.DeviceRule(allow: true)], "No such device or address"),
        ([RuntimeSpec.DeviceRule(allow: true), RuntimeSpec.DeviceRule(allow: false)], "Operation not permitted"),
        ([allow, RuntimeSpec.DeviceRule(allow: false, type: .block, access: "r")], "Operation not permitted"),
    ])
    func `are those that the rules allow, and the usual ones always`(
        rules: [RuntimeSpec.DeviceRule],
        answer: String
    ) throws {
        var container = try TestContainer(["sh", "-c", Self.script])
        container.limit { $0.devices = rules }
        let host = try TestHost(container.specification)
        #expect(
            try container.run(on: host).output == """
                made
                cat: can't open '/tmp/disk': \(answer)
                1
                null

                """
        )
    }

    @Test func `an exception that version 1 would pass over is refused`() throws {
        var container = try TestContainer()
        container.limit { resources in
            resources.devices = [
                RuntimeSpec.DeviceRule(allow: true, type: .block, access: "rw"),
                RuntimeSpec.DeviceRule(allow: false, type: .block, major: 199, minor: 7, access: "w"),
            ]
        }
        let trees = try ControlGroupHierarchies.ofTests()
        guard trees.legacy.contains(where: { $0.controllers.contains("devices") }) else {
            // Version 2 has programs, which can do it.
            container.specification.process?.args = ["sh", "-c", "mknod /tmp/disk b 199 7; echo > /tmp/disk"]
            let host = try TestHost(container.specification)
            #expect(try container.run(on: host).output.contains("not permitted"))
            return
        }
        let error = #expect(throws: LaunchError.self) { _ = try TestHost(container.specification) }
        #expect(error?.description.contains("cannot make an exception from `b *:* rw`") == true)
    }

    @Test func `change while it runs`() throws {
        var container = try TestContainer(["sleep", "1000"])
        let host = try TestHost(container.specification)
        let pipe = try Pipe()
        let running = try container.start(on: host, output: pipe)
        let open = ["sh", "-c", "test -e /tmp/disk || mknod /tmp/disk b 199 7; cat /tmp/disk"]
        #expect(try container.exec(open, in: running, on: host).output.contains("not permitted"))
        var change = RuntimeSpec.Resources()
        change.devices = [Self.allow]
        try host.resources.update(change)
        #expect(try container.exec(open, in: running, on: host).output.contains("No such device"))
        // An update that speaks of something else leaves the devices alone.
        change.devices = []
        change.pids = RuntimeSpec.Pids(limit: 50)
        try host.resources.update(change)
        #expect(try container.exec(open, in: running, on: host).output.contains("No such device"))
    }
}

@Suite struct `The control group of a container` {
    @Test func `stops and goes on as a whole, and takes no program meanwhile`() throws {
        var container = try TestContainer(["sh", "-c", "while :; do echo x; done"])
        let host = try TestHost(container.specification)
        let pipe = try Pipe()
        let running = try container.start(on: host, output: pipe)
        var request = pollfd(fd: pipe.reader.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&request, 1, 60_000) == 1)
        try host.resources.freeze()
        #expect(try host.resources.isFrozen())
        // What it wrote before is read; nothing can follow.
        var chunk = [UInt8](repeating: 0, count: 1 << 17)
        while poll(&request, 1, 0) == 1 { try #require(read(pipe.reader.number, &chunk, chunk.count) > 0) }
        #expect(poll(&request, 1, 0) == 0)
        let error = #expect(throws: LaunchError.self) {
            _ = try container.exec(["true"], in: running, on: host)
        }
        guard case .controlGroup(let busy)? = error else { throw SystemFailure(message: "another error") }
        #expect(busy.code == .busy)
        try host.resources.thaw()
        #expect(poll(&request, 1, 60_000) == 1)
        #expect(try !host.resources.isFrozen())
    }

    @Test func `measures, kills everything and is removed`() throws {
        var container = try TestContainer(["sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000 & echo; wait"])
        container.limit { $0.pids = RuntimeSpec.Pids(limit: 40) }
        let host = try TestHost(container.specification)
        let pipe = try Pipe()
        let running = try container.start(on: host, output: pipe)
        var byte: UInt8 = 0
        #expect(read(pipe.reader.number, &byte, 1) == 1)
        let statistics = try host.resources.statistics()
        #expect(statistics.processes?.count == 3)
        #expect(statistics.processes?.limit == 40)
        #expect(statistics.memory?.usage ?? 0 > 0)
        #expect(statistics.processors?.total ?? .zero > .zero)
        #expect(host.directories.count > 1)
        try host.resources.killAll()
        #expect(try running.process.wait() == .signal(SIGKILL))
        try host.resources.remove()
        #expect(host.directories.isEmpty)
        // What thaws a container that was killed while it was frozen may come after its end.
        try host.resources.thaw()
    }

    @Test func `lies where the specification says, and the parents that a user named stay`() throws {
        let parent = "\(ControlGroupHierarchies.testParent)-user"
        var container = try TestContainer(["cat", "/proc/self/cgroup"])
        container.specification.linux?.cgroupsPath = "/\(parent)/leaf"
        let host = try TestHost(container.specification)
        let folders = host.directories
        #expect(folders.allSatisfy { $0.hasSuffix("/\(parent)/leaf") } && !folders.isEmpty)
        // Inside, the group is the root of its namespace.
        let lines = try container.run(on: host).output.split(separator: "\n").filter {
            $0.contains(":pids:") || $0.hasPrefix("0::")
        }
        #expect(lines.allSatisfy { $0.hasSuffix(":/") } && !lines.isEmpty)
        try host.resources.remove()
        let parents = folders.map { String($0.dropLast("/leaf".count)) }
        #expect(parents.allSatisfy(isFolder))
        for path in parents { rmdir(path) }
        container.specification.linux?.cgroupsPath = "a/b"
        #expect(
            try TestHost(container.specification).resources.group.path == "\(ControlGroupHierarchies.testParent)/a/b"
        )
    }

    @Test(arguments: [
        ("system.slice:wharf:name", "systemd"), ("/", "uppermost"), ("/../x", "\"..\""), ("a/../../x", "\"..\""),
    ])
    func `is refused where it is not ours to make`(path: String, words: String) throws {
        var container = try TestContainer()
        container.specification.linux?.cgroupsPath = path
        let error = #expect(throws: LaunchError.self) { _ = try TestHost(container.specification) }
        #expect(error?.description.contains(words) == true)
    }

    @Test func `holds a container that waits at its gate`() throws {
        var container = try TestContainer(["sh", "-c", "exit 9"])
        container.request.specification = container.specification
        let host = try TestHost(container.specification, profile: .standard)
        let gate = try Pipe()
        container.request.gate = gate.reader.number
        let starting = try host.resources.create(container.request, by: EmbeddedLauncher())
        #expect(try host.resources.group.processes() == [starting.pid])
        #expect(try readText("/proc/\(starting.pid)/status").contains("Seccomp:\t2\n"))
        try #require(write(gate.writer.number, "x", 1) == 1)
        #expect(try starting.waitUntilRunning().wait() == .exit(9))
    }

    @Test(arguments: [true, false], [true, false])
    func `holds a further program that waits at its gate, which runs only where it is opened`(
        isKept: Bool,
        isOpened: Bool
    ) throws {
        let keeper = try TestKeeper()
        let launcher: any Launcher = isKept ? KeeperLauncher(keeper.client) : EmbeddedLauncher()
        var container = try TestContainer(["sleep", "1000"])
        let host = try TestHost(container.specification, profile: .standard)
        container.request.specification = container.specification
        let running = try host.resources.start(container.request, by: launcher)
        let gate = try Pipe()
        var request = ExecRequest(RuntimeSpec.Process(args: ["/bin/sh", "-c", "exit 9"]), in: container.specification)
        request.name = "exec"
        request.gate = gate.reader.number
        let pidfd = running.process.pidfd.number
        let starting = try host.resources.createExec(request, joining: pidfd, by: launcher)
        #expect(try Set(host.resources.group.processes()) == [running.process.pid, starting.pid])
        #expect(try readText("/proc/\(starting.pid)/comm") != "sh\n")
        gate.split { _, writer in
            if isOpened { #expect(write(writer.number, "x", 1) == 1) }
            close(writer.release())
        }
        if isOpened {
            #expect(try starting.waitUntilRunning().wait() == .exit(9))
        } else {
            do throws(LaunchError) {
                _ = try starting.waitUntilRunning()
                Issue.record("the program ran")
            } catch {
                #expect(error.exitStatus == 125)
            }
        }
        try running.process.signal(SIGKILL)
        #expect(try running.process.wait() == .signal(SIGKILL))
    }

    @Test func `a program that is missing leaves a group that can be removed`() throws {
        var container = try TestContainer(["/nowhere"])
        let host = try TestHost(container.specification)
        let error = #expect(throws: LaunchError.self) { _ = try container.run(on: host) }
        #expect(error?.exitStatus == 127)
        try host.resources.remove()
        #expect(host.directories.isEmpty)
    }
}
