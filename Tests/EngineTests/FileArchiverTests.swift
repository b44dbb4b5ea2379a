// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

/// Archives a path of a root.
func archive(_ path: String, of root: TestRoot) throws -> [UInt8] {
    let path = try ContainerPath(path)
    let sink = MemorySink()
    let file = try FileLookup.open(path, below: root.descriptor, of: "box")
    try FileArchiver(to: sink, staysInMount: false).archive(file, as: path.baseName)
    return sink.bytes
}

/// The names in an archive, as GNU tar lists them.
func members(_ archive: [UInt8]) throws -> [String] {
    let scratch = try Scratch()
    try scratch.write("a.tar", bytes: archive)
    return try run("tar", ["-P", "-tf", scratch / "a.tar"]).split(separator: "\n").map(String.init)
}

private let everything = """
    mkdir -p tree/deep/er tree/empty; chmod 1777 tree/empty; chmod 4755 tree/deep
    echo text > tree/file; chmod 640 tree/file; chown 1000:2000 tree/file; touch -d 2001-02-03T04:05:06Z tree/file
    ln tree/file tree/deep/second; ln -s /etc/passwd tree/absolute; ln -s nowhere tree/broken; chown -h 7:8 tree/broken
    mkfifo tree/fifo; mknod tree/null c 1 3; mknod tree/disk b 7 200
    head -c 300000 /dev/urandom > tree/large; truncate -s 100000 tree/hole
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/socket")'
    setfattr -n user.colour -v blue tree/file; setcap cap_net_raw+ep tree/large
    name=$(printf 'n%.0s' $(seq 200)); mkdir -p tree/$name/$name; echo x > tree/$name/$name/$name
    printf x > "tree/$(printf 'line\\nbreak \\377')"
    """

@Suite struct `Archives of files of a container` {
    @Test func `GNU tar makes the same tree of an archive`() throws {
        let root = try TestRoot(everything)
        let scratch = try Scratch()
        try scratch.write("a.tar", bytes: archive("/tree", of: root))
        try makeFolder(scratch / "copy")
        try run("tar", ["--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", "../a.tar"], in: scratch / "copy")
        let copy = try listing(scratch / "copy/tree")
        #expect(try copy == listing("\(root.path)/tree"))
        #expect(copy.contains("second") && copy.contains("user.colour") && copy.contains("security.capability"))
    }

    @Test(arguments: [
        ("/etc", ["etc/", "etc/link", "etc/passwd"]), ("etc/", ["etc/", "etc/link", "etc/passwd"]),
        ("/etc/.", ["./", "./link", "./passwd"]), ("/etc/passwd", ["passwd"]), ("/etc/link", ["link"]),
        ("/", ["/", "/etc/", "/etc/link", "/etc/passwd", "/to-etc"]),
        ("/.", ["./", "./etc/", "./etc/link", "./etc/passwd", "./to-etc"]), ("/to-etc", ["to-etc"]),
        ("/to-etc/", ["to-etc/", "to-etc/link", "to-etc/passwd"]), ("/to-etc/passwd", ["passwd"]),
        ("/etc/../../etc/passwd", ["passwd"]),
    ])
    func `names of entries begin with the last name of the path`(path: String, names: [String]) throws {
        let root = try TestRoot("mkdir etc; echo x > etc/passwd; ln -s passwd etc/link; ln -s /etc to-etc")
        #expect(try members(archive(path, of: root)) == names)
    }

    @Test func `an export has no entry for the root and stays in its file system`() throws {
        let root = try TestRoot("mkdir -p bin data sub/in; echo x > bin/sh; echo host > etc-hosts; ln -s bin/sh link")
        try run("mount", ["-t", "tmpfs", "none", "\(root.path)/data"])
        defer { umount2("\(root.path)/data", Int32(MNT_DETACH)) }
        try run("mount", ["--bind", root.scratch / "canary", "\(root.path)/sub/in"])
        defer { umount2("\(root.path)/sub/in", Int32(MNT_DETACH)) }
        try root.scratch.write("other", "secret")
        try run("mount", ["--bind", root.scratch / "other", "\(root.path)/etc-hosts"])
        defer { umount2("\(root.path)/etc-hosts", Int32(MNT_DETACH)) }
        try writeFile("\(root.path)/data/secret", Array("secret".utf8))
        let sink = MemorySink()
        try FileArchiver(to: sink, staysInMount: true).export(root.descriptor)
        #expect(try members(sink.bytes) == ["bin/", "bin/sh", "data/", "etc-hosts", "link", "sub/", "sub/in/"])
        #expect(!String(decoding: sink.bytes, as: UTF8.self).contains("secret"))
        // A copy of one path shows what a process inside would see.
        #expect(try members(archive("/data", of: root)) == ["data/", "data/secret"])
    }

