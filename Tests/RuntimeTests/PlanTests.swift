// SPDX-License-Identifier: Apache-2.0

import CSandbox
import Glibc
import Linux
import TestSupport
import Testing

@testable import Runtime

@Suite struct `Plans` {
    @Test func `the program runs with its arguments and environment and its status is told`() throws {
        var builder = PlanBuilder()
        builder.exec(
            candidates: ["/nowhere/sh", "/bin/sh"],
            arguments: ["sh", "-c", "test \"$0 $A\" = 'one two' && exit 37", "one"],
            environment: ["A=two"]
        )
        let process = try EmbeddedLauncher().launch(builder.build(), name: "test").waitUntilRunning()
        #expect(try process.wait() == .exit(37))
    }

    @Test func `a step that fails is named with its purpose, its call and its subject`() throws {
        var builder = PlanBuilder()
        builder.describe("process.cwd")
        builder.add(CSANDBOX_DIRECTORY, "chdir", text: "/nowhere")
        builder.exec(candidates: ["/bin/true"], arguments: ["true"], environment: [])
        let plan = try builder.build()
        #expect(throws: LaunchError.setup("process.cwd", SystemError("chdir", ENOENT, on: "/nowhere"))) {
            _ = try EmbeddedLauncher().launch(plan, name: "test").waitUntilRunning()
        }
    }

    @Test(arguments: [
        (["/nowhere/a", "/etc/passwd", "/nowhere/b"], EACCES, 126),
        (["/nowhere/a"], ENOENT, 127),
        (["/etc/passwd/x"], ENOENT, 127),
    ])
    func `a program that cannot be run ends as a shell would say`(
        candidates: [String],
        number: Int32,
        status: Int
    ) throws {
        var builder = PlanBuilder()
        builder.exec(candidates: candidates, arguments: ["program"], environment: [])
        let plan = try builder.build()
        let error = #expect(throws: LaunchError.self) {
            _ = try EmbeddedLauncher().launch(plan, name: "test").waitUntilRunning()
        }
        #expect(error == .exec(SystemError("execve", number, on: "program")))
        #expect(error?.exitStatus == Int32(status))
    }

    @Test func `reports that stop before the sibling is told of are a failure`() throws {
        var builder = PlanBuilder()
        builder.add(CSANDBOX_FORK_SIBLING, "clone3")
        builder.exec(candidates: ["/bin/true"], arguments: ["true"], environment: [])
        let plan = try builder.build()
        var ends: [Int32] = [-1, -1]
        try SystemError.check(
            socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends),
            "socketpair"
        )
        close(ends[1])
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(arguments[0]) }
        #expect(posix_spawn(&pid, "/bin/true", nil, nil, &arguments, environ) == 0)
        #expect(throws: LaunchError.self) {
            let report = Descriptor(owning: ends[0])
            let pidfd = try Descriptor.process(pid)
            _ = try StartingProcess(pid: pid, pidfd: pidfd, report: report, plan: plan).waitUntilRunning()
        }
    }

    @Test func `a plan stops at its gate until it is opened`() throws {
        let pipe = try Pipe()
        var builder = PlanBuilder()
        let gate = builder.input(pipe.reader.number)
        builder.add(CSANDBOX_CLOEXEC, "close_range", x: 3)
        builder.add(CSANDBOX_READY, "sendmsg")
        builder.add(CSANDBOX_AWAIT, "read", gate)
        builder.exec(candidates: ["/bin/sh"], arguments: ["sh", "-c", "exit 3"], environment: [])
        var starting = try EmbeddedLauncher().launch(builder.build(), name: "test")
        try starting.waitUntilReady()
        #expect(try readText("/proc/\(starting.pid)/comm") != "sh\n")
        try #require(write(pipe.writer.number, "x", 1) == 1)
        let process = try starting.waitUntilRunning()
        #expect(try process.wait() == .exit(3))
    }
}

@Suite struct `The check of a plan` {
    /// A valid plan, for tests to damage.
    private func block() throws -> [UInt64] {
        var builder = PlanBuilder()
        builder.add(CSANDBOX_HOSTNAME, "sethostname", text: "name")
        builder.exec(candidates: ["/bin/true"], arguments: ["true"], environment: [])
        return try builder.build().bytes
    }

    private func isRefused(_ block: [UInt64], size: Int? = nil) throws -> Bool {
        var fault: UInt32 = 0
        return try block.withUnsafeBytes { bytes in
            let start = try #require(bytes.baseAddress)
            return csandbox_check(start, size ?? bytes.count, &fault) == -EINVAL
        }
    }

    @Test func `a plan as it was built is accepted`() throws {
        #expect(try !isRefused(block()))
    }

    @Test func `numbers of the header that point outside the plan are refused`() throws {
        let block = try block()
        let header = MemoryLayout<csandbox_header>.size / 8
        for word in 0..<header where word != 2 {
            for bit in 20..<31 {
                var damaged = block
                damaged[word] ^= 1 << bit
                #expect(try isRefused(damaged), "word \(word), bit \(bit)")
            }
        }
    }

    @Test(arguments: [0, 8, 40, 48, 96, 144])
    func `a plan that was cut off is refused`(size: Int) throws {
        #expect(try isRefused(block(), size: size))
    }
}
