// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

/// A bundle that every runtime can run: `config.json` beside `rootfs`, which holds busybox.
private struct Bundle {
    let scratch: Scratch
    let specification: RuntimeSpec

    /// What a program sees, a part after the other, each line of which stands for itself.
    private static let script = """
        section() { echo "== $1"; }
        section user; id -u; id -g; id -G
        section capabilities; grep -E '^(Cap|NoNewPrivs|Seccomp:|Umask)' /proc/self/status
        section limits; cat /proc/self/limits
        section environment; env
        section folder; pwd; cat /proc/self/comm
        section host; hostname; cat /proc/sys/kernel/domainname
        section sysctl
        for name in net/ipv4/ping_group_range net/ipv4/ip_unprivileged_port_start kernel/shmmni kernel/msgmax; do
            echo $name $(cat /proc/sys/$name)
        done
        section score; cat /proc/self/oom_score_adj
        section dev; stat -c '%n %A %u:%g %t:%T' /dev/*; for link in /dev/fd /dev/std* /dev/ptmx; do readlink $link; done
        section terminals; ls /dev/pts; stat -c '%A %u:%g' /dev/pts/ptmx
        section descriptors; ls /proc/self/fd | head -3
        section processes; ls /proc | grep -E '^[0-9]+$' | head -1; cut -d ' ' -f 5-8 /proc/1/stat
        section interfaces; ls /sys/class/net
        section masked
        for path in $MASKED; do echo $path; ls $path 2>&1; cat $path 2>/dev/null | wc -c; done
        section read-only
        for path in $READ_ONLY /rootfile /proc/self/comm /data/x; do
            if test -d $path; then path=$path/x; fi
            (echo x > $path) 2>&1 | sed 's/.*: //'
        done
        section files; stat -c '%n %A %u:%g' / /data/* /proc /sys /tmp
        section group; cat /proc/self/cgroup
        section mounts; cat /proc/self/mountinfo
        section end
        """

    private static let applets = [
        "cat", "cut", "env", "grep", "head", "hostname", "id", "ls", "readlink", "sed", "sh", "stat", "wc",
    ]

    init(_ change: (inout RuntimeSpec) -> Void) throws {
        scratch = try Scratch()
        // The program of some tests is no root, and must get through.
        for folder in ["", "/rootfs", "/rootfs/bin", "/rootfs/tmp", "/data"] {
            try makeFolder(scratch.path + folder)
            chmod(scratch.path + folder, folder == "/rootfs/tmp" ? 0o1777 : 0o755)
        }
        let copy = try Command("/bin/cp", ["/bin/busybox", scratch / "rootfs/bin/busybox"]).run()
        guard copy.end == .exit(0) else { throw SystemFailure(message: copy.errors) }
        for name in Self.applets { try scratch.link("rootfs/bin/\(name)", to: "busybox") }
        try scratch.write("data/file", "text")
        chmod(scratch / "data/file", 0o644)
        try scratch.write("rootfs/bin/script", Self.script)
        chmod(scratch / "rootfs/bin/script", 0o644)
        specification = Self.specification(change)
        try scratch.write("config.json", bytes: Array(JSONEncoder().encode(specification)))
    }

    private static func specification(_ change: (inout RuntimeSpec) -> Void) -> RuntimeSpec {
        var specification = RuntimeSpec.containerDefault(["/bin/busybox", "sh", "/bin/script"], hostname: "box")
        // crun refuses versions that it does not know.
        specification.ociVersion = "1.0.2"
        specification.root = RuntimeSpec.Root(path: "rootfs")
        specification.mounts.append(
            RuntimeSpec.Mount(destination: "/data", type: "bind", source: "data", options: ["rbind", "ro", "nosuid"])
        )
        specification.process?.env += ["A=b c", "EMPTY=", "HOME=/"]
        let linux = specification.linux
        specification.process?.env.append("MASKED=" + (linux?.maskedPaths ?? []).joined(separator: " "))
        specification.process?.env.append("READ_ONLY=" + (linux?.readonlyPaths ?? []).joined(separator: " "))
        specification.linux?.sysctl["kernel.shmmni"] = "4000"
        specification.linux?.cgroupsPath = "/\(ControlGroupHierarchies.testParent)-bundle"
        change(&specification)
        return specification
    }

