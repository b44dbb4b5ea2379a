// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

/// The kinds of namespaces by the names that /proc gives them.
private let kinds: [(kind: RuntimeSpec.Namespace.Kind, file: String)] = [
    (.network, "net"), (.ipc, "ipc"), (.uts, "uts"), (.pid, "pid"), (.cgroup, "cgroup"),
]

@Suite(.everyLauncher) struct `Namespaces` {
    @Test(arguments: kinds)
    func `a new one is not the host's`(kind: RuntimeSpec.Namespace.Kind, file: String) throws {
        let outcome = try TestContainer.sh("readlink /proc/self/ns/\(file)")
        #expect(outcome.end == .exit(0))
        #expect(try outcome.output != namespace(file) + "\n")
    }

    @Test(arguments: kinds)
    func `one that the specification leaves out is the host's`(kind: RuntimeSpec.Namespace.Kind, file: String) throws {
        let outcome = try TestContainer.sh("readlink /proc/self/ns/\(file)") {
            $0.linux.namespaces.removeAll { $0.type == kind }
            $0.linux.sysctl = [:]
            $0.specification.hostname = ""
        }
        #expect(try outcome == .init(end: .exit(0), output: namespace(file) + "\n"))
    }

    @Test(arguments: kinds)
    func `one of another container is joined by its path`(kind: RuntimeSpec.Namespace.Kind, file: String) throws {
        var other = try TestContainer()
        try other.whileRunning { running in
            let path = "/proc/\(running.process.pid)/ns/\(file)"
            let outcome = try TestContainer.sh("readlink /proc/self/ns/\(file)") {
                $0.linux.namespaces.removeAll { $0.type == kind }
                $0.linux.namespaces.append(.init(kind, path: path))
            }
            #expect(try outcome == .init(end: .exit(0), output: namespace(file, of: "\(running.process.pid)") + "\n"))
            if kind == .pid {
                let processes = try TestContainer.sh("ps -o args") {
                    $0.linux.namespaces.removeAll { $0.type == kind }
                    $0.linux.namespaces.append(.init(kind, path: path))
                }
                #expect(processes.lines.contains("cat"))
            }
        }
    }

    @Test func `a new network may be there already`() throws {
        var other = try TestContainer()
        try other.whileRunning { running in
            let network = try Descriptor.open("/proc/\(running.process.pid)/ns/net", O_RDONLY)
            let script = "readlink /proc/self/ns/net; cat /proc/sys/net/ipv4/ip_forward; ls /sys/class/net"
            let outcome = try TestContainer.sh(script) {
                $0.request.network = network.number
                $0.linux.sysctl = ["net.ipv4.ip_forward": "1"]
            }
            #expect(outcome.end == .exit(0))
            #expect(try outcome.lines == [namespace("net", of: "\(running.process.pid)"), "1", "lo"])
            let refusal = #expect(throws: LaunchError.self) {
                try TestContainer.sh("true") {
                    $0.request.network = network.number
                    $0.mapUsers()
                }
            }
            #expect("\(refusal.map { "\($0)" } ?? "")".contains("linux.namespaces"))
        }
    }

    @Test func `all of another container's are joined together with its user namespace`() throws {
        var other = try TestContainer()
        other.mapUsers()
        try other.whileRunning { running in
            let folder = "/proc/\(running.process.pid)/ns"
            let outcome = try TestContainer.sh("readlink /proc/self/ns/user; id -u; ps -o args; ls /sys/class/net") {
                $0.linux.namespaces = [.init(.mount), .init(.cgroup), .init(.uts)]
                $0.giveRoot(to: 100_000)
                $0.linux.sysctl = ["net.ipv4.ip_forward": "1"]
                for (kind, file) in [(.user, "user"), (.pid, "pid"), (.network, "net"), (.ipc, "ipc")]
                    as [(RuntimeSpec.Namespace.Kind, String)]
                {
                    $0.linux.namespaces.append(.init(kind, path: "\(folder)/\(file)"))
                }
            }
            #expect(outcome.end == .exit(0))
            #expect(try outcome.lines.first == namespace("user", of: "\(running.process.pid)"))
            #expect(outcome.lines.contains("cat"))
            #expect(outcome.lines.contains("0"))
        }
    }

    @Test func `a user namespace alone is joined by its path`() throws {
        var other = try TestContainer()
        other.mapUsers()
        try other.whileRunning { running in
            let outcome = try TestContainer.sh("readlink /proc/self/ns/user; cat /proc/self/uid_map; hostname") {
                $0.giveRoot(to: 100_000)
                $0.linux.sysctl["net.ipv4.ping_group_range"] = "0 1"
                $0.linux.namespaces.append(.init(.user, path: "/proc/\(running.process.pid)/ns/user"))
            }
            #expect(outcome.end == .exit(0))
            #expect(try outcome.lines.first == namespace("user", of: "\(running.process.pid)"))
            #expect(outcome.lines.last == "box")
        }
    }

    @Test func `the host's network has the host's interfaces and a sysfs that shows them`() throws {
        let outcome = try TestContainer.sh("ls /sys/class/net") {
            $0.linux.namespaces.removeAll { $0.type == .network }
            $0.linux.sysctl = [:]
        }
        #expect(outcome.lines == names(in: "/sys/class/net"))
    }

    @Test func `one without a mount namespace is refused`() throws {
        #expect(
            failure { _ = try TestContainer.sh("true") { $0.linux.namespaces.removeAll { $0.type == .mount } } }
                == .specification(field: "linux.namespaces", "must have a new mount namespace")
        )
    }

    @Test(arguments: [
        (RuntimeSpec.Namespace.Kind.network, "/nowhere", "openat2 /nowhere"),
        (.network, "/proc/self/ns/uts", "setns"),
        (.ipc, "/etc/passwd", "setns"),
    ])
    func `a path that is none is named`(kind: RuntimeSpec.Namespace.Kind, path: String, call: String) throws {
        let error = failure {
            _ = try TestContainer.sh("true") {
                $0.linux.namespaces.removeAll { $0.type == kind }
                $0.linux.namespaces.append(.init(kind, path: path))
            }
        }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("cannot set up linux.namespaces[\(kind.rawValue)].path: \(call)"), "\(text)")
    }

    @Test(arguments: [
        ("kernel.hostname", "uts"), ("net.ipv4.ip_forward", "network"), ("kernel.shmmax", "ipc"),
    ])
    func `a path to the host's own is as good as none`(sysctl: String, kind: String) throws {
        let kind = try #require(RuntimeSpec.Namespace.Kind(rawValue: kind))
        let file = kinds.first { $0.kind == kind }?.file ?? ""
        let error = failure {
            _ = try TestContainer.sh("true") {
                $0.specification.hostname = ""
                $0.linux.namespaces.removeAll { $0.type == kind }
                $0.linux.namespaces.append(.init(kind, path: "/proc/self/ns/\(file)"))
                $0.linux.sysctl = [sysctl: "1"]
            }
        }
        let text = "needs a \(kind.rawValue) namespace of the container's own: it would change the host"
        #expect(error == .specification(field: "linux.sysctl.\(sysctl)", text))
    }

    @Test func `names of host and domain are set and not the host's`() throws {
        var name = [CChar](repeating: 0, count: 65)
        gethostname(&name, 64)
        let outcome = try TestContainer.sh("hostname; cat /proc/sys/kernel/domainname") {
            $0.specification.hostname = "a-box"
            $0.specification.domainname = "example.org"
        }
        #expect(outcome == .init(end: .exit(0), output: "a-box\nexample.org\n"))
        var after = [CChar](repeating: 0, count: 65)
        gethostname(&after, 64)
        #expect(name == after)
    }

    @Test func `a name without a namespace of its own is refused`() {
        let error = failure { _ = try TestContainer.sh("true") { $0.linux.namespaces.removeAll { $0.type == .uts } } }
        #expect(error == .specification(field: "hostname", "needs a uts namespace: it would change the host's name"))
    }

    @Test func `a name that is too long is named`() {
        let long = String(repeating: "a", count: 65)
        let error = failure { _ = try TestContainer.sh("true") { $0.specification.hostname = long } }
        #expect(error == .setup("hostname", SystemError("sethostname", EINVAL, on: long)))
    }
}

