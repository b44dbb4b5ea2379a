// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import TestSupport
import Testing

@testable import Engine

@Suite struct `Statistics of a container` {
    @Test func `are those of its control group`() throws {
        var limits = ResourceLimits()
        limits.memory.limit = .atMost(256 << 20)
        limits.processes = .atMost(77)
        let test = try TestGroup("figures", limits)
        let process = try IdleProcess(["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exec sleep 600"])
        try test.group.attach(process.pid)
        while try ProcessInformation(process.pid)?.name != "sleep" { sched_yield() }
        var statistics = ContainerStatistics()
        try statistics.measure(test.group, pid: process.pid)
        #expect(statistics.processes.current == 1)
        #expect(statistics.processes.limit == 77)
        #expect(statistics.cpu.cpuUsage.totalUsage > 1_000_000)
        #expect(statistics.cpu.systemCpuUsage > statistics.cpu.cpuUsage.totalUsage)
        #expect(statistics.cpu.onlineCPUs == sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        #expect(statistics.memory.limit == 256 << 20)
        #expect(statistics.memory.usage > 0)
        let stats = try #require(statistics.memory.stats)
        let isFirst = test.group.hierarchies.hierarchy(of: "memory")?.version == .one
        #expect((stats["total_inactive_file"] != nil) == isFirst)
        #expect(stats["inactive_file"] != nil)
        #expect((statistics.memory.maxUsage > 0) == isFirst)
        // It is in the network of the host.
        #expect(statistics.networks == nil)
        #expect(statistics.read > .never && statistics.preread == .never)
        let top = try ProcessTable(of: test.group).shown(as: ProcessFormat(arguments: "-o pid,args"))
        #expect(top.processes == [["\(process.pid)", "sleep 600"]])
    }

    @Test func `without a limit have the memory of the machine`() throws {
        let test = try TestGroup("unlimited")
        var statistics = ContainerStatistics()
        try statistics.measure(test.group, pid: getpid())
        #expect(try statistics.memory.limit == HostFigures.memory())
        #expect(statistics.processes.limit == 0)
    }

    @Test func `count the traffic of a network of its own`() throws {
        let test = try TestGroup("network")
        let process = try IdleProcess(["unshare", "-n", "sh", "-c", "ip link add d0 type bridge; exec sleep 600"])
        try test.group.attach(process.pid)
        while try ProcessInformation(process.pid)?.name != "sleep" { sched_yield() }
        var statistics = ContainerStatistics()
        try statistics.measure(test.group, pid: process.pid)
        #expect(statistics.networks?.keys.sorted() == ["d0"])
    }

    @Test func `read the numbers of the kernel's table`() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
              eth0:18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
            """
        let network = ContainerStatistics.parse(networks: text)?["eth0"]
        #expect(
            network?.rxBytes == .max && network?.rxPackets == 2 && network?.rxErrors == 3 && network?.rxDropped == 4
        )
        #expect(
            network?.txBytes == 9 && network?.txPackets == 10 && network?.txErrors == 11 && network?.txDropped == 12
        )
    }
}
