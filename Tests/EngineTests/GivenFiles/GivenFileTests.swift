// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import Glibc
import Images
import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

/// A text that is nowhere but where a test puts it.
private let hidden = "correct-horse-battery-staple"

/// A file of a request.
private func file(
    _ target: String,
    _ content: String? = nil,
    from source: String = "",
    _ change: (inout GivenFile) -> Void = { _ in }
) -> GivenFile {
    var file = GivenFile()
    (file.target, file.source, file.kind) = (target, source, "secret")
    file.content = content.map { HiddenBytes(Array($0.utf8)) }
    change(&file)
    return file
}

extension TestedEngine {
    /// Everything below the folder of the engine that holds a text, but for what is mounted there.
    fileprivate func places(of text: String) async throws -> String {
        let command = Command("/bin/grep", ["-rlaF", "--", text, scratch.path])
        let outcome = try await BlockingCall.run { try command.run() }
        let memory = engine.location.files
        return outcome.output.split(separator: "\n").filter { !$0.hasPrefix(memory) }.joined(separator: " ")
    }

    fileprivate var isMemoryMounted: Bool {
        get throws { try readText("/proc/self/mountinfo").contains(" \(engine.location.files) ") }
    }
}

@Suite struct `Configs and secrets` {
    @Test(arguments: EngineKind.allCases)
    func `are read-only files in memory with an owner and a mode`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { host in
            let source = try host.scratch.write("source", "of a file")
            // It is written backwards, since the log is kept on a disk.
            let script = """
                rev /run/secrets/a; cat /etc/deep/er/b; echo; stat -c '%n %u %g %a %F' /run/secrets/a /etc/deep/er/b /run/secrets
                echo x >> /run/secrets/a; chmod 777 /run/secrets/a; /c; grep -E ' (/run/secrets/a|/c) ' /proc/mounts
                """
            let id = try await host.create(["sh", "-c", script]) {
                $0.hostConfig.files = [
                    file("/run/secrets/a", hidden + "\n") { ($0.uid, $0.gid, $0.mode) = (1000, 50, 0o640) },
                    file("/etc/deep/er/b", from: source) { ($0.uid, $0.gid, $0.kind) = (7, 8, "config") },
                    file("/c", "#!/bin/sh\necho runs\n") { $0.mode = 0o755 },
                ]
            }
            let result = try await host.finish(id)
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(
                lines.prefix(6) == [
                    String(hidden.reversed()), "of a file", "/run/secrets/a 1000 50 640 regular file",
                    "/etc/deep/er/b 7 8 444 regular file", "/run/secrets 0 0 755 directory", "runs",
                ]
            )
            let mounts = lines.dropFirst(6)
            #expect(mounts.count == 2 && mounts.allSatisfy { $0.contains(" tmpfs ro,nosuid,nodev,") })
            #expect(result.errors.contains("can't create /run/secrets/a: Read-only file system"))
            #expect(result.errors.contains("chmod: /run/secrets/a: Read-only file system"))
            // What was in the request is nowhere but in memory: neither in records nor in the container's own files.
            #expect(try await host.places(of: hidden) == "")
            #expect(try readText("\(host.engine.location.containers)/\(id)/upper/run/secrets/a") == "")
            let mounted = try readText("/proc/self/mounts").split(separator: "\n").filter {
                $0.contains(host.engine.location.files)
            }
            #expect(mounted.count == 1)
            for option in ["nosuid", "nodev", "noexec", "size=65536k", "mode=700", "noswap"] {
                #expect(mounted.first?.contains(option) == true, "\(option)")
            }
            try await host.engine.removeContainer(id, force: false, volumes: false)
            #expect(try !host.isMemoryMounted && !isFolder(host.engine.location.files))
        }
    }

    @Test func `are in no answer, archive or event`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let id = try await host.create(["cat", "/run/secrets/a"]) {
                $0.hostConfig.files = [file("/run/secrets/a", hidden)]
            }
            let inspection = try await host.engine.inspectContainer(id, countsSizes: false)
            #expect(inspection.hostConfig.files == [file("/run/secrets/a")] && inspection.mounts == [])
            let json = String(decoding: try JSONEncoder().encode(inspection), as: UTF8.self)
            #expect(!json.contains(HiddenBytes(Array(hidden.utf8)).description) && !json.contains("\"Content\""))
            #expect(try await host.finish(id).output == hidden)
            var archives: [[UInt8]] = [[], []]
            for try await piece in try await host.engine.exportContainer(id) { archives[0] += piece }
            for try await piece in try await host.engine.archive(of: id, at: "/run").tar { archives[1] += piece }
            for archive in archives {
                let text = String(decoding: archive, as: UTF8.self)
                #expect(text.contains("run/secrets") && !text.contains(hidden))
            }
            let request = ContainerCreateRequest(config: .init(), hostConfig: inspection.hostConfig)
            #expect(!"\(request)\(file("/a", hidden))".contains("staple"))
            var dumped = ""
            dump(file("/a", hidden), to: &dumped)
            #expect(!dumped.contains("\(UInt8(ascii: "q"))"))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `outlive runs and engines, and go with their container`(kind: EngineKind) async throws {
        try await TestedEngine.succession(
            kind,
            [
                { host in
                    let source = try host.scratch.write("source", "one")
                    let id = try await host.create(["cat", "/a", "/b"], named: "kept") {
                        $0.hostConfig.files = [file("/a", hidden), file("/b", from: source)]
                    }
                    #expect(try await host.finish(id).output == hidden + "one")
                    try host.scratch.write("source", "two")
                    #expect(try await host.finish(id).output == hidden + "two")
                },
                { host in
                    #expect(try await host.finish("kept").output == hidden + "two")
                    #expect(remove(host.scratch / "source") == 0)
                    let error = await failure { _ = try await host.engine.startContainer("kept") }
                    #expect(error?.code == .badParameter)
                    #expect(error?.message.contains("the secret /b: its source") == true)
                    #expect(error?.message.contains("does not exist; make it") == true)
                    // What the end of the machine does to memory.
                    try host.scratch.write("source", "three")
                    #expect(umount2(host.engine.location.files, Int32(MNT_DETACH)) == 0)
                    let loss = await failure { try await host.engine.startContainer("kept") }
                    #expect(loss?.message.contains("the content of the secret /a is gone") == true)
                    #expect(loss?.message.contains("create it again") == true)
                    #expect(try await host.state("kept").error == loss?.message)
                    let other = try await host.create(["cat", "/b"], named: "sourced") {
                        $0.hostConfig.files = [file("/b", from: host.scratch / "source")]
                    }
                    #expect(umount2(host.engine.location.files, Int32(MNT_DETACH)) == 0)
                    #expect(try await host.finish(other).output == "three")
                    try await host.engine.removeContainer("kept", force: false, volumes: false)
                    #expect(try host.isMemoryMounted)
                    try await host.engine.removeContainer(other, force: false, volumes: false)
                    #expect(try !host.isMemoryMounted)
                },
            ]
        )
    }

    @Test func `do not leave the root by links of an image`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try host.scratch.write("canary/file", "of the host")
            let canary = host.scratch / "canary"
            let image = try await host.create([
                "sh", "-c",
                "mkdir -p \(canary); ln -s \(canary) /parent; ln -s \(canary)/file /target; ln -s ../../../../..\(canary) /climb",
            ])
            _ = try await host.finish(image)
            var tar: [UInt8] = []
            for try await piece in try await host.engine.exportContainer(image) { tar += piece }
            _ = try host.engine.images.importRoot(MemorySource(tar), as: "links")
            func run(_ files: [GivenFile]) async throws -> String {
                try await host.run(["sh", "-c", "cat /parent/file /climb/new"]) {
                    $0.config.image = "links"
                    $0.hostConfig.files = files
                }.output
            }
            // What leads through a link is made inside; a link that leads nowhere inside is no place for a file.
            #expect(try await run([file("/parent/file", "1"), file("/climb/new", "2")]) == "12")
            let error = await failure { _ = try await run([file("/target", "3")]) }
            #expect(error?.message.contains("(/target)") == true)
            #expect(names(in: canary) == ["file"])
            #expect(try readText(canary + "/file") == "of the host")
            let mounts = try readText("/proc/self/mountinfo")
            #expect(!mounts.contains(canary))
        }
    }

    @Test func `are not for containers that take the volumes of others`() async throws {
        try await TestedEngine.with(.embedded) { host in
            _ = try await host.create(["true"], named: "owner") { $0.hostConfig.files = [file("/a", hidden)] }
            let result = try await host.run(["cat", "/a"]) { $0.hostConfig.volumesFrom = ["owner"] }
            #expect(result.output == "" && result.status == 1)
        }
    }

    @Test(arguments: [
        (file("a", "x"), "mount path must be absolute"), (file("/proc/a", "x"), "inside /proc"),
        (file("/", "x"), "destination can't be '/'"), (file("/a"), "needs a Content or a Source, and not both"),
        (file("/a", "x", from: "/b"), "needs a Content or a Source, and not both"),
        (file("/a", from: "b"), "which is no absolute path"),
        (file("/a", from: "/nothing/here"), "its source /nothing/here does not exist; make it, or name another"),
        (file("/a", from: "/etc"), "its source /etc is no regular file"),
        (file("/a", from: "/dev/zero"), "its source /dev/zero is no regular file"),
        (file("/a", String(repeating: "x", count: (1 << 20) + 1)), "1048577 bytes, and 1048576 is the most"),
        (file("/a", "x") { $0.uid = -1 }, "UID is -1"), (file("/a", "x") { $0.gid = 1 << 31 }, "GID is 2147483648"),
        (file("/a", "x") { $0.mode = 0o10000 }, "the mode 4096, which is not a file's"),
        (file("/a", "x") { $0.kind = "other" }, "has the kind \"other\""),
    ]) func `are refused with the reason`(wrong: GivenFile, reason: String) async throws {
        try await TestedEngine.with(.embedded) { host in
            let error = await failure { _ = try await host.create(["true"]) { $0.hostConfig.files = [wrong] } }
            #expect(error?.code == .badParameter && error?.message.contains(reason) == true, "\(error?.message ?? "")")
            #expect(host.engine.containers.all.isEmpty)
        }
    }

    @Test func `have places and sizes that fit together`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let twice = await failure {
                _ = try await host.create(["true"]) { $0.hostConfig.files = [file("/a", "x"), file("/b/../a", "y")] }
            }
            #expect(twice?.message == "Duplicate mount point: /a")
            let large = String(repeating: "x", count: 1 << 20)
            let sum = await failure {
                _ = try await host.create(["true"]) {
                    $0.hostConfig.files = (0..<5).map { file("/\($0)", large) }
                }
            }
            #expect(sum?.message.contains("hold 5242880 bytes together, and 4194304 is the most") == true)
            let source = try host.scratch.write("source", large)
            let read = await failure {
                _ = try await host.create(["true"]) {
                    $0.hostConfig.files = (0..<5).map { file("/\($0)", from: source) }
                }
            }
            #expect(read?.message.contains("hold 5242880 bytes together") == true)
            // Over a mount of the user, and in one.
            let result = try await host.run(["sh", "-c", "cat /run/secrets/a; ls /run"]) {
                $0.hostConfig.tmpfs = ["/run": ""]
                $0.hostConfig.files = [file("/run/secrets/a", "in it\n")]
            }
            #expect(result.output == "in it\nsecrets\n")
        }
    }
}

@Suite struct `Hidden bytes` {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{0}\u{1}ÿ", "AAHDvw=="),
    ]) func `are Base64 in JSON`(text: String, encoded: String) throws {
        let bytes = HiddenBytes(Array(text.utf8))
        let json = String(decoding: try JSONEncoder().encode([bytes]), as: UTF8.self)
        #expect(json == "[\"\(encoded)\"]")
        #expect(try JSONDecoder().decode([HiddenBytes].self, from: Data(json.utf8)) == [bytes])
    }

    @Test(arguments: ["A", "AA", "AAA", "AA=A", "A===", "AB==", "AAB=", "AA A", "A-_A", "====", "AA==AA=="])
    func `are not what is no Base64`(text: String) throws {
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([HiddenBytes].self, from: Data("[\"\(text)\"]".utf8))
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("the content is not Base64"))
    }
}
