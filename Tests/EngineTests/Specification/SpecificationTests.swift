// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import OCI
import Runtime
import Seccomp
import Store
import Testing

@testable import Engine

private func host(_ json: String) -> String { "{\"HostConfig\":{\(json)}}" }

/// A part of a specification that a request asks for.
private struct Case: Sendable, CustomTestStringConvertible {
    var json: String
    var holds: @Sendable (ContainerSpecification) -> Bool

    init(_ json: String, _ holds: @escaping @Sendable (ContainerSpecification) -> Bool) {
        (self.json, self.holds) = (json, holds)
    }

    var testDescription: String { json }
}

extension ContainerSpecification {
    fileprivate var linux: RuntimeSpec.Linux { runtime.linux ?? RuntimeSpec.Linux() }
    fileprivate var process: RuntimeSpec.Process { runtime.process ?? RuntimeSpec.Process() }
    fileprivate var resources: RuntimeSpec.Resources { linux.resources ?? RuntimeSpec.Resources() }
    fileprivate func has(_ kind: RuntimeSpec.Namespace.Kind) -> Bool { linux.namespaces.contains { $0.type == kind } }
    fileprivate func mount(_ destination: String) -> RuntimeSpec.Mount? {
        runtime.mounts.last { $0.destination == destination }
    }
}

