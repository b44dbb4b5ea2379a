// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import OCI
import Testing

/// Every field that the model has, in the sorted and compact form that an encoder gives.
private let everything = [
    #"{"annotations":{"a":"b"},"domainname":"dom","hooks":{"createContainer":[{"path":"/b"}],"#,
    #""createRuntime":[{"args":["x"],"env":["A=1"],"path":"/a","timeout":3}],"poststart":[{"path":"/d"}],"#,
    #""poststop":[{"path":"/e"}],"prestart":[{"path":"/f"}],"startContainer":[{"path":"/c"}]},"hostname":"host","#,
    #""linux":{"cgroupsPath":"/g","devices":[{"fileMode":438,"gid":2,"major":10,"minor":229,"path":"/dev/fuse","#,
    #""type":"c","uid":1}],"gidMappings":[{"containerID":0,"hostID":1,"size":2}],"intelRdt":{"closID":"c","#,
    #""enableCMT":true},"maskedPaths":["/m"],"memoryPolicy":{"flags":["f"],"mode":"MPOL_BIND","nodes":"0"},"#,
    #""mountLabel":"l","namespaces":[{"type":"pid"},{"path":"/proc/1/ns/net","type":"network"}],"#,
    #""netDevices":{"eth0":{"name":"in0"},"eth1":{}},"personality":{"domain":"LINUX32"},"readonlyPaths":["/r"],"#,
    #""resources":{"blockIO":{"leafWeight":11,"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":600}],"#,
    #""throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":600}],"#,
    #""throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":600}],"#,
    #""throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":600}],"weight":10,"#,
    #""weightDevice":[{"leafWeight":1,"major":8,"minor":0,"weight":500}]},"cpu":{"burst":1,"cpus":"0-1","idle":1,"#,
    #""mems":"0","period":2,"quota":-1,"realtimePeriod":3,"realtimeRuntime":4,"shares":5},"#,
    #""devices":[{"access":"rwm","allow":false},{"access":"r","allow":true,"major":1,"minor":3,"type":"c"}],"#,
    #""hugepageLimits":[{"limit":9,"pageSize":"2MB"}],"memory":{"checkBeforeUpdate":true,"disableOOMKiller":false,"#,
    #""kernel":-1,"kernelTCP":-1,"limit":536870912,"reservation":1,"swap":-1,"swappiness":0,"useHierarchy":true},"#,
    #""network":{"classID":7,"priorities":[{"name":"lo","priority":1}]},"pids":{"limit":0},"#,
    #""rdma":{"mlx5":{"hcaHandles":3,"hcaObjects":4}},"unified":{"memory.high":"max"}},"#,
    #""rootfsPropagation":"rslave","seccomp":{"architectures":["SCMP_ARCH_X86_64"],"#,
    #""defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"flags":["SECCOMP_FILTER_FLAG_LOG"],"#,
    #""listenerMetadata":"m","listenerPath":"/s","syscalls":[{"action":"SCMP_ACT_ALLOW","#,
    #""args":[{"index":0,"op":"SCMP_CMP_MASKED_EQ","value":2114060288,"valueTwo":18446744073709551615}],"#,
    #""errnoRet":38,"names":["clone"]}]},"sysctl":{"net.core.somaxconn":"1"},"#,
    #""timeOffsets":{"boottime":{"secs":-5},"monotonic":{"nanosecs":7,"secs":1}},"#,
    #""uidMappings":[{"containerID":0,"hostID":1,"size":2}]},"mounts":[{"destination":"/proc","#,
    #""gidMappings":[{"containerID":0,"hostID":1,"size":1}],"options":["ro"],"source":"proc","type":"proc","#,
    #""uidMappings":[{"containerID":0,"hostID":1,"size":1}]}],"ociVersion":"1.2.0","#,
    #""process":{"apparmorProfile":"p","args":["sh"],"capabilities":{"ambient":["CAP_KILL"],"bounding":["CAP_KILL"],"#,
    #""effective":["CAP_KILL"],"inheritable":["CAP_KILL"],"permitted":["CAP_KILL"]},"#,
    #""consoleSize":{"height":24,"width":80},"cwd":"/","env":["A=1"],"execCPUAffinity":{"final":"1","initial":"0"},"#,
    #""ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":4},"noNewPrivileges":true,"oomScoreAdj":-5,"#,
    #""rlimits":[{"hard":18446744073709551615,"soft":1,"type":"RLIMIT_CORE"}],"scheduler":{"deadline":2,"#,
    #""flags":["SCHED_FLAG_RECLAIM"],"nice":1,"period":3,"policy":"SCHED_DEADLINE","priority":4,"runtime":1},"#,
    #""selinuxLabel":"l","terminal":true,"user":{"additionalGids":[5],"gid":2,"uid":1,"umask":18}},"#,
    #""root":{"path":"rootfs","readonly":true}}"#,
].joined()

private func encoded(_ spec: RuntimeSpec) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(spec), as: UTF8.self)
}

private func decoded(_ text: String) throws -> RuntimeSpec {
    try JSONDecoder().decode(RuntimeSpec.self, from: Data(text.utf8))
}

@Suite struct `The runtime specification` {
    @Test func `every field is read and written`() throws {
        #expect(try encoded(decoded(everything)) == everything)
    }

    @Test func `absent and null fields are empty and are left out`() throws {
        let spec = try decoded(#"{"ociVersion":"1.0.2","hooks":null,"mounts":null,"linux":{"devices":null}}"#)
        #expect(spec.process == nil)
        #expect(spec.mounts.isEmpty)
        #expect(try encoded(spec) == #"{"linux":{},"ociVersion":"1.0.2"}"#)
    }

    @Test func `a hook is seen, so that it can be refused`() throws {
        let spec = try decoded(#"{"ociVersion":"1.0.2","hooks":{"poststop":[{"path":"/bin/x"}]}}"#)
        #expect(spec.hooks?.isEmpty == false)
        #expect(spec.hooks?.poststop == [RuntimeSpec.Hook(path: "/bin/x")])
    }

    @Test(arguments: [
        #"{"ociVersion":"1.2.0","linux":{"namespaces":[{"type":"nett"}]}}"#,
        #"{"ociVersion":"1.2.0","process":{"user":{"uid":4294967296,"gid":0},"cwd":"/"}}"#,
        #"{"ociVersion":"1.2.0","process":{"user":{"uid":-1,"gid":0},"cwd":"/"}}"#,
        #"{"ociVersion":"1.2.0","linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOWED"}}}"#,
        #"{"ociVersion":"1.2.0","mounts":[{"type":"proc"}]}"#,
    ])
    func `a value out of its range is refused`(text: String) {
        #expect(throws: DecodingError.self) { try decoded(text) }
    }
}