    @Test func `file systems of the kernel are empty directories`() throws {
        let root = try TestRoot("mkdir proc")
        try run("mount", ["-t", "proc", "none", "\(root.path)/proc"])
        defer { umount2("\(root.path)/proc", Int32(MNT_DETACH)) }
        #expect(try members(archive("/.", of: root)) == ["./", "./proc/"])
        #expect(throws: EngineError(.notFound, "Could not find the file /proc/version in container box")) {
            try archive("/proc/version", of: root)
        }
    }

    @Test func `a file that changes while it is archived does not break the archive`() async throws {
        let root = try TestRoot("mkdir d; head -c 100000 /dev/zero > d/a; head -c 300000 /dev/zero > d/b")
        let race = try SwapRace("\(root.path)/d/a", "\(root.path)/d/b")
        for _ in 0..<300 {
            for name in try members(archive("/d", of: root)) { #expect(name.hasPrefix("d/")) }
        }
        #expect(try await race.end() > 0)
    }

    @Test func `what vanishes in the middle of a stream ends it with an error`() async throws {
        let stream = try ByteStream.writing("a test") { sink in
            try TarWriter(sink).write(TarEntry(.directory, path: "a/"))
            throw EngineError(.failed, "the disk is gone")
        }
        var count = 0
        await #expect(throws: EngineError(.failed, "the disk is gone")) {
            for try await piece in stream { count += piece.count }
        }
        #expect(count == 512)
    }

    @Test func `the writer of a stream that nobody reads any more ends`() async throws {
        let result = BlockingProbe()
        do {
            let stream = try ByteStream.writing("a test") { sink in
                defer { result.set() }
                while true { try TarWriter(sink).write(TarEntry(.directory, path: "a/")) }
            }
            for try await _ in stream { break }
        }
        await result.wait()
    }
}

/// A moment that a test waits for.
final class BlockingProbe: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func set() {
        continuation.finish()
    }

    func wait() async {
        for await _ in stream {}
    }
}

@Suite struct `Status of files of a container` {
    @Test(
        arguments: [
            ("/dir", "dir", 1 << 31 | 1 << 20 | 0o777, ""), ("/dir/.", ".", 1 << 31 | 1 << 20 | 0o777, ""),
            ("/suid", "suid", 1 << 23 | 0o755, ""), ("/link", "link", 1 << 27 | 0o777, "/dir/file"),
            ("/up", "up", 1 << 27 | 0o777, "/dir"), ("/broken", "broken", 1 << 27 | 0o777, "/dir/no/such"),
            ("/chain", "chain", 1 << 27 | 0o777, "/dir/file"), ("/null", "null", 1 << 26 | 1 << 21 | 0o644, ""),
        ] as [(String, String, UInt32, String)]
    )
    func `is told with the bits of Go and the link resolved`(
        path: String,
        name: String,
        mode: UInt32,
        target: String
    ) throws {
        let root = try TestRoot(
            """
            mkdir dir; chmod 1777 dir; echo text > dir/file; echo > suid; chmod 4755 suid; mknod null c 1 3
            ln -s dir/file link; ln -s ../../../dir up; ln -s /dir/no/such broken; ln -s link chain
            """
        )
        let status = try FileLookup.status(ContainerPath(path), below: root.descriptor, of: "box")
        #expect(status.name == name)
        #expect(status.mode.rawValue == mode)
        #expect(status.linkTarget == target)
    }

    @Test(arguments: [
        ("/none", EngineError(.notFound, "Could not find the file /none in container box")),
        ("/file/none", EngineError(.badParameter, "/file/none in container box: not a directory")),
        ("/file/", EngineError(.badParameter, "/file/ in container box: not a directory")),
        (
            "/loop/x",
            EngineError(.badParameter, "cannot open /loop/x in container box: too many levels of symbolic links")
        ),
        ("", EngineError(.badParameter, "the path in the container cannot be empty")),
    ])
    func `of what is not there is an error`(path: String, error: EngineError) throws {
        let root = try TestRoot("echo > file; ln -s loop loop")
        #expect(throws: error) { try FileLookup.status(ContainerPath(path), below: root.descriptor, of: "box") }
    }
}