@Suite(.everyLauncher) struct `Kernel parameters` {
    @Test(arguments: [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward", "1"),
        ("net.ipv4.ping_group_range", "net/ipv4/ping_group_range", "0\t7"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward", "1"),
        ("net.ipv4.conf.lo.forwarding", "net/ipv4/conf/lo/forwarding", "1"),
        ("kernel.shm_rmid_forced", "kernel/shm_rmid_forced", "1"),
        ("kernel.msgmax", "kernel/msgmax", "4096"),
        ("fs.mqueue.msg_max", "fs/mqueue/msg_max", "11"),
        ("kernel.domainname", "kernel/domainname", "inside"),
    ])
    func `of a namespace are set`(name: String, path: String, value: String) throws {
        let outcome = try TestContainer.sh("cat /proc/sys/\(path)") { $0.linux.sysctl = [name: value] }
        #expect(outcome == .init(end: .exit(0), output: value + "\n"))
    }

    @Test func `are set although the container may not write them and its procfs is read-only`() throws {
        let outcome = try TestContainer.sh("cat /proc/sys/net/ipv4/ip_forward; grep -c x /proc/self/oom_score_adj") {
            $0.linux.sysctl = ["net.ipv4.ip_forward": "1"]
            $0.process.oomScoreAdj = 7
            $0.specification.mounts[0].options.append("ro")
        }
        #expect(outcome.lines == ["1", "0"])
    }

    @Test(arguments: [
        "kernel.core_pattern", "vm.swappiness", "kernel.shm_rmid_forced=1+kernel.core_pattern",
        "net/../kernel/core_pattern", "net.ipv4/../../kernel", "net..ipv4", "net.", ".net", "",
        "/proc/sys/kernel/core_pattern",
        "fs.file-max", "kernel.sem ", "user.max_user_namespaces", "net/./ipv4/ip_forward",
        "kernel/shmmax/../core_pattern",
    ])
    func `of the host and names that are none are refused`(name: String) throws {
        let before = try readText("/proc/sys/kernel/core_pattern")
        let error = failure { _ = try TestContainer.sh("true") { $0.linux.sysctl = [name: "canary"] } }
        let text = "does not belong to a namespace: it would change the host"
        #expect(error == .specification(field: "linux.sysctl.\(name)", text))
        #expect(try readText("/proc/sys/kernel/core_pattern") == before)
    }

    @Test func `whose namespace is the host's are refused`() throws {
        let error = failure {
            _ = try TestContainer.sh("true") { $0.linux.namespaces.removeAll { $0.type == .network } }
        }
        let text = "needs a network namespace of the container's own: it would change the host"
        #expect(error == .specification(field: "linux.sysctl.net.ipv4.ip_unprivileged_port_start", text))
    }

    @Test(arguments: [("net.ipv4.no_such_thing", "1", ENOENT), ("net.ipv4.ip_forward", "word", EINVAL)])
    func `that the kernel refuses are named`(name: String, value: String, number: Int32) {
        let error = failure { _ = try TestContainer.sh("true") { $0.linux.sysctl = [name: value] } }
        let path = "sys/" + name.replacing(".", with: "/")
        #expect(error == .setup("linux.sysctl.\(name)", SystemError("write", number, on: path)))
    }
}