    /// Where the group of the bundle may lie.
    private func groups() throws -> [String] {
        let name = specification.linux?.cgroupsPath ?? ""
        let folders = names(in: "/sys/fs/cgroup").map { "/sys/fs/cgroup/\($0)\(name)" }
        return (folders + ["/sys/fs/cgroup\(name)"]).filter(isFolder)
    }

    /// What the program sees by a runtime that is a program.
    func seen(by program: String) throws -> [String: [String]] {
        let arguments = ["--root", scratch / "state", "run", "--bundle", scratch.path, "bundle-\(getpid())"]
        // crun runs in a hybrid of the versions of control groups only where it does not see version 2.
        let hide = "if mountpoint -q $0; then umount $0; fi; exec \"$@\""
        let isHidden = program == crun
        let prefix = isHidden ? ["-m", "sh", "-c", hide, "/sys/fs/cgroup/unified", program] : []
        let outcome = try Command(isHidden ? "/usr/bin/unshare" : program, prefix + arguments).run()
        // Both leave the group of the tree of version 2 where there are others of version 1.
        for path in try groups() { rmdir(path) }
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return Self.sections(outcome.output)
    }

    /// What the program sees by this runtime, read from the same file.
    func seenByOurs() throws -> [String: [String]] {
        let read = try JSONDecoder().decode(RuntimeSpec.self, from: Data(readBytes(scratch / "config.json")))
        #expect(read == specification)
        let specification = read.located(in: scratch.path)
        let host = try TestHost(specification)
        var request = LaunchRequest(specification)
        let output = try Pipe()
        let writer = StandardStream.descriptor(output.writer.number)
        request.streams = .streams(input: .null, output: writer, error: writer)
        let container = try host.resources.start(request, by: EmbeddedLauncher())
        let text = try output.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        #expect(try container.process.wait() == .exit(0))
        return Self.sections(text)
    }

    private static func sections(_ output: String) -> [String: [String]] {
        var (sections, current): ([String: [String]], String) = ([:], "")
        for line in output.split(separator: "\n").map(String.init) {
            if line.hasPrefix("== ") {
                current = String(line.dropFirst(3))
                sections[current] = []
            } else if current == "mounts" {
                sections[current, default: []].append(mount(line))
            } else {
                sections[current, default: []].append(line)
            }
        }
        sections["mounts"]?.sort()
        return sections
    }

    /// The place, the type and the options of a mount and of its file system, but for sizes that follow from the machine.
    private static func mount(_ line: String) -> String {
        let fields = line.split(separator: " ").map(String.init)
        guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3 else { return line }
        let own = fields[5].split(separator: ",").sorted().joined(separator: ",")
        return "\(fields[4]) \(fields[dash + 1]) \(own) \(fields[6..<dash].joined(separator: " "))"
    }
}

/// Lines in which runtimes differ, on purpose or without harm.
private struct Difference {
    let programs: Set<String>
    let section: String
    /// How the lines begin.
    let lines: [String]
    let reason: String
}

private let (runc, crun) = ("/usr/sbin/runc", "/usr/bin/crun")

