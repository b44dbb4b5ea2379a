// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

/// A tmpfs of the host below a scratch folder, unmounted when it goes.
///
/// It is a peer group of its own: nothing that is mounted in it reaches another place of the host.
final class ScratchMount {
    let scratch: Scratch
    var path: String { scratch / "mount" }

    init(isShared: Bool) throws {
        scratch = try Scratch()
        try makeFolder(scratch / "mount")
        try mountTemporary(at: scratch / "mount")
        let propagation = UInt(isShared ? MS_SHARED : MS_PRIVATE)
        if mount(nil, scratch / "mount", nil, propagation, nil) != 0 { throw SystemFailure("share", path) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    /// Mounts a tmpfs with one file in it.
    func mountFurther(_ name: String) throws {
        let place = "\(path)/\(name)"
        try makeFolder(place)
        try mountTemporary(at: place)
        try writeFile("\(place)/here", [])
    }

    private func mountTemporary(at path: String) throws {
        if mount("wharf-test", path, "tmpfs", 0, "size=1m") != 0 { throw SystemFailure("mount", path) }
    }
}

@Suite(.everyLauncher) struct `Mounts` {
    @Test func `a folder and a file of the host are bound, and places that are missing are made`() throws {
        let scratch = try Scratch()
        try scratch.write("folder/file", "content")
        let script = "cat /a/b/c/file /d/e; echo; echo more >/a/b/c/new; stat -c %a /a /a/b /a/b/c; stat -c %F /d/e"
        let outcome = try TestContainer.sh(script) {
            $0.bind(scratch / "folder", "/a/b/c")
            $0.bind(scratch / "folder/file", "/d/e")
        }
        #expect(outcome == .init(end: .exit(0), output: "contentcontent\n755\n755\n700\nregular file\n"))
        #expect(try scratch.text("folder/new") == "more\n")
    }

    @Test func `a place behind links of the image is found as the image sees it`() throws {
        let scratch = try Scratch()
        try scratch.write("file", "content")
        let outcome = try TestContainer.sh(
            "cat /run/x/file /var/run/x/file",
            files: [("run/keep", "")],
            links: [("var", "usr"), ("usr", "/real"), ("etc2", "../../../etc")]
        ) {
            try makeFolder($0.image + "/real")
            try $0.scratch.link("image/real/run", to: "/run")
            $0.bind(scratch.path, "/var/run/x")
        }
        #expect(outcome == .init(end: .exit(0), output: "contentcontent"))
    }

    @Test(arguments: [
        (["ro"], "/a/f", false), (["ro"], "/a/sub/f", true), (["rro"], "/a/f", false), (["rro"], "/a/sub/f", false),
        ([], "/a/f", true), (["ro", "rw"], "/a/f", true),
    ])
    func `a bind is as read-only as it says`(options: [String], file: String, isWritable: Bool) throws {
        let host = try ScratchMount(isShared: false)
        try host.mountFurther("sub")
        let outcome = try TestContainer.sh("echo x >\(file)") { $0.bind(host.path, "/a", options) }
        #expect(outcome.end == .exit(isWritable ? 0 : 1))
        #expect(outcome.output.contains("Read-only file system") == !isWritable)
    }

    @Test(arguments: [
        ("nosuid,nodev,noexec", "nosuid,nodev,noexec"), ("noatime", "noatime"), ("nodiratime", "nodiratime"),
        ("nosymfollow", "nosymfollow"), ("nosuid,suid", ""),
    ])
    func `a bind has the attributes that it says`(options: String, shown: String) throws {
        let scratch = try Scratch()
        let outcome = try TestContainer.sh("grep ' /a ' /proc/self/mountinfo | cut -d' ' -f6") {
            $0.bind(scratch.path, "/a", options.split(separator: ",").map(String.init))
        }
        let found = Set(outcome.output.dropLast().split(separator: ","))
        #expect(found.isSuperset(of: shown.split(separator: ",")), "\(outcome.output)")
        #expect(found.isSubset(of: shown.split(separator: ",") + ["rw", "relatime"]), "\(outcome.output)")
    }

    @Test func `a bind that is not recursive leaves out what is mounted below`() throws {
        let host = try ScratchMount(isShared: false)
        try host.mountFurther("sub")
        let outcome = try TestContainer.sh("ls /one/sub; echo -; ls /all/sub") {
            $0.specification.mounts += [
                .init(destination: "/one", type: "none", source: host.path, options: ["bind"]),
                .init(destination: "/all", source: host.path, options: ["rbind"]),
            ]
        }
        #expect(outcome.output == "-\nhere\n")
    }

    @Test(arguments: [
        ([], false, false), (["rprivate"], false, false), (["rslave"], true, false), (["rshared"], true, true),
        (["slave"], true, false), (["shared"], true, true), (["private"], false, false),
    ])
    func `mounts pass between host and container as the propagation says`(
        options: [String],
        reachContainer: Bool,
        reachHost: Bool
    ) throws {
        let host = try ScratchMount(isShared: true)
        try makeFolder(host.path + "/in")
        var container = try TestContainer()
        container.bind(host.path, "/a", options)
        container.process.capabilities = .init(containing: .all)
        let specification = container.specification
        try container.whileRunning { running in
            try host.mountFurther("out")
            let outcome = try running.sh("ls /a/out; mount -t tmpfs x /a/in && touch /a/in/there", in: specification)
            #expect(outcome == .init(end: .exit(0), output: reachContainer ? "here\n" : ""))
            #expect(names(in: host.path + "/in") == (reachHost ? ["there"] : []))
        }
    }

    @Test func `an id-mapped bind shows files as the ids inside`() throws {
        let scratch = try Scratch()
        try scratch.write("file", "")
        try scratch.write("other", "")
        chmod(scratch.path, 0o777)
        chown(scratch / "other", 7, 8)
        let script = "stat -c %u:%g /a/file /a/other; touch /a/made"
        let outcome = try TestContainer.sh(script) {
            $0.mapUsers()
            $0.bind(scratch.path, "/a", ["idmap"])
        }
        #expect(outcome == .init(end: .exit(0), output: "0:0\n7:8\n"))
        #expect(try owner(of: scratch / "made") == [0, 0])
    }

    @Test func `an id-mapped bind may have maps of its own`() throws {
        let scratch = try Scratch()
        try scratch.write("file", "")
        let outcome = try TestContainer.sh("stat -c %u:%g /a/file") {
            $0.bind(scratch.path, "/a")
            let last = $0.specification.mounts.count - 1
            $0.specification.mounts[last].uidMappings = [.init(containerID: 0, hostID: 1000, size: 10)]
            $0.specification.mounts[last].gidMappings = [.init(containerID: 0, hostID: 2000, size: 10)]
        }
        #expect(outcome == .init(end: .exit(0), output: "1000:2000\n"))
    }

    @Test func `an id-mapped bind without maps is refused`() throws {
        let scratch = try Scratch()
        let error = failure { _ = try TestContainer.sh("true") { $0.bind(scratch.path, "/a", ["idmap"]) } }
        #expect(error == .specification(field: "mounts[7].uidMappings", "are missing for an id-mapped mount"))
    }

    @Test func `a tmpfs has its size and mode`() throws {
        let script = "stat -c %a /t; dd if=/dev/zero of=/t/f bs=1k count=65 2>&1 | tail -1; stat -c %s /t/f; touch /r/f"
        let outcome = try TestContainer.sh(script) {
            $0.specification.mounts += [
                .init(destination: "/t", type: "tmpfs", source: "tmpfs", options: ["size=64k", "mode=1770"]),
                .init(destination: "/r", type: "tmpfs", source: "tmpfs", options: ["ro"]),
            ]
        }
        #expect(outcome.lines.first == "1770")
        #expect(outcome.lines.contains("65536"))
        #expect(outcome.lines.last == "touch: /r/f: Read-only file system")
    }

    @Test func `a root that is read-only stays so, but for what is mounted in it`() throws {
        let outcome = try TestContainer.sh(
            "touch /f; touch /etc/f; touch /dev/shm/f && echo shm; touch /t/f && echo t; pwd"
        ) {
            $0.specification.root = .init(path: "", readonly: true)
            $0.specification.mounts.append(.init(destination: "/t", type: "tmpfs"))
            $0.process.cwd = "/work/dir"
        }
        #expect(
            outcome.lines == [
                "touch: /f: Read-only file system", "touch: /etc/f: Read-only file system", "shm", "t", "/work/dir",
            ]
        )
    }

    @Test func `a folder of the host is a root as well`() throws {
        var container = try TestContainer(["sh", "-c", "ls /; touch /made"])
        let folder = container.scratch / "root"
        try makeFolder(folder)
        let copied = try Command("/bin/cp", ["-a", try Image.base() + "/.", folder]).run()
        #expect(copied.end == .exit(0))
        container.request.root = nil
        container.specification.root = .init(path: folder)
        let outcome = try container.run()
        #expect(outcome == .init(end: .exit(0), output: "bin\ndev\netc\nproc\nsys\ntmp\n"))
        #expect(names(in: folder).contains("made"))
    }

    @Test func `hundreds of them are made`() throws {
        let scratch = try Scratch()
        let outcome = try TestContainer.sh("grep -c /m/ /proc/self/mountinfo") {
            for number in 0..<400 { $0.bind(scratch.path, "/m/\(number)") }
            for number in 400..<500 {
                $0.specification.mounts.append(.init(destination: "/m/\(number)", type: "tmpfs"))
            }
        }
        #expect(outcome == .init(end: .exit(0), output: "500\n"))
    }

    @Test func `more than a plan has room for are refused early`() throws {
        let scratch = try Scratch()
        let error = failure {
            _ = try TestContainer.sh("true") { for number in 0..<1100 { $0.bind(scratch.path, "/m/\(number)") } }
        }
        #expect(error?.description.hasPrefix("mounts: there are more than 1024 mounts") == true)
    }

    @Test(arguments: [
        (RuntimeSpec.Mount(destination: "relative", type: "tmpfs"), "mounts[7].destination"),
        (.init(destination: "/", type: "tmpfs"), "mounts[7].destination"),
        (.init(destination: "/.", type: "tmpfs"), "mounts[7].destination"),
        (.init(destination: "/a/../..", type: "tmpfs"), "mounts[7].destination"),
        (.init(destination: "/proc", type: "tmpfs"), "mounts[7]"),
        (.init(destination: "/a/../proc", type: "tmpfs"), "mounts[7]"),
        (.init(destination: "/proc/", source: "/etc", options: ["bind"]), "mounts[7]"),
        (.init(destination: "/a", source: "/etc", options: ["bind", "tmpcopyup"]), "mounts[7].options"),
    ])
    func `what makes no sense is refused before anything is done`(mount: RuntimeSpec.Mount, field: String) throws {
        let error = failure { _ = try TestContainer.sh("true") { $0.specification.mounts.append(mount) } }
        guard case .specification(let named, _) = try #require(error) else {
            Issue.record("not an early error: \(String(describing: error))")
            return
        }
        #expect(named == field)
    }