private let cases = [
    Case("{}") { $0.process.cwd == "/" && $0.process.args == ["true"] && $0.runtime.hostname == "0123456789ab" },
    Case(#"{"WorkingDir":"/a/../b/"}"#) { $0.process.cwd == "/b" },
    Case(#"{"Tty":true}"#) { $0.process.terminal && $0.process.env.contains("TERM=xterm") },
    Case(#"{"Hostname":"h","Domainname":"d"}"#) {
        $0.runtime.hostname == "h" && $0.runtime.domainname == "d" && $0.process.env.contains("HOSTNAME=h")
    },
    Case(#"{"Env":["PATH=/x","A"]}"#) { $0.process.env == ["PATH=/x", "HOSTNAME=0123456789ab"] },
    Case(host(#""PidMode":"host""#)) { !$0.has(.pid) && $0.has(.ipc) },
    Case(host(#""IpcMode":"host""#)) { !$0.has(.ipc) && $0.mount("/dev/shm")?.source == "/dev/shm" },
    Case(host(#""IpcMode":"none""#)) { $0.has(.ipc) && $0.mount("/dev/shm") == nil },
    Case(host(#""ShmSize":4096"#)) { $0.mount("/dev/shm")?.options.contains("size=4096") == true },
    Case(host(#""UTSMode":"host""#)) { !$0.has(.uts) && $0.runtime.hostname.isEmpty },
    Case(host(#""CgroupnsMode":"host""#)) { !$0.has(.cgroup) },
    Case(host(#""NetworkMode":"host""#)) { !$0.has(.network) && $0.linux.sysctl.isEmpty },
    Case(host(#""NetworkMode":"none""#)) {
        $0.has(.network) && $0.linux.sysctl["net.ipv4.ip_unprivileged_port_start"] == "0"
    },
    Case(host(#""Sysctls":{"net.ipv4.ping_group_range":"1 0"}"#)) {
        $0.linux.sysctl["net.ipv4.ping_group_range"] == "1 0"
    },
    Case(host(#""CapAdd":["net_admin"],"CapDrop":["CHOWN"]"#)) {
        let sets = $0.process.capabilities
        return sets?.bounding.contains("CAP_NET_ADMIN") == true && sets?.effective.contains("CAP_CHOWN") == false
            && sets?.inheritable == []
    },
    Case(host(#""CapDrop":["ALL"],"CapAdd":["KILL"]"#)) { $0.process.capabilities?.permitted == ["CAP_KILL"] },
    Case(host(#""CapAdd":["ALL"]"#)) { $0.process.capabilities?.bounding.count == Capability.allCases.count },
    Case(host(#""SecurityOpt":["no-new-privileges"]"#)) { $0.process.noNewPrivileges && $0.seccomp == .standard },
    Case(host(#""SecurityOpt":["no-new-privileges:false"]"#)) { !$0.process.noNewPrivileges },
    Case(host(#""SecurityOpt":["seccomp=unconfined"]"#)) { $0.seccomp == .none },
    Case(host(#""SecurityOpt":["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]"#)) {
        $0.seccomp == .custom(SeccompProfile(defaultAction: .allow))
    },
    Case(host(#""SecurityOpt":["systempaths=unconfined"]"#)) {
        $0.linux.maskedPaths.isEmpty && $0.linux.readonlyPaths.isEmpty
    },
    Case(host(#""SecurityOpt":["writable-cgroups"]"#)) { $0.mount("/sys/fs/cgroup")?.options.contains("ro") == false },
    Case(host(#""MaskedPaths":["/x"],"ReadonlyPaths":[]"#)) {
        $0.linux.maskedPaths == ["/x"] && $0.linux.readonlyPaths.isEmpty
    },
    Case(host(#""ReadonlyRootfs":true"#)) {
        $0.runtime.root?.readonly == true && $0.mount("/etc/hosts")?.options.contains("ro") == true
    },
    Case(host(#""OomScoreAdj":-5"#)) { $0.process.oomScoreAdj == -5 },
    Case(host(#""Init":true"#)) { $0.hasInit },
    Case(host(#""Init":true,"PidMode":"host""#)) { !$0.hasInit },
    Case(host(#""Annotations":{"a":"b"}"#)) { $0.runtime.annotations == ["a": "b"] },
    Case(host(#""GroupAdd":["5","audio"]"#)) { $0.groups == ["5", "audio"] },
    Case(host(#""CgroupParent":"mine/x/""#)) { $0.linux.cgroupsPath == "/mine/x/\(Sample.id)" },
    Case(host(#""NanoCpus":1500000000"#)) { $0.resources.cpu?.quota == 150_000 && $0.resources.cpu?.period == 100_000 },
    Case(host(#""CpuQuota":5000,"CpuPeriod":10000,"CpuShares":7,"CpusetCpus":"1""#)) {
        $0.resources.cpu?.quota == 5000 && $0.resources.cpu?.period == 10_000 && $0.resources.cpu?.shares == 7
            && $0.resources.cpu?.cpus == "1"
    },
    Case(host(#""Memory":10485760"#)) {
        $0.resources.memory?.limit == 10_485_760 && $0.resources.memory?.swap == 20_971_520
    },
    Case(host(#""Memory":10485760,"MemorySwap":-1"#)) { $0.resources.memory?.swap == -1 },
    Case(host(#""MemorySwappiness":0,"OomKillDisable":true,"MemoryReservation":10485760"#)) {
        $0.resources.memory?.swappiness == 0 && $0.resources.memory?.disableOOMKiller == true
            && $0.resources.memory?.reservation == 10_485_760
    },
    Case(host(#""PidsLimit":7"#)) { $0.resources.pids?.limit == 7 },
    Case(host(#""BlkioWeight":300"#)) { $0.resources.blockIO?.weight == 300 },
    Case(host(#""Ulimits":[{"Name":"core","Hard":-1,"Soft":5}]"#)) {
        $0.process.rlimits == [.init(type: "RLIMIT_CORE", hard: .max, soft: 5)]
    },
    Case(host(#""Devices":[{"PathOnHost":"/dev/zero","PathInContainer":"/dev/x/y","CgroupPermissions":"r"}]"#)) {
        $0.linux.devices.map(\.path) == ["/dev/x/y"] && $0.linux.devices.first?.minor == 5
            && $0.resources.devices == [.init(allow: true, type: .character, major: 1, minor: 5, access: "r")]
    },
    Case(host(#""Devices":[{"PathOnHost":"/dev","PathInContainer":"/dev/all"}]"#)) {
        $0.linux.devices.contains { $0.path == "/dev/all/null" }
    },
    Case(host(#""DeviceCgroupRules":["c 10:* rw"]"#)) {
        $0.resources.devices == [.init(allow: true, type: .character, major: 10, minor: -1, access: "rw")]
    },
    Case(host(#""Privileged":true"#)) {
        $0.seccomp == .none && $0.resources.devices == [.init(allow: true, access: "rwm")]
            && $0.process.capabilities?.effective.count == Capability.allCases.count && $0.linux.maskedPaths.isEmpty
            && $0.linux.readonlyPaths.isEmpty && $0.mount("/sys")?.options.contains("ro") == false
            && $0.linux.devices.contains { $0.path == "/dev/null" }
            && !$0.linux.devices.contains { $0.path == "/dev/ptmx" }
    },
    Case(host(#""Privileged":true,"SecurityOpt":["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]"#)) {
        $0.seccomp == .custom(SeccompProfile(defaultAction: .allow))
    },
    Case(host(#""Binds":["/dev:/dev"]"#)) { $0.runtime.mounts.filter { $0.destination.hasPrefix("/dev") }.count == 1 },
    Case(host(#""Binds":["/x:/etc/hosts"]"#)) {
        $0.runtime.mounts.filter { $0.destination == "/etc/hosts" }.map(\.source) == ["/x"]
    },
    Case(host(#""Binds":["/x:/y"],"Mounts":[{"Type":"bind","Source":"/z","Target":"/w"}]"#)) { $0.sources == ["/x"] },
    Case("{}") { $0.mount("/etc/hostname")?.source == "/data/containers/\(Sample.id)/hostname" },
]

@Suite struct `The specification of a request` {
    @Test(arguments: cases)
    private func `has what the request asks for`(found: Case) throws {
        #expect(try found.holds(Sample.specification(found.json)))
    }

    @Test(arguments: [
        (
            host(#""Devices":[{"PathOnHost":"/dev/nothing-there"}]"#),
            "custom device \"/dev/nothing-there\": no such file"
        ),
        (host(#""Devices":[{"PathOnHost":"/etc/passwd","PathInContainer":"/dev/x"}]"#), "not a device node"),
        (host(#""BlkioDeviceReadBps":[{"Path":"/dev/null","Rate":5}]"#), "it is not a block device"),
        (host(#""PidMode":"container:gone""#), "cannot join the pid namespace of gone"),
    ])
    func `is refused where the host lacks something`(json: String, text: String) throws {
        let error = engineError { _ = try Sample.specification(json) }
        #expect(error?.code == .badParameter && error?.message.contains(text) == true, "\(String(describing: error))")
    }

    private func other(_ ipc: String = "shareable") throws -> JoinedContainer {
        let id = try #require(ObjectID(String(repeating: "e", count: 64)))
        return try JoinedContainer(
            Sample.snapshot("{\"Hostname\":\"other\",\"HostConfig\":{\"IpcMode\":\"\(ipc)\"}}", id: id) {
                ($0.state.phase, $0.state.pid) = (.running, 42)
            },
            sharedMemory: 7
        )
    }

    @Test func `joins the namespaces of another container`() throws {
        let json = host(#""PidMode":"container:x","IpcMode":"container:x","NetworkMode":"container:x""#)
        #expect(try SpecificationBuilder.references(in: Sample.settled(json).hostConfig) == ["x"])
        let joined = try other()
        let found = try Sample.specification(json) { $0.joined = ["x": joined] }
        let paths = Dictionary(uniqueKeysWithValues: found.linux.namespaces.map { ($0.type, $0.path) })
        #expect(paths[.pid] == "/proc/42/ns/pid" && paths[.ipc] == "/proc/42/ns/ipc")
        #expect(paths[.network] == "/proc/42/ns/net" && paths[.uts] == "")
        #expect(found.runtime.hostname == "other" && found.process.env.contains("HOSTNAME=other"))
        #expect(found.files == nil && found.mount("/etc/hosts")?.source == joined.directory + "/hosts")
        #expect(found.mount("/dev/shm")?.source == "/proc/self/fd/7")
        #expect(found.linux.sysctl.isEmpty)
    }

    @Test func `does not join memory that is not shared, or a container that does not run`() throws {
        let joined = try other("private")
        let error = engineError {
            _ = try Sample.specification(host(#""IpcMode":"container:x""#)) { $0.joined = ["x": joined] }
        }
        #expect(error?.message.contains("non-shareable IPC") == true)
        let stopped = engineError { _ = try JoinedContainer(Sample.snapshot()) }
        #expect(stopped?.code == .conflict)
    }
}

@Suite struct `Files of a container` {
    private func files(_ json: String) throws -> ContainerFiles {
        var host = ContainerFiles.Host()
        host.hosts = "10.0.0.1 thehost"
        host.resolver = "# made\nnameserver 10.0.0.2\nsearch lan\noptions ndots:1\n"
        return ContainerFiles(try Sample.settled(json), host: host)
    }

    @Test func `name the container and its extra hosts`() throws {
        let found = try files(
            #"{"Hostname":"h","Domainname":"d","HostConfig":{"ExtraHosts":["a:10.0.0.5","b:[::1]","c:host-gateway"]}}"#
        )
        #expect(found.hostname == "h\n")
        #expect(found.hosts.hasPrefix("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"))
        #expect(found.hosts.hasSuffix("127.0.1.1\th.d h\n10.0.0.5\ta\n::1\tb\n127.0.0.1\tc\n"))
    }

    @Test func `are those of the host with its network`() throws {
        let found = try files(host(#""NetworkMode":"host","ExtraHosts":["a:10.0.0.5"]"#))
        #expect(found.hosts == "10.0.0.1 thehost\n10.0.0.5\ta\n")
        #expect(found.resolver == "# made\nnameserver 10.0.0.2\nsearch lan\noptions ndots:1\n")
    }

    @Test(arguments: [
        (#""Dns":["127.0.0.1","::1"]"#, "# made\nsearch lan\noptions ndots:1\nnameserver 127.0.0.1\nnameserver ::1\n"),
        (#""DnsSearch":["."]"#, "# made\nnameserver 10.0.0.2\noptions ndots:1\n"),
        (#""DnsSearch":["a","b"],"DnsOptions":["x"]"#, "# made\nnameserver 10.0.0.2\nsearch a b\noptions x\n"),
    ])
    func `ask the servers that the request names`(json: String, text: String) throws {
        #expect(try files(host(json)).resolver == text)
    }
}

@Suite struct `Failures of a start` {
    @Test(arguments: [
        (
            LaunchError.exec(SystemError("execve", ENOENT, on: "nosuch")), EngineError.Code.commandNotFound,
            "exec: \"nosuch\": executable file not found in $PATH: unknown"
        ),
        (
            .exec(SystemError("execve", ENOENT, on: "/nosuch")), .commandNotFound,
            "exec: \"/nosuch\": stat /nosuch: no such file or directory: unknown"
        ),
        (
            .exec(SystemError("execve", EACCES, on: "/etc")), .commandNotExecutable,
            "exec: \"/etc\": permission denied: unknown"
        ),
        (.exec(SystemError("execve", ENOEXEC, on: "/x")), .commandNotExecutable, "exec format error"),
        (
            .setup("process.cwd", SystemError("openat2", ENOENT, on: "/x")), .badParameter,
            "chdir to cwd (\"/x\") set in config.json failed: no such file or directory"
        ),
        (
            .setup("mounts[9].source", SystemError("open_tree", ENOENT, on: "/gone")), .badParameter,
            "invalid mount config for type \"bind\": bind source path does not exist: /gone"
        ),
        (
            .controlGroup(ControlGroupError(.refused, "set memory.limit to 5", reason: "no")), .badParameter,
            "cannot set memory.limit to 5: no"
        ),
        (.setup("root", SystemError("mount", EPERM)), .failed, "cannot set up root"),
        (.specification(field: "x", "is wrong"), .badParameter, "x: is wrong"),
    ])
    func `have the words that clients look for`(error: LaunchError, code: EngineError.Code, text: String) {
        let found = EngineError(starting: error)
        #expect(found.code == code && found.message.contains(text), "\(found)")
        // What a client makes of the response has the same exit status.
        if code.runExitStatus > 125 {
            #expect(found.body.error(httpStatus: code.httpStatus).code.runExitStatus == code.runExitStatus)
        }
    }
}