private let differences = [
    Difference(
        programs: [crun],
        section: "dev",
        lines: ["/dev/core "],
        reason: "the link is made where /proc/kcore exists, as runc does; crun makes it always"
    ),
    Difference(
        programs: [runc, crun],
        section: "mounts",
        lines: ["/sys/fs/cgroup tmpfs ", "/sys/fs/cgroup/freezer ", "/sys/fs/cgroup/systemd "],
        reason:
            "trees of version 1 that a container is not put into are not shown; the folder of the others is read-only"
    ),
    Difference(
        programs: [runc, crun],
        section: "mounts",
        lines: ["/proc/interrupts ", "/proc/kcore ", "/proc/keys ", "/proc/timer_list "],
        reason:
            "what covers a file is the host's /dev/null, which the container cannot have replaced; runc takes its own"
    ),
    Difference(
        programs: [crun],
        section: "mounts",
        lines: ["/proc/bus ", "/proc/fs ", "/proc/irq ", "/proc/sys "],
        reason: "crun takes nosuid, nodev and noexec away from what it makes read-only"
    ),
    Difference(
        programs: [crun],
        section: "dev",
        lines: ["/dev/null "],
        reason: "crun gives the container's /dev/null to its user, as the file behind the standard input"
    ),
]

private let variants: [(name: String, change: @Sendable (inout RuntimeSpec) -> Void)] = [
    ("Docker's defaults", { _ in }),
    (
        "a user of its own",
        { specification in
            specification.process?.user = RuntimeSpec.User(uid: 1000, gid: 1001, additionalGids: [5, 29])
            specification.process?.user.umask = 0o027
            specification.process?.cwd = "/tmp"
            specification.process?.noNewPrivileges = true
            specification.process?.oomScoreAdj = 123
            specification.process?.rlimits = [
                RuntimeSpec.ResourceLimit(type: "RLIMIT_NOFILE", hard: 4096, soft: 1024),
                RuntimeSpec.ResourceLimit(type: "RLIMIT_CORE", hard: 0, soft: 0),
                RuntimeSpec.ResourceLimit(type: "RLIMIT_MEMLOCK", hard: 1 << 20, soft: 1 << 16),
            ]
            specification.root?.readonly = true
            specification.domainname = ""
            specification.mounts.append(
                RuntimeSpec.Mount(
                    destination: "/tmp",
                    type: "tmpfs",
                    source: "tmpfs",
                    options: ["nodev", "noexec", "mode=1777", "size=4m"]
                )
            )
            var seccomp = RuntimeSpec.Seccomp(defaultAction: .allow)
            seccomp.syscalls = [RuntimeSpec.Seccomp.Rule(names: ["unshare", "setns"], action: .errno, errnoRet: 1)]
            specification.linux?.seccomp = seccomp
        }
    ),
    (
        "few privileges and other devices",
        { specification in
            var capabilities = RuntimeSpec.Capabilities(containing: CapabilitySet([.chown, .netBindService]))
            capabilities.ambient = []
            specification.process?.capabilities = capabilities
            var device = RuntimeSpec.Device(path: "/dev/disk/one", type: .block, major: 199, minor: 7)
            (device.fileMode, device.uid, device.gid) = (0o640, 3, 4)
            specification.linux?.devices = [device]
            specification.linux?.namespaces.removeAll { $0.type == .network }
            specification.linux?.sysctl = ["kernel.msgmax": "5000"]
            var resources = RuntimeSpec.Resources()
            resources.devices = [RuntimeSpec.DeviceRule(allow: false, access: "rwm")]
            resources.pids = RuntimeSpec.Pids(limit: 50)
            specification.linux?.resources = resources
        }
    ),
]

@Suite(.serialized) struct `The same bundle` {
    @Test(arguments: variants.indices, [runc, crun])
    func `looks the same inside as with another runtime`(variant: Int, program: String) throws {
        let bundle = try Bundle(variants[variant].change)
        let (ours, theirs) = (try bundle.seenByOurs(), try bundle.seen(by: program))
        #expect(ours.keys.sorted() == theirs.keys.sorted())
        for (section, lines) in ours.sorted(by: { $0.key < $1.key }) {
            let known = differences.filter { $0.programs.contains(program) && $0.section == section }.flatMap(\.lines)
            let isCompared = { (line: String) in !known.contains(where: line.hasPrefix) }
            #expect(
                lines.filter(isCompared) == (theirs[section] ?? []).filter(isCompared),
                "\(variants[variant].name), \(program): \(section)"
            )
        }
    }
}
