// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

/// The lines of /proc/self/status that a script prints, by their names.
private func status(_ outcome: TestContainer.Outcome) -> [String: String] {
    var result: [String: String] = [:]
    for line in outcome.lines {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { result[String(parts[0])] = parts[1].filter { $0 != "\t" } }
    }
    return result
}

private func bits(_ capabilities: [Capability]) -> String {
    let digits = String(CapabilitySet(capabilities).rawValue, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

@Suite(.everyLauncher) struct `Capabilities` {
    @Test func `are Docker's by default, with nothing inheritable`() throws {
        let found = status(try TestContainer.sh("grep Cap /proc/self/status"))
        let expected = bits(CapabilitySet.containerDefault.capabilities)
        #expect(
            found == [
                "CapInh": bits([]), "CapPrm": expected, "CapEff": expected, "CapBnd": expected, "CapAmb": bits([]),
            ]
        )
    }

    @Test func `are those of each of the five sets`() throws {
        var container = try TestContainer(["cat", "/proc/self/status"])
        var sets = RuntimeSpec.Capabilities()
        sets.bounding = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SETPCAP"]
        sets.permitted = ["CAP_CHOWN", "CAP_KILL"]
        sets.effective = ["CAP_KILL"]
        sets.inheritable = ["CAP_KILL"]
        sets.ambient = ["CAP_KILL"]
        container.process.capabilities = sets
        container.process.user = .init(uid: 1000, gid: 1000)
        let found = status(try container.run())
        // execve takes from a user who is not root what is not ambient.
        #expect(found["CapInh"] == bits([.kill]))
        #expect(found["CapPrm"] == bits([.kill]))
        #expect(found["CapEff"] == bits([.kill]))
        #expect(found["CapBnd"] == bits([.chown, .kill, .netRaw, .setpcap]))
        #expect(found["CapAmb"] == bits([.kill]))
    }

    @Test func `of a user who is not root end at execve`() throws {
        let found = status(
            try TestContainer.sh("cat /proc/self/status") { $0.process.user = .init(uid: 1000, gid: 1000) }
        )
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] { #expect(found[set] == bits([]), "\(set)") }
        #expect(found["CapBnd"] == bits(CapabilitySet.containerDefault.capabilities))
        #expect(found["Uid"] == "1000100010001000")
    }

    @Test func `none at all are possible`() throws {
        let found = status(try TestContainer.sh("cat /proc/self/status") { $0.process.capabilities = .init() })
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] { #expect(found[set] == bits([]), "\(set)") }
    }

    @Test func `that this process does not have itself are left out`() throws {
        let found = status(
            try TestContainer.sh("cat /proc/self/status") { $0.process.capabilities = .init(containing: .all) }
        )
        let own = try CapabilitySet.ofThisThread().permitted
        #expect(found["CapEff"] == bits(own.capabilities))
        #expect(found["CapInh"] == bits([]))
    }

    @Test func `that do not exist are refused`() {
        let error = failure { _ = try TestContainer.sh("true") { $0.process.capabilities?.bounding = ["CAP_FLY"] } }
        #expect(error?.description.hasPrefix("process.capabilities: unknown capability \"CAP_FLY\"") == true)
    }

    @Test func `ambient without inheritable is named`() {
        let error = failure { _ = try TestContainer.sh("true") { $0.process.capabilities?.ambient = ["CAP_KILL"] } }
        #expect(error == .setup("process.capabilities.ambient", SystemError("prctl", EPERM)))
    }

    @Test(arguments: [true, false])
    func `no new ones where that is asked for`(isAsked: Bool) throws {
        let found = status(try TestContainer.sh("cat /proc/self/status") { $0.process.noNewPrivileges = isAsked })
        #expect(found["NoNewPrivs"] == (isAsked ? "1" : "0"))
    }
}

/// A filter by which mkdir(2) and mkdirat(2) fail with a number that no file system gives.
private let filter: [UInt8] = {
    #if arch(x86_64)
    let calls: [UInt32] = [83, 258]
    #else
    let calls: [UInt32] = [34, 34]
    #endif
    let program: [(code: UInt16, yes: UInt8, no: UInt8, value: UInt32)] = [
        (0x20, 0, 0, 0),  // load the number of the call
        (0x15, 1, 0, calls[0]), (0x15, 0, 1, calls[1]),  // to the next but one if it is it
        (0x06, 0, 0, 0x0005_0000 | UInt32(EXFULL)),  // SECCOMP_RET_ERRNO
        (0x06, 0, 0, 0x7fff_0000),  // SECCOMP_RET_ALLOW
    ]
    return program.flatMap { step in
        withUnsafeBytes(of: step.code) { Array($0) } + [step.yes, step.no]
            + withUnsafeBytes(of: step.value) { Array($0) }
    }
}()

/// A filter that has only what a C program needs, without clone3: Docker's answers it with `ENOSYS`.
private let filterWithoutClone3: [UInt8] = {
    let program: [(code: UInt16, yes: UInt8, no: UInt8, value: UInt32)] = [
        (0x20, 0, 0, 0), (0x15, 0, 1, 435), (0x06, 0, 0, 0x0005_0000 | UInt32(ENOSYS)), (0x06, 0, 0, 0x7fff_0000),
    ]
    return program.flatMap { step in
        withUnsafeBytes(of: step.code) { Array($0) } + [step.yes, step.no]
            + withUnsafeBytes(of: step.value) { Array($0) }
    }
}()

@Suite(.everyLauncher) struct `A filter of system calls` {
    @Test(arguments: [true, false], [0, 1000] as [UInt32])
    func `holds for the program`(hasNoNewPrivileges: Bool, user: UInt32) throws {
        let script = "mkdir /tmp/d; grep -E '^(Seccomp|CapEff):' /proc/self/status; true"
        let outcome = try TestContainer.sh(script) {
            $0.process.noNewPrivileges = hasNoNewPrivileges
            $0.process.user = .init(uid: user, gid: user)
            $0.request.filter = filter
        }
        #expect(outcome.end == .exit(0))
        #expect(outcome.output.contains("Exchange full"))
        #expect(outcome.output.contains("Seccomp:\t2"))
    }

    @Test(arguments: [true, false])
    func `holds for what joins the container`(hasNoNewPrivileges: Bool) throws {
        var container = try TestContainer()
        container.process.noNewPrivileges = hasNoNewPrivileges
        container.request.filter = filter
        let specification = container.specification
        try container.whileRunning { running in
            let outcome = try running.sh("mkdir /tmp/d", in: specification) { $0.filter = filter }
            #expect(outcome.output.contains("Exchange full"))
        }
    }

    @Test(arguments: [true, false])
    func `without clone3 leaves room for an init and a gate`(hasNoNewPrivileges: Bool) throws {
        let outcome = try TestContainer.sh("echo $$") {
            $0.process.noNewPrivileges = hasNoNewPrivileges
            $0.request.hasInit = true
            $0.request.filter = filterWithoutClone3
        }
        #expect(outcome == .init(end: .exit(0), output: "2\n"))
    }

    @Test(
        arguments: [[1, 2, 3], [], [UInt8](repeating: 0, count: 8), [UInt8](repeating: 6, count: 8 * 4097)] as [[UInt8]]
    )
    func `that is none is named`(bytes: [UInt8]) {
        let error = failure { _ = try TestContainer.sh("true") { $0.request.filter = bytes } }
        #expect(error == .setup("linux.seccomp", SystemError("seccomp", EINVAL)))
    }

    @Test func `of the specification is not forgotten`() {
        let error = failure {
            _ = try TestContainer.sh("true") { $0.linux.seccomp = .init(defaultAction: .errno) }
        }
        #expect(
            error
                == .specification(field: "linux.seccomp", "is not compiled: the request has no filter of system calls")
        )
    }
}

