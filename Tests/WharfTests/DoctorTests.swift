// SPDX-License-Identifier: Apache-2.0

import JSONTree
import TestSupport
import Testing

/// The answers of the real program.
private struct Diagnosis {
    var status: Command.End
    var checks: [String: (status: String, message: String, remedy: String?)] = [:]

    init(_ outcome: Command.Outcome) throws {
        status = outcome.end
        let json = try JSON(Array(outcome.output.utf8))
        for check in json["checks"]?.array ?? [] {
            let name = try #require(check["name"]?.string)
            checks[name] = (
                try #require(check["status"]?.string), try #require(check["message"]?.string), check["remedy"]?.string
            )
        }
    }

    /// Runs `wharf doctor` for a folder, after shell commands in namespaces of their own where there are some.
    static func of(_ root: String, after shell: String? = nil, in namespaces: String = "-m") throws -> Diagnosis {
        let wharf = Binaries.path(of: "wharf")
        let arguments = ["--root", root, "doctor", "--format", "json"]
        guard let shell else { return try Diagnosis(Command(wharf, arguments).run()) }
        let script = "\(shell) && exec \"$@\""
        return try Diagnosis(
            Command("/usr/bin/unshare", [namespaces, "sh", "-c", script, "sh", wharf] + arguments).run()
        )
    }
}

private func kernelText(_ path: String) throws -> String {
    var text = try readText(path)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
}

@Suite struct `wharf doctor` {
    @Test func `a machine that does has no problem with its kernel, and every remedy belongs to a finding`() throws {
        let scratch = try Scratch()
        let diagnosis = try Diagnosis.of(scratch / "root")
        for name in ["release", "openat2", "processDescriptors", "mountInterface", "seccomp", "executableMemory"] {
            #expect(diagnosis.checks[name]?.status == "ok", "\(name)")
        }
        for (name, check) in diagnosis.checks { #expect((check.status == "ok") == (check.remedy == nil), "\(name)") }
        let hasProblem = diagnosis.checks.values.contains { $0.status == "problem" }
        #expect(diagnosis.status == .exit(hasProblem ? 1 : 0))
        #expect(names(in: scratch / ".").isEmpty)
    }

    @Test func `figures are those of the kernel`() throws {
        let scratch = try Scratch()
        let checks = try Diagnosis.of(scratch / "root").checks
        #expect(checks["release"]?.message == "Linux \(try kernelText("/proc/sys/kernel/osrelease"))")
        let pids = try kernelText("/proc/sys/kernel/pid_max")
        #expect(checks["processes"]?.message == "\(pids) processes at a time")
        let watches = try kernelText("/proc/sys/fs/inotify/max_user_watches")
        #expect(checks["inotify-watches"]?.message.hasPrefix("\(watches) inotify watches") == true)
        let line = try #require(
            readText("/proc/self/limits").split(separator: "\n").first { $0.hasPrefix("Max open files") }
        )
        let hard = try #require(line.split(separator: " ").dropFirst(4).first)
        #expect(checks["descriptors"]?.message.hasPrefix("\(hard) open files") == true)
        let modules = try readText("/proc/filesystems")
        #expect(modules.contains("overlay") == (checks["overlay"]?.status == "ok"))
    }

    @Test(arguments: ["cpu", "cpuset", "memory", "pids", "devices"])
    func `a controller is where the kernel has it`(name: String) throws {
        let scratch = try Scratch()
        let check = try #require(Diagnosis.of(scratch / "root").checks[name])
        let mounts = try readText("/proc/self/mountinfo").split(separator: "\n")
        let own = mounts.first { line in
            line.contains(" - cgroup ")
                && line.split(separator: " ").last?.split(separator: ",").contains(Substring(name)) == true
        }
        if let point = own?.split(separator: " ").dropFirst(4).first {
            #expect(check.message.contains("version 1, \(point)/") || check.message.contains("version 2"))
        } else {
            #expect(!check.message.contains("version 1"))
        }
    }

