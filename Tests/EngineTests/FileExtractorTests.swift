// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

func extract(
    _ archive: [UInt8],
    into root: TestRoot,
    at path: String = "/",
    _ change: (inout FileExtractor) -> Void = { _ in }
) throws {
    var extractor = FileExtractor(container: "box")
    change(&extractor)
    try extractor.extract(MemorySource(archive), into: root.descriptor, at: ContainerPath(path))
}

@Suite struct `Files put into a container` {
    @Test func `are as GNU tar packed them`() throws {
        let root = try TestRoot("mkdir dest")
        let source = try TestRoot(
            """
            mkdir -p d/e; echo text > d/f; chown 5:6 d/f; chmod 6711 d/f; ln d/f d/e/hard; ln -s ../f d/e/soft
            mknod d/null c 1 3; mkfifo d/fifo; setfattr -n user.a -v b d/f; truncate -s 1M d/sparse; touch -d @99 d/e
            """
        )
        try run("tar", ["--xattrs", "--numeric-owner", "-S", "-cf", "../a.tar", "."], in: source.path)
        try extract(readBytes(source.scratch / "a.tar"), into: root, at: "/dest")
        #expect(try listing("\(root.path)/dest") == listing(source.path))
    }

    @Test func `may have absolute names, missing parents and names of whiteouts`() throws {
        let root = try TestRoot("mkdir -p run keep; echo old > keep/file")
        let archive = try Archive { archive in
            try archive.file("/run/secrets/s1", "secret", mode: 0o400)
            try archive.file("a/b/c", "deep", uid: 7)
            try archive.file(".wh.keep")
            try archive.file("keep/.wh..wh..opq")
        }
        try extract(archive.bytes(), into: root)
        #expect(try readText("\(root.path)/run/secrets/s1") == "secret")
        #expect(try readText("\(root.path)/keep/file") == "old\n")
        let modes = try shell("stat -c '%a %u' run/secrets a/b a/b/c .wh.keep keep/.wh..wh..opq", in: root.path)
        #expect(modes == "755 0\n755 0\n644 7\n644 0\n644 0\n")
    }

    @Test(arguments: ["gzip", "xz", "bzip2", "zstd"])
    func `may be compressed`(program: String) throws {
        let root = try TestRoot("mkdir -p d; echo text > d/f")
        try run("tar", ["--use-compress-program", program, "-cf", "../a.tar", "d"], in: root.path)
        let target = try TestRoot()
        try extract(readBytes(root.scratch / "a.tar"), into: target)
        #expect(try listing(target.path) == listing(root.path))
    }

    @Test func `follow links as a process inside would`() throws {
        let root = try TestRoot("mkdir -p run usr/bin; ln -s /run var-run; ln -s usr/bin bin; ln -s ../../../run up")
        let archive = try Archive { try $0.file("bin/tool", "tool") }
        try extract(archive.bytes(), into: root)
        try extract(Archive { try $0.file("pid", "1") }.bytes(), into: root, at: "/var-run")
        try extract(Archive { try $0.file("pid2", "2") }.bytes(), into: root, at: "/up/")
        #expect(names(in: "\(root.path)/run") == ["pid", "pid2"])
        #expect(names(in: "\(root.path)/usr/bin") == ["tool"])
        #expect(names(in: root.path) == ["bin", "run", "up", "usr", "var-run"])
    }

