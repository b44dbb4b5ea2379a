// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

@Suite(.everyLauncher) struct `A container` {
    @Test func `runs a program in a world of its own`() throws {
        var container = try TestContainer([
            "sh", "-c", "echo $$ $(hostname) $(id -u) $(pwd); ls /; ls /sys/class/net; touch /made",
        ])
        let outcome = try container.run()
        #expect(outcome.end == .exit(0))
        #expect(outcome.output == "1 box 0 /\nbin\ndev\netc\nproc\nsys\ntmp\nlo\n")
        #expect(access(container.changes + "/made", F_OK) == 0)
        #expect(access(container.image + "/made", F_OK) != 0)
    }

    @Test func `ends with the status of its program`() throws {
        var container = try TestContainer(["sh", "-c", "exit 7"])
        #expect(try container.run().end == .exit(7))
    }

    @Test func `has the mounts that Docker gives and none of the host`() throws {
        var container = try TestContainer(["cat", "/proc/self/mountinfo"])
        let outcome = try container.run()
        let mounts = try outcome.output.split(separator: "\n").map { line in
            let fields = line.split(separator: " ").map(String.init)
            let separator = try #require(fields.firstIndex(of: "-"))
            return "\(fields[4]) \(fields[separator + 1]) \(fields[5])"
        }
        #expect(
            mounts.filter { !$0.hasPrefix("/proc/") && !$0.hasPrefix("/sys/devices") } == [
                "/ overlay rw,relatime",
                "/proc proc rw,nosuid,nodev,noexec,relatime",
                "/dev tmpfs rw,nosuid",
                "/dev/pts devpts rw,nosuid,noexec,relatime",
                "/sys sysfs ro,nosuid,nodev,noexec,relatime",
                "/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime",
                "/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime",
                "/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime",
                "/sys/firmware tmpfs ro,relatime",
            ]
        )
        #expect(mounts.contains("/proc/sys proc ro,nosuid,nodev,noexec,relatime"))
        #expect(mounts.contains { $0.hasPrefix("/proc/keys devtmpfs") })
    }
}