    @Test func `a file system without extended attributes is a problem`() throws {
        let scratch = try Scratch()
        try makeFolder(scratch / "root")
        let root = scratch / "root"
        let diagnosis = try Diagnosis.of(root, after: "mount -t ramfs ramfs \(root) && chmod 755 \(root)")
        let check = try #require(diagnosis.checks["attributes"])
        // ramfs has had no attributes in any release.
        #expect(check.status == "problem")
        #expect(check.message.contains("ramfs"))
        #expect(diagnosis.status == .exit(1))
    }

    @Test func `what form layers have is told, and a warning where it is not the best one`() throws {
        let scratch = try Scratch()
        try makeFolder(scratch / "root")
        let root = scratch / "root"
        let own = try #require(try Diagnosis.of(root).checks["layers"])
        #expect(own.message.contains(own.status == "ok" ? "as single files (EROFS)" : "are folders"))
        // Its files have no pages that another file system could read.
        let diagnosis = try Diagnosis.of(root, after: "mount -t tmpfs -o mode=755 tmpfs \(root)")
        let check = try #require(diagnosis.checks["layers"])
        #expect(check.status == "warning" && check.message.contains("mounts no files of tmpfs"))
        #expect(names(in: root).isEmpty)
    }

    @Test func `a read-only folder is a problem`() throws {
        let scratch = try Scratch()
        try makeFolder(scratch / "root")
        let root = scratch / "root"
        let diagnosis = try Diagnosis.of(root, after: "mount -t tmpfs -o ro,mode=755 tmpfs \(root)")
        #expect(diagnosis.checks["data"]?.status == "problem")
        #expect(diagnosis.checks["data"]?.message == "\(root) cannot be written: read-only file system")
    }

    @Test func `a folder that others may write, and a file in its place, are problems`() throws {
        let scratch = try Scratch()
        try makeFolder(scratch / "open")
        let open = try Diagnosis.of(scratch / "open", after: "chmod 777 \(scratch / "open")")
        #expect(open.checks["data"]?.message.contains("can be written by others (mode 777)") == true)
        let file = try scratch.write("file", "")
        #expect(try Diagnosis.of(file).checks["data"]?.message == "\(file) is no folder")
        #expect(try Diagnosis.of(file + "/below").checks["data"]?.status == "problem")
    }

    @Test func `a path that is too long for a socket is a problem`() throws {
        let scratch = try Scratch()
        let root = scratch / String(repeating: "x", count: 100)
        let check = try #require(Diagnosis.of(root).checks["socket"])
        #expect(check.status == "problem")
        #expect(check.message.contains("has \(root.utf8.count + "/run/wharf.sock".utf8.count) bytes, 107 fit"))
    }

    @Test func `few descriptors are a finding`() throws {
        let scratch = try Scratch()
        let shell = "ulimit -n 256"
        let check = try #require(Diagnosis.of(scratch / "root", after: shell).checks["descriptors"])
        #expect(check.status == "warning")
        #expect(check.message == "256 open files: about 24 containers")
    }

    @Test func `a firewall that drops what is forwarded is a finding, with what allows it`() throws {
        let scratch = try Scratch()
        let free = try Diagnosis.of(scratch / "root", after: "true", in: "-n")
        #expect(free.checks["nftables"]?.status == "ok")
        #expect(free.checks["forwarding"]?.message == "no other firewall is in the way of containers")
        let base = "type filter hook forward priority 0; policy drop;"
        let bridges =
            "nft add table inet wharf-1 && nft add set inet wharf-1 bridges '{ type ifname; elements = { wh0 }; }'"
        let shell = "nft add table ip filter && nft add chain ip filter FORWARD '{ \(base) }' && \(bridges)"
        let blocked = try Diagnosis.of(scratch / "root", after: shell, in: "-n")
        #expect(blocked.checks["forwarding"] == nil)
        let check = try #require(blocked.checks["forward-ip-filter-FORWARD"])
        #expect(check.status == "warning")
        #expect(check.message.hasPrefix("chain FORWARD of table ip filter drops what is forwarded"))
        #expect(check.remedy == "`iptables -I FORWARD -i wh0 -j ACCEPT`, `iptables -I FORWARD -o wh0 -j ACCEPT`")
        let allows = "iptables-nft -I FORWARD -i wh0 -j ACCEPT && iptables-nft -I FORWARD -o wh0 -j ACCEPT"
        let allowed = try Diagnosis.of(scratch / "root", after: "\(shell) && \(allows)", in: "-n")
        #expect(allowed.checks["forwarding"]?.status == "ok")
    }