    @Test(arguments: [
        (
            RuntimeSpec.Mount(destination: "/a", source: "/nowhere", options: ["bind"]), "open_tree /nowhere",
            "7].source"
        ),
        (.init(destination: "/a", type: "nofs"), "fsopen nofs", "7] (/a)"),
        (.init(destination: "/a", type: "tmpfs", options: ["nonsense"]), "fsconfig nonsense", "7] (/a)"),
        (.init(destination: "/bin/busybox", type: "tmpfs"), "move_mount /bin/busybox", "7] (/bin/busybox)"),
        (.init(destination: "/proc/self", type: "tmpfs"), "openat2 /proc/self", "7] (/proc/self)"),
    ])
    func `what the kernel refuses is named`(mount: RuntimeSpec.Mount, call: String, field: String) throws {
        let error = failure { _ = try TestContainer.sh("true") { $0.specification.mounts.append(mount) } }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("cannot set up mounts[\(field): \(call)"), "\(text)")
    }

    @Test(arguments: [4095, 4096, 5000, 70_000])
    func `a path that is too long is an error`(length: Int) throws {
        let path = String(repeating: "/abcdefg", count: length / 8 + 1).prefix(length)
        let error = failure {
            _ = try TestContainer.sh("true") {
                // What is made lies in a file system that goes with the container.
                $0.specification.mounts.append(.init(destination: "/abcdefg", type: "tmpfs"))
                $0.specification.mounts.append(.init(destination: String(path), type: "tmpfs"))
            }
        }
        if length < 4096 {
            #expect(error == nil)
        } else {
            let system = SystemError("openat2", ENAMETOOLONG, on: String(path))
            #expect(error == .setup("mounts[8] (\(path))", system))
        }
    }

    @Test func `a link that leads nowhere is no place for a mount`() throws {
        for (type, source) in [("tmpfs", ""), ("bind", "/etc"), ("bind", "/etc/passwd")] {
            var container = try TestContainer(links: [("dangling", "/not/there")])
            let mount = RuntimeSpec.Mount(destination: "/dangling", type: type, source: source)
            container.specification.mounts.append(mount)
            let error = failure { _ = try container.run() }
            #expect(error == .setup("mounts[7] (/dangling)", SystemError("openat2", ELOOP, on: "/dangling")))
            #expect(!names(in: container.changes).contains("not"))
            #expect(access("/not", F_OK) != 0)
        }
    }
}

