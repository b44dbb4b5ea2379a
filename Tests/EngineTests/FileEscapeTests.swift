// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

/// The ways out of a container that copying files had in other engines; see the rows of the table of escapes.
@Suite struct `Files of a container do not lead to the host` {
    // CVE-2018-15664, CVE-2026-41568, CVE-2026-42306: the path is exchanged between the check and the use.
    @Test func `an archive that is unpacked while its target changes stays inside`() async throws {
        let root = try TestRoot("mkdir -p a/target/sub b; ln -s / b/root")
        // The link leads to the canary from the host's point of view, and nowhere from inside.
        try shell("ln -s \(root.scratch / "canary") b/target", in: root.path)
        let archive = try Archive { archive in
            try archive.directory("target/sub")
            try archive.file("target/sub/file", "new")
            try archive.file("target/file", "overwritten")
            try archive.hardLink("target/hard", to: "target/file")
        }.bytes()
        let before = try root.canary()
        let race = try SwapRace("\(root.path)/a/target", "\(root.path)/b/target")
        for _ in 0..<2000 {
            // Either way is fine; a path that vanishes in the middle is an error.
            try? extract(archive, into: root, at: "/a")
            try? extract(Archive { try $0.file("file", "overwritten") }.bytes(), into: root, at: "/a/target")
        }
        #expect(try await race.end() > 100)
        #expect(try root.canary() == before)
    }

    @Test func `a path that is archived while it changes shows nothing of the host`() async throws {
        let root = try TestRoot("mkdir -p a/target b; echo inside > a/target/file")
        try shell("ln -s \(root.scratch / "canary") b/target", in: root.path)
        let race = try SwapRace("\(root.path)/a/target", "\(root.path)/b/target")
        var found = 0
        for _ in 0..<3000 {
            for path in ["/a/target/file", "/a/target/", "/a"] {
                guard let bytes = try? archive(path, of: root) else { continue }
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(!text.contains(TestRoot.secret), "\(path)")
                if text.contains("inside") { found += 1 }
            }
        }
        #expect(try await race.end() > 100)
        #expect(found > 0)
    }

    // CVE-2019-10152: links are followed in the container.
    @Test func `a link to a file of the host gives that of the container`() throws {
        let root = try TestRoot(
            "mkdir etc; echo inside > etc/shadow; ln -s /etc/shadow link; ln -s ../../../../etc dir"
        )
        for path in ["/dir/shadow", "/dir/"] {
            #expect(try String(decoding: archive(path, of: root), as: UTF8.self).contains("inside"))
        }
        let status = try FileLookup.status(ContainerPath("/link"), below: root.descriptor, of: "box")
        #expect(status.linkTarget == "/etc/shadow")
    }

    // CVE-2020-10696, CVE-2021-32760, CVE-2025-47290, CVE-2026-17106, CVE-2021-41089.
    @Test func `no entry of an archive reaches beside the root`() throws {
        let root = try TestRoot()
        let canary = root.scratch / "canary"
        let archives: [[UInt8]] = try [
            Archive { archive in
                try archive.link("x", to: canary)
                try archive.file("x/file", "overwritten")
                try archive.directory("x", mode: 0o777)
            },
            Archive { archive in
                try archive.link("y", to: "../canary")
                try archive.file("y/new", "overwritten")
            },
            Archive { try $0.hardLink("hard", to: "../canary/file") },
            Archive { try $0.hardLink("hard", to: canary + "/file") },
            Archive { try $0.file("../canary/file", "overwritten") },
            Archive { try $0.file("/../canary/file", "overwritten") },
            Archive { archive in
                try archive.link("chmod", to: canary + "/file")
                try archive.file("chmod", mode: 0o4777)
            },
        ].map { try $0.bytes() }
        let before = try root.canary()
        for archive in archives { try? extract(archive, into: root) }
        #expect(try root.canary() == before)
        #expect(names(in: root.scratch.path) == ["canary", "root"])
    }

    // CVE-2019-14271, CVE-2026-41567, CVE-2022-1227: nothing of the container is run or loaded.
    @Test(arguments: ["gzip", "xz"])
    func `programs and libraries of the container are never run`(program: String) throws {
        let root = try TestRoot("mkdir -p d; echo text > d/f")
        try run("tar", ["--use-compress-program", program, "-cf", "../a.tar", "d"], in: root.path)
        let marker = root.scratch / "marker"
        try shell(
            """
            mkdir -p usr/bin bin lib/x86_64-linux-gnu etc
            for name in xz unxz gzip unpigz tar ps nsenter sh; do
                printf '#!/bin/sh\\ntouch \(marker)\\n' > usr/bin/$name; chmod 755 usr/bin/$name; cp usr/bin/$name bin
            done
            for name in files dns compat; do echo poison > lib/x86_64-linux-gnu/libnss_$name.so.2; done
            echo 'passwd: files' > etc/nsswitch.conf; printf 'root:x:0:0::/:/bin/sh\\n' > etc/passwd
            """,
            in: root.path
        )
        try extract(readBytes(root.scratch / "a.tar"), into: root, at: "/d")
        _ = try archive("/", of: root)
        #expect(access(marker, F_OK) != 0)
        #expect(try readText("\(root.path)/d/d/f") == "text\n")
    }

    @Test func `opening a device or a FIFO of the container is never tried`() throws {
        let root = try TestRoot("mkdir d; mkfifo d/fifo; mknod d/watchdog c 10 130; mknod d/none b 259 1000")
        // A FIFO without a writer would block for ever, a device that does not exist would be an error.
        #expect(try members(archive("/d", of: root)) == ["d/", "d/fifo", "d/none", "d/watchdog"])
    }

    @Test func `a tree that is too deep is refused`() throws {
        let root = try TestRoot("for i in $(seq 600); do mkdir d; cd -P d; done")
        #expect(throws: ImageError.self) { try archive("/d", of: root) }
        #expect(throws: EngineError.self) {
            try extract(Archive { try $0.file(String(repeating: "e/", count: 300) + "f") }.bytes(), into: root)
        }
    }
}