    @Test func `the text has each remedy below its finding`() throws {
        let scratch = try Scratch()
        let outcome = try Command(
            Binaries.path(of: "wharf"),
            ["--root", scratch / String(repeating: "x", count: 100), "doctor"]
        ).run()
        let lines = outcome.output.split(separator: "\n")
        let finding = try #require(lines.firstIndex { $0.contains("107 fit") })
        #expect(lines[finding].hasPrefix("  problem  the path of the socket"))
        #expect(lines[finding + 1].hasPrefix("           → choose a shorter folder"))
        #expect(lines.last?.contains("problem") == true)
    }
}

@Suite struct `Commands without an engine` {
    @Test func `the status of no engine is exit status 1, and starts none`() throws {
        let scratch = try Scratch()
        let wharf = Binaries.path(of: "wharf")
        let outcome = try Command(wharf, ["--root", scratch / "root", "engine", "status", "--format", "json"]).run()
        #expect(outcome.end == .exit(1))
        let json = try JSON(Array(outcome.output.utf8))
        #expect(json["running"] == .bool(false))
        #expect(json["socket"] == .string(scratch / "root/run/wharf.sock"))
        let text = try Command(wharf, ["--root", scratch / "root", "engine", "status"]).run()
        #expect(text.end == .exit(1))
        #expect(text.output.hasPrefix("no engine runs for \(scratch / "root")"))
        #expect(names(in: scratch / ".").isEmpty)
    }

    @Test func `to stop no engine is done already`() throws {
        let scratch = try Scratch()
        let outcome = try Command(Binaries.path(of: "wharf"), ["--root", scratch / "root", "engine", "stop"]).run()
        #expect(outcome.end == .exit(0))
        #expect(outcome.errors == "no engine runs: nothing to do\n")
    }

    @Test(arguments: ["container", "image"])
    func `completions are silent and start nothing`(noun: String) throws {
        let scratch = try Scratch()
        let words = ["--complete-words", "--root", scratch / "root", noun, "inspect", ""]
        let outcome = try Command(Binaries.path(of: "wharf"), words).run()
        #expect(outcome.end == .exit(0))
        #expect(outcome.output == "words\n")
        #expect(outcome.errors == "")
        #expect(names(in: scratch / ".").isEmpty)
    }

    @Test(arguments: [
        (["container", "update", "web"], "you must provide one or more flags when using this command"),
        (
            ["container", "update", "--memory", "lots", "web"],
            "`--memory` must be a size such as 512m or 1.5g, not `lots`"
        ),
        (
            ["container", "update", "--cpus", "1.2.3", "web"],
            "`--cpus` must be a number of processors with at most nine decimals, such as 1.5, not `1.2.3`"
        ),
        (["container", "ls", "-f", "status"], "`--filter` must be NAME=VALUE, such as label=tier=web, not `status`"),
        (["container", "port", "web", "99999"], "PORT[/PROTOCOL] must be a port from 1 to 65535"),
        (["engine", "events", "--since", "yesterday"], "`--since` must be a time such as"),
    ])
    func `a wrong value is a usage error`(arguments: [String], message: String) throws {
        let outcome = try Command(Binaries.path(of: "wharf"), arguments).run()
        #expect(outcome.end == .exit(arguments[0] == "container" ? 125 : 64))
        #expect(outcome.errors.contains(message))
    }
}