@Suite(.everyLauncher) struct `Hidden paths` {
    @Test func `masked ones are empty`() throws {
        let script = """
            cat /proc/keys /secret/file /plain; ls /secret /sys/firmware; echo x >/plain; cat /plain
            touch /secret/f; stat -c '%n %F %t:%T' /plain /proc/keys
            """
        let outcome = try TestContainer.sh(script, files: [("secret/file", "secret"), ("plain", "plain")]) {
            $0.linux.maskedPaths += ["/secret", "/plain", "/absent", "/absent/too"]
        }
        #expect(
            outcome.lines
                == [
                    "cat: can't open '/secret/file': No such file or directory",
                    "/secret:", "/sys/firmware:",
                    "touch: /secret/f: Read-only file system",
                    "/plain character special file 1:3", "/proc/keys character special file 1:3",
                ].filter { !$0.isEmpty }
        )
    }

    @Test func `read-only ones can be read but not written, with what is mounted below`() throws {
        let host = try ScratchMount(isShared: false)
        try host.mountFurther("sub")
        let script =
            "cat /a/f; echo x >/a/f; echo x >/proc/sys/kernel/msgmax; touch /m/f; touch /m/sub/f; touch /b && echo b"
        let outcome = try TestContainer.sh(script, files: [("a/f", "text\n"), ("b", "")]) {
            $0.bind(host.path, "/m")
            $0.linux.readonlyPaths += ["/a", "/m", "/absent"]
        }
        #expect(
            outcome.lines == [
                "text", "sh: can't create /a/f: Read-only file system",
                "sh: can't create /proc/sys/kernel/msgmax: Read-only file system",
                "touch: /m/f: Read-only file system", "touch: /m/sub/f: Read-only file system", "b",
            ]
        )
    }

    @Test func `relative ones are refused`() {
        let error = failure { _ = try TestContainer.sh("true") { $0.linux.maskedPaths = ["proc/keys"] } }
        #expect(error == .specification(field: "linux.maskedPaths", "`proc/keys` is not an absolute path"))
    }
}
