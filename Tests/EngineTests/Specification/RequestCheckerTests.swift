// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Testing

@testable import Engine

private func host(_ json: String) -> String { "{\"HostConfig\":{\(json)}}" }

@Suite struct `The check of a request` {
    @Test(arguments: [
        (host(#""Memory":1048576"#), "Minimum memory limit allowed is 6MB"),
        (
            host(#""Memory":10485760,"MemorySwap":8388608"#),
            "Minimum memoryswap limit should be larger than memory limit"
        ),
        (host(#""MemorySwap":8388608"#), "You should always set the Memory limit when using Memoryswap limit"),
        (host(#""MemoryReservation":20000000,"Memory":10485760"#), "can not be less than memory reservation limit"),
        (host(#""MemorySwappiness":101"#), "valid memory swappiness range is 0-100"),
        (host(#""NanoCpus":3000000000"#), "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"),
        (host(#""NanoCpus":1000000000,"CpuQuota":5000"#), "Nano CPUs and CPU Quota cannot both be set"),
        (host(#""CpuPeriod":10"#), "CPU cfs period can not be less than 1ms"),
        (host(#""CpuQuota":10"#), "CPU cfs quota can not be less than 1ms"),
        (host(#""CpuShares":-5"#), "invalid CPU shares (-5)"),
        (host(#""CpusetCpus":"0-x""#), "Invalid value 0-x for cpuset cpus"),
        (host(#""CpusetCpus":"0-7""#), "Requested CPUs are not available - requested 0-7, available: 0,1"),
        (host(#""CpusetMems":"9""#), "Requested memory nodes are not available"),
        (host(#""BlkioWeight":5"#), "Range of blkio weight is from 10 to 1000"),
        (host(#""CpuRealtimeRuntime":5"#), "does not support CPU real-time scheduler"),
        (host(#""PidsLimit":-7"#), "invalid PidsLimit: -7"),
        (host(#""OomScoreAdj":1001"#), "range for oom score adj is [-1000, 1000]"),
        (host(#""ShmSize":-1"#), "SHM size can not be less than 0"),
        (host(#""CgroupParent":"/../x""#), "invalid CgroupParent"),
        (host(#""Ulimits":[{"Name":"nofile","Hard":5000,"Soft":1}]"#), "cannot be raised above the engine's, 4096"),
        (host(#""Ulimits":[{"Name":"nofile","Hard":10,"Soft":11}]"#), "less than or equal to hard limit: 11 > 10"),
        (host(#""Ulimits":[{"Name":"nofile","Hard":10,"Soft":-1}]"#), "less than or equal to hard limit: -1 > 10"),
        (host(#""Ulimits":[{"Name":"nonsense","Hard":10,"Soft":1}]"#), "invalid ulimit type: nonsense"),
        (host(#""Devices":[{"PathOnHost":"null"}]"#), "is not an absolute path"),
        (host(#""Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/etc/x"}]"#), "does not lie in"),
        (host(#""Devices":[{"PathOnHost":"/dev/null","CgroupPermissions":"rx"}]"#), "invalid device mode: rx"),
        (host(#""DeviceCgroupRules":["c 1 rwm"]"#), "invalid device cgroup rule format: 'c 1 rwm'"),
        (host(#""DeviceRequests":[{"Capabilities":[["gpu"]]}]"#), "could not select device driver \"\""),
    ])
    func `refuses limits that make no sense`(json: String, text: String) throws {
        let error = try #require(engineError { _ = try Sample.settled(json) })
        #expect(error.code == .badParameter && error.message.contains(text), "\(error)")
    }

    @Test(arguments: [
        (host(#""RestartPolicy":{"Name":"sometimes"}"#), "unknown policy 'sometimes'"),
        (host(#""RestartPolicy":{"Name":"always","MaximumRetryCount":3}"#), "can only be used with 'on-failure'"),
        (host(#""RestartPolicy":{"Name":"on-failure","MaximumRetryCount":-3}"#), "cannot be negative"),
        (host(#""RestartPolicy":{"Name":"always"},"AutoRemove":true"#), "can't create 'AutoRemove' container"),
        (host(#""PidMode":"other""#), "invalid PID mode: other"),
        (host(#""PidMode":"container:""#), "invalid PID mode"),
        (host(#""IpcMode":"other""#), "invalid IPC mode: other"),
        (host(#""UTSMode":"container:x""#), "invalid UTS mode"),
        (host(#""UsernsMode":"auto""#), "invalid user namespace mode: auto"),
        (host(#""CgroupnsMode":"x""#), "invalid cgroup namespace mode: x"),
        (host(#""Isolation":"hyperv""#), "invalid isolation \"hyperv\" on linux"),
        (host(#""Runtime":"kata""#), "unknown or invalid runtime name: kata"),
        (host(#""CapAdd":["NET_ADMIN","NONSENSE"]"#), "invalid CapAdd: unknown capability: \"CAP_NONSENSE\""),
        (host(#""SecurityOpt":["nonsense"]"#), "invalid --security-opt 2: \"nonsense\""),
        (host(#""SecurityOpt":["seccomp={"]"#), "decoding seccomp profile failed"),
        (host(#""Sysctls":{"kernel.panic":"1"}"#), "would change the host: kernel.panic"),
        (host(#""Sysctls":{"kernel.shm_rmid_forced=1+kernel.core_pattern":"x"}"#), "would change the host"),
        (host(#""NetworkMode":"host","Sysctls":{"net.ipv4.ip_forward":"1"}"#), "has the host's network namespace"),
        (host(#""LogConfig":{"Type":"syslog"}"#), "no log driver named 'syslog' is registered"),
        (host(#""LogConfig":{"Config":{"max-files":"3"}}"#), "unknown log opt 'max-files' for json-file log driver"),
        (host(#""LogConfig":{"Config":{"max-size":"much"}}"#), "invalid value for max-size"),
        (host(#""LogConfig":{"Config":{"max-file":"0"}}"#), "max-file cannot be less than 1"),
        (host(#""ExtraHosts":["nothing"]"#), "bad format for add-host: \"nothing\""),
        (host(#""ExtraHosts":["x:1.2.3"]"#), "invalid IP address in add-host: \"1.2.3\""),
        (host(#""Dns":["name"]"#), "name is not an ip address"),
        (host(#""VolumesFrom":["x:y"]"#), "invalid mode: y"),
        (host(#""StorageOpt":{"size":"1G"}"#), "StorageOpt is not supported"),
        (host(#""PortBindings":{"80/xyz":[]}"#), "invalid port specification: 80/xyz"),
        (host(#""PortBindings":{"80/tcp":[{"HostPort":"70000"}]}"#), "invalid port specification: \"70000\""),
        (host(#""NetworkMode":"container:""#), "invalid container format container:<name|id>"),
        (#"{"Hostname":"a","HostConfig":{"UTSMode":"host"}}"#, "conflicting options: hostname and the UTS mode"),
        (#"{"Hostname":"a","HostConfig":{"NetworkMode":"container:x"}}"#, "hostname and the network mode"),
        (#"{"ExposedPorts":{"80":{}},"HostConfig":{"NetworkMode":"container:x"}}"#, "port exposing and"),
    ])
    func `refuses what the host cannot give`(json: String, text: String) throws {
        let error = try #require(engineError { _ = try Sample.settled(json) })
        #expect(error.code == .badParameter && error.message.contains(text), "\(error)")
    }

    @Test(arguments: [
        (#"{"WorkingDir":"relative"}"#, "the working directory 'relative' is invalid"),
        (#"{"StopSignal":"SIGNONE"}"#, "invalid signal: SIGNONE"),
        (#"{"StopSignal":"0"}"#, "invalid signal: 0"),
        (#"{"StopTimeout":-2}"#, "invalid stop timeout: -2"),
        (#"{"User":"a:b:c"}"#, "invalid user"),
        (#"{"User":"2147483648"}"#, "uids and gids must be in range 0-2147483647"),
        (#"{"User":"0:-1"}"#, "uids and gids must be in range 0-2147483647"),
        (#"{"Env":["=x"]}"#, "invalid environment variable: =x"),
        (#"{"Cmd":["a\u0000b"]}"#, "Cmd has a zero byte"),
        (#"{"ExposedPorts":{"x":{}}}"#, "invalid port specification: x"),
        (#"{"Healthcheck":{"Interval":5}}"#, "Interval in Healthcheck cannot be less than 1ms"),
        (#"{"Healthcheck":{"Retries":-5}}"#, "Retries in Healthcheck cannot be negative"),
        (#"{"Healthcheck":{"Test":["RUN","x"]}}"#, "Unknown health check type"),
        ("{\"Hostname\":\"\(String(repeating: "x", count: 65))\"}", "invalid hostname"),
        ("{\"Cmd\":[\"\(String(repeating: "x", count: 140_000))\"]}", "Linux takes 131071"),
        (#"{"Cmd":[]}"#, "no command specified"),
    ])
    func `refuses programs that cannot be run`(json: String, text: String) throws {
        let error = try #require(engineError { _ = try Sample.settled(json) })
        #expect(error.code == .badParameter && error.message.contains(text), "\(error)")
    }

    @Test(arguments: ["host", "none", "bridge", "default", "container:x"])
    func `gives an address only in networks that somebody has made`(mode: String) throws {
        for family in [#""IPv4Address":"10.0.0.5""#, #""IPv6Address":"fd00::5""#] {
            let wish = #""NetworkingConfig":{"EndpointsConfig":{"\#(mode)":{"IPAMConfig":{\#(family)}}}}"#
            let error = try #require(
                engineError { _ = try Sample.settled(#"{"HostConfig":{"NetworkMode":"\#(mode)"},\#(wish)}"#) }
            )
            let text = "user specified IP address is supported on user defined networks only"
            #expect(error.code == .badParameter && error.message.contains(text), "\(error)")
        }
    }

    @Test func `names everything that is wrong at once`() throws {
        let error = try #require(
            engineError { _ = try Sample.settled(host(#""Memory":5,"PidMode":"x","Binds":["a"]"#)) }
        )
        #expect(error.message.split(separator: "; ").count == 3, "\(error)")
    }

    @Test(arguments: [
        (host(#""NetworkMode":"host","PublishAllPorts":true"#), "discarded when using host network mode"),
        (host(#""SecurityOpt":["apparmor=mine"]"#), "The option apparmor is ignored"),
        (host(#""SecurityOpt":["label=type:x"]"#), "The option label is ignored"),
        (host(#""OomKillDisable":true"#), "OOM killer is disabled for the container, but no memory limit is set"),
    ])
    func `warns of what is not done as asked`(json: String, text: String) throws {
        let (_, warnings) = try RequestChecker.settle(
            Sample.request(json),
            image: OCI.ContainerConfig(),
            id: Sample.id,
            on: Sample.machine
        )
        #expect(warnings.contains { $0.contains(text) }, "\(warnings)")
    }

    @Test(arguments: ["none", "host", "container:x", "front"])
    func `has nothing to say of networks that work`(mode: String) throws {
        let (_, warnings) = try RequestChecker.settle(
            Sample.request(host("\"NetworkMode\":\"\(mode)\"")),
            image: OCI.ContainerConfig(),
            id: Sample.id,
            on: Sample.machine
        )
        #expect(warnings == [])
    }

    @Test func `takes out limits that the machine does not have`() throws {
        var machine = Sample.machine
        machine.controls.memory = false
        machine.controls.pids = false
        machine.controls.isMemoryVersionOne = false
        let (request, warnings) = try RequestChecker.settle(
            Sample.request(host(#""Memory":10485760,"PidsLimit":5,"MemorySwappiness":3,"OomKillDisable":true"#)),
            image: OCI.ContainerConfig(),
            id: Sample.id,
            on: machine
        )
        let resources = request.hostConfig.resources
        #expect(resources.memory == 0 && resources.pidsLimit == nil && resources.memorySwappiness == nil)
        #expect(resources.oomKillDisable == false)
        #expect(warnings.filter { $0.hasPrefix("Your kernel does not support") }.count == 4, "\(warnings)")
    }

    @Test func `accepts the limits and devices that the command line sends when nobody sets any`() throws {
        _ = try Sample.settled(
            host(
                #""Memory":0,"MemorySwappiness":-1,"PidsLimit":0,"ConsoleSize":[0,0],"OomKillDisable":false,"#
                    + #""RestartPolicy":{"Name":"no"},"CpuQuota":-1,"DeviceCgroupRules":null,"MemorySwap":-1"#
            )
        )
    }

    @Test func `fills in what inspections show`() throws {
        let request = try Sample.settled(host(#""Memory":10485760"#))
        let host = request.hostConfig
        #expect(request.config.hostname == "0123456789ab")
        #expect(host.ipcMode == "private" && host.cgroupnsMode == "private" && host.networkMode == "bridge")
        #expect(host.shmSize == 64 << 20 && host.logConfig.type == "json-file")
        #expect(host.resources.memorySwap == 20_971_520)
        #expect(host.maskedPaths?.contains("/proc/kcore") == true)
        #expect(try Sample.settled(#"{"HostConfig":{"NetworkMode":"host"}}"#).config.hostname == "themachine")
        #expect(try Sample.settled(#"{"HostConfig":{"Privileged":true}}"#).hostConfig.maskedPaths == [])
    }

    @Test func `an update keeps what it does not name`() throws {
        let host = try Sample.settled(host(#""Memory":10485760,"NanoCpus":500000000"#)).hostConfig
        var update = ContainerUpdateRequest()
        update.resources.cpuQuota = 20_000
        update.restartPolicy.name = "always"
        let (result, _) = try RequestChecker.settle(update, of: host, on: Sample.machine)
        #expect(result.resources.memory == 10_485_760 && result.resources.cpuQuota == 20_000)
        #expect(result.resources.nanoCpus == 0 && result.restartPolicy.name == "always")
        update.resources.memory = 1 << 30
        let error = engineError { _ = try RequestChecker.settle(update, of: host, on: Sample.machine) }
        #expect(error?.message.hasPrefix("Memory limit should be smaller than already set memoryswap limit") == true)
    }

    @Test func `a container that removes itself gets no restart policy`() throws {
        let host = try Sample.settled(host(#""AutoRemove":true"#)).hostConfig
        var update = ContainerUpdateRequest()
        update.restartPolicy.name = "always"
        let error = engineError { _ = try RequestChecker.settle(update, of: host, on: Sample.machine) }
        #expect(error?.code == .conflict)
        update.restartPolicy.name = "no"
        #expect(try RequestChecker.settle(update, of: host, on: Sample.machine).host.restartPolicy.name == "no")
    }
}

@Suite struct `Small texts of requests` {
    @Test(arguments: [
        ("TERM", 15), ("sigkill", 9), ("SIGINT", 2), ("9", 9), ("SIGRTMIN+3", 37), ("rtmax-1", 63), ("RTMIN", 34),
    ])
    func `signals have names and numbers`(text: String, number: Int32) throws {
        #expect(try SignalName.number(text) == number)
    }

    @Test(arguments: ["", "0", "65", "-1", "SIG", "RTMIN+31", "RTMAX-", "KILLL"])
    func `other signals are refused`(text: String) {
        #expect(engineError { _ = try SignalName.number(text) }?.message == "invalid signal: \(text)")
    }

    @Test(arguments: [("0", [0]), ("0-2,7", [0, 1, 2, 7]), ("3-3", [3])] as [(String, Set<Int>)])
    func `lists of numbers are read`(text: String, numbers: Set<Int>) {
        #expect(NumberList(text)?.numbers == numbers)
    }

    @Test(arguments: ["", ",", "1-", "-1", "2-1", "0-99999999", "x", "1 2"])
    func `other lists are refused`(text: String) {
        #expect(NumberList(text) == nil)
    }

    @Test(arguments: [("10m", 10_485_760), ("1.5k", 1536), ("2GiB", 2_147_483_648), ("64 kb", 65_536), ("12", 12)])
    func `sizes have the units of people`(text: String, bytes: Int64) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "m", "-1m", "1x", "1mm", "1.5.5k", "99999999999999p", ".5k"])
    func `other sizes are refused`(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test(arguments: [("/a/../b//c/.", "/b/c"), ("/", "/"), ("/../..", "/"), ("/a/b/..", "/a")])
    func `paths are cleaned as Go cleans them`(path: String, clean: String) {
        #expect(HostPath.clean(path) == clean)
    }

    @Test func `logs have settings with defaults`() throws {
        var config = LogConfig()
        #expect(try LogSettings(config).fileSize == 10_485_760 && LogSettings(config).fileCount == 3)
        config.config = ["max-size": "1m", "max-file": "2", "labels": "a,b", "env": "C", "tag": "x"]
        let settings = try LogSettings(config)
        #expect(settings.fileSize == 1 << 20 && settings.fileCount == 2)
        #expect(settings.labels == ["a", "b"] && settings.variables == ["C"] && settings.isKept)
        config.config = ["max-size": "-1"]
        #expect(try LogSettings(config).fileSize == nil)
        (config.type, config.config) = ("none", nil)
        #expect(try !LogSettings(config).isKept)
    }

    @Test func `random names are legal and differ`() throws {
        var generator = SystemRandomNumberGenerator()
        for attempt in 0..<200 {
            let name = RandomName.make(attempt: attempt % 3, using: &generator)
            #expect(try ContainerName(name).description == name)
        }
        #expect(Set(RandomName.adjectives).count == RandomName.adjectives.count)
        #expect(Set(RandomName.scientists).count == RandomName.scientists.count)
    }
}