@Suite(.everyLauncher) struct `Ids and limits` {
    @Test func `user, group and groups are those of the specification, the first group among them`() throws {
        let outcome = try TestContainer.sh("id -u; id -g; grep Groups /proc/self/status; cat /denied") {
            $0.process.user = .init(uid: 1000, gid: 2000, additionalGids: [3000, 2000, 4000])
            try $0.scratch.write("image/denied", "denied\n")
            // The group may not do what all others may.
            chown($0.image + "/denied", 0, 2000)
            chmod($0.image + "/denied", 0o704)
        }
        #expect(
            outcome.lines == [
                "1000", "2000", "Groups:\t2000 3000 4000 ", "cat: can't open '/denied': Permission denied",
            ]
        )
    }

    @Test(arguments: [
        (RuntimeSpec.User(uid: 2_147_483_648), "uid"), (.init(uid: .max), "uid"), (.init(gid: 2_147_483_648), "gid"),
        (.init(additionalGids: [1, .max]), "additionalGids"),
    ])
    func `ids that are too large are refused`(user: RuntimeSpec.User, field: String) throws {
        let id = [user.uid, user.gid].max().flatMap { $0 > 0 ? $0 : nil } ?? UInt32.max
        let expected = LaunchError.specification(
            field: "process.user.\(field)",
            "\(id) is above 2147483647, the largest id"
        )
        #expect(failure { _ = try TestContainer.sh("id") { $0.process.user = user } } == expected)
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            #expect(failure { _ = try running.sh("id", in: specification) { $0.process.user = user } } == expected)
        }
    }

    @Test func `the largest id is one`() throws {
        let outcome = try TestContainer.sh("id -u") { $0.process.user = .init(uid: 2_147_483_647, gid: 1) }
        #expect(outcome == .init(end: .exit(0), output: "2147483647\n"))
    }

    @Test(arguments: [(nil, "644"), (0o077, "600"), (0, "666"), (0o027, "640")] as [(UInt32?, String)])
    func `files are made with the mask`(mask: UInt32?, mode: String) throws {
        let outcome = try TestContainer.sh("touch /tmp/f; stat -c %a /tmp/f") { $0.process.user.umask = mask }
        #expect(outcome == .init(end: .exit(0), output: mode + "\n"))
    }

    @Test(arguments: ["no", "yes"])
    func `the score of the OOM killer is set`(hasInit: String) throws {
        let outcome = try TestContainer.sh("cat /proc/self/oom_score_adj") {
            $0.process.oomScoreAdj = 321
            $0.request.hasInit = hasInit == "yes"
        }
        #expect(outcome == .init(end: .exit(0), output: "321\n"))
    }

    @Test func `a score that is none is named`() {
        let error = failure { _ = try TestContainer.sh("true") { $0.process.oomScoreAdj = 1001 } }
        #expect(error == .setup("process.oomScoreAdj", SystemError("write", EINVAL, on: "oom_score_adj")))
    }

    @Test func `limits are soft and hard`() throws {
        let outcome = try TestContainer.sh("ulimit -S -n; ulimit -H -n; ulimit -c; grep 'Max stack' /proc/self/limits")
        {
            $0.process.rlimits = [
                .init(type: "RLIMIT_NOFILE", hard: 200, soft: 100), .init(type: "RLIMIT_CORE", hard: 0, soft: 0),
                .init(type: "RLIMIT_STACK", hard: 16 << 20, soft: 4 << 20),
            ]
        }
        #expect(outcome.lines.prefix(3) == ["100", "200", "0"])
        #expect(outcome.lines.last?.split(separator: " ") == ["Max", "stack", "size", "4194304", "16777216", "bytes"])
    }

    @Test func `a small number of open files is no obstacle to the start`() throws {
        let outcome = try TestContainer.sh("ulimit -n") {
            $0.process.rlimits = [.init(type: "RLIMIT_NOFILE", hard: 4, soft: 4)]
            $0.process.cwd = "/tmp"
            $0.request.hasInit = true
        }
        #expect(outcome == .init(end: .exit(0), output: "4\n"))
    }

    @Test(arguments: [
        (
            "RLIMIT_NOFILE", 100, 200, "process.rlimits[0]",
            "the soft limit 200 of RLIMIT_NOFILE is above the hard limit 100"
        ),
        ("RLIMIT_FUN", 1, 1, "process.rlimits[0].type", "`RLIMIT_FUN` is not a limit of setrlimit(2)"),
    ])
    func `limits that make no sense are refused`(type: String, hard: UInt64, soft: UInt64, field: String, text: String)
    {
        let error = failure {
            _ = try TestContainer.sh("true") { $0.process.rlimits = [.init(type: type, hard: hard, soft: soft)] }
        }
        #expect(error == .specification(field: field, text))
    }

    @Test func `a limit above this machine's is an early error where it cannot be raised`() throws {
        var own = rlimit()
        getrlimit(__rlimit_resource_t(7), &own)
        let wanted = UInt64(own.rlim_max) + 1
        let error = failure {
            _ = try TestContainer.sh("true") {
                $0.process.rlimits = [.init(type: "RLIMIT_NOFILE", hard: wanted, soft: 10)]
            }
        }
        guard try !CapabilitySet.ofThisThread().effective.contains(.sysResource) else {
            // Only the kernel's own ceiling is left then.
            #expect(error == nil)
            return
        }
        let text = try #require(error?.description)
        #expect(
            text.hasPrefix("process.rlimits[0]: the hard limit \(wanted) of RLIMIT_NOFILE is above this machine's"),
            "\(text)"
        )
    }

    @Test(arguments: [(RuntimeSpec.Personality.Domain.linux32, "i686"), (.linux, "x86_64")])
    func `the machine has the name of the personality`(domain: RuntimeSpec.Personality.Domain, name: String) throws {
        let outcome = try TestContainer.sh("uname -m") { $0.linux.personality = .init(domain: domain) }
        #if arch(x86_64)
        #expect(outcome == .init(end: .exit(0), output: name + "\n"))
        #else
        #expect(outcome.end == .exit(0))
        #endif
    }
}