    @Test func `merge with directories and replace other files`() throws {
        let root = try TestRoot("mkdir -p d/old e/f; echo x > file; echo y > d/file; chmod 700 d")
        let archive = try Archive { archive in
            try archive.directory("d", mode: 0o711)
            try archive.file("d/file", "new")
            try archive.directory("file")
            try archive.file("e", "file now")
        }
        try extract(archive.bytes(), into: root)
        #expect(
            try shell("find . -mindepth 1 -printf '%P %y %m\\n' | sort", in: root.path) == """
                d d 711
                d/file f 644
                d/old d 755
                e f 644
                file d 755

                """
        )
    }

    @Test func `keep kinds where that is asked for`() throws {
        let root = try TestRoot("mkdir -p to/d; echo x > to/file")
        #expect(
            throws: EngineError(
                .badParameter,
                #"entry `d`: cannot overwrite directory "/to/d" with non-directory "/to""#
            )
        ) {
            try extract(Archive { try $0.file("d") }.bytes(), into: root, at: "/to") { $0.options.keepsKinds = true }
        }
        #expect(
            throws: EngineError(
                .badParameter,
                #"entry `file`: cannot overwrite non-directory "/to/file" with directory "/to""#
            )
        ) {
            try extract(Archive { try $0.directory("file") }.bytes(), into: root, at: "/to") {
                $0.options.keepsKinds = true
            }
        }
        #expect(try shell("stat -c %F to/d to/file", in: root.path) == "directory\nregular file\n")
    }

    @Test func `belong to the container's user where that is asked for`() throws {
        let root = try TestRoot()
        let archive = try Archive { archive in
            try archive.file("f", uid: 9)
            try archive.directory("d")
        }
        try extract(archive.bytes(), into: root) { $0.options.owner = (12, 34) }
        #expect(try shell("stat -c %u:%g f d", in: root.path) == "12:34\n12:34\n")
    }

    @Test(arguments: [
        ("/none", EngineError(.notFound, "Could not find the file /none in container box")),
        ("/file", EngineError(.badParameter, "extraction point is not a directory")),
        ("/file/", EngineError(.badParameter, "/file/ in container box: not a directory")),
    ])
    func `need a directory that is there`(path: String, error: EngineError) throws {
        let root = try TestRoot("echo > file")
        #expect(throws: error) { try extract(Archive { try $0.file("x") }.bytes(), into: root, at: path) }
    }

    @Test func `are refused where nothing can be written`() throws {
        let root = try TestRoot("mkdir volume")
        let archive = try Archive { try $0.file("x") }.bytes()
        #expect(throws: EngineError(.forbidden, "container rootfs is marked read-only")) {
            try extract(archive, into: root) { $0.isRootReadOnly = true }
        }
        try run("mount", ["-t", "tmpfs", "-o", "ro", "none", "\(root.path)/volume"])
        defer { umount2("\(root.path)/volume", Int32(MNT_DETACH)) }
        #expect(throws: EngineError(.forbidden, "mounted volume is marked read-only")) {
            try extract(archive, into: root, at: "/volume")
        }
        #expect(throws: EngineError(.forbidden, "mounted volume is marked read-only")) {
            try extract(Archive { try $0.file("volume/x") }.bytes(), into: root)
        }
    }

    @Test func `replace no directory that something is mounted in`() throws {
        let root = try TestRoot("mkdir -p d/volume")
        try run("mount", ["-t", "tmpfs", "none", "\(root.path)/d/volume"])
        defer { umount2("\(root.path)/d/volume", Int32(MNT_DETACH)) }
        try writeFile("\(root.path)/d/volume/data", Array("precious".utf8))
        #expect(throws: EngineError.self) { try extract(Archive { try $0.file("d") }.bytes(), into: root) }
        #expect(try readText("\(root.path)/d/volume/data") == "precious")
    }

    @Test func `go into no file system of the kernel`() throws {
        let root = try TestRoot("mkdir proc; ln -s proc/sys/kernel data")
        try run("mount", ["-t", "proc", "none", "\(root.path)/proc"])
        defer { umount2("\(root.path)/proc", Int32(MNT_DETACH)) }
        let pattern = try readText("/proc/sys/kernel/core_pattern")
        let archive = try Archive { try $0.file("core_pattern", "|/bin/false") }.bytes()
        #expect(throws: EngineError(.notFound, "Could not find the file /data in container box")) {
            try extract(archive, into: root, at: "/data")
        }
        #expect(throws: EngineError.self) {
            try extract(Archive { try $0.file("data/core_pattern") }.bytes(), into: root)
        }
        #expect(try readText("/proc/sys/kernel/core_pattern") == pattern)
    }

    @Test(arguments: [
        ("not a tar", Array("this is no archive, however long it may be".utf8) + [UInt8](repeating: 1, count: 600)),
        ("a cut-off gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1]),
    ])
    func `must be an archive`(name: String, bytes: [UInt8]) throws {
        let root = try TestRoot()
        let error = #expect(throws: EngineError.self, "\(name)") { try extract(bytes, into: root) }
        #expect(error?.code == .badParameter)
        #expect(names(in: root.path).isEmpty)
    }
}
