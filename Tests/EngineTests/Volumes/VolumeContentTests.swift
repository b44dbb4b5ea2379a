// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux
import Store
import TestSupport
import Testing

@testable import Engine

extension TestedEngine {
    /// Imports the image `busybox` once more as `filled`, changed by a script of bash that runs in its root.
    fileprivate func importFilled(_ script: String) async throws {
        let make = """
            mkdir -p root/bin root/etc; cp /bin/busybox root/bin; ln -s busybox root/bin/sh
            for name in cat ls stat touch sleep mv ln mkdir rm; do ln -s busybox root/bin/$name; done
            (cd root; \(script))
            tar -C root --numeric-owner --xattrs --xattrs-include='*' -cf filled.tar .; rm -rf root
            """
        let folder = scratch.path
        let outcome = try await BlockingCall.run {
            try Command("/bin/bash", ["-euo", "pipefail", "-c", make], in: folder).run()
        }
        #expect(outcome.end == .exit(0), "\(outcome.errors)")
        _ = try engine.images.importRoot(MemorySource(try readBytes(scratch / "filled.tar")), as: "filled")
    }

    fileprivate func output(
        ofFilled script: String,
        _ change: (inout ContainerCreateRequest) -> Void
    ) async throws -> String {
        let id = try await create(["/bin/sh", "-c", script]) {
            $0.config.image = "filled"
            change(&$0)
        }
        return try await finishAndRemove(id)
    }
}

/// A mount of a volume with options.
private func volumeMount(_ name: String, at target: String, _ change: (inout Mount.VolumeOptions) -> Void) -> Mount {
    var mount = Mount()
    (mount.type, mount.source, mount.target) = ("volume", name, target)
    var options = Mount.VolumeOptions()
    change(&options)
    mount.volumeOptions = options
    return mount
}

@Suite struct `The content of volumes` {
    private static let tree = """
        mkdir -p data/sub/deep; echo one > data/file; ln data/file data/sub/second; echo two > data/sub/deep/two
        ln -s ../../etc/passwd data/link; ln -s /bin data/absolute; mkfifo data/fifo
        printf '\\xff' > data/$'\\xff\\xfe'; chown 12:34 data; chown 5:6 data/sub data/file
        chmod 4711 data/file; chmod 1733 data/sub; chmod 750 data; chown -h 7:8 data/link; touch -d @1000000000 data/sub/deep/two data/sub
        setfattr -n user.note -v text data/file 2> /dev/null || python3 -c "import os; os.setxattr('data/file', 'user.note', b'text')"
        """

    @Test(arguments: EngineKind.allCases) func `is that of the image, once`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { host in
            try await host.importFilled(Self.tree)
            let show = "cat /data/file /data/sub/deep/two; ls /data"
            let first = try await host.output(ofFilled: show) { $0.hostConfig.binds = ["v:/data"] }
            #expect(first.hasPrefix("one\ntwo\nabsolute\nfifo\nfile\nlink\nsub\n"))
            let data = try Descriptor.open(host.scratch / "volumes/v/_data", O_RDONLY | O_DIRECTORY)
            func status(_ path: FilePath) throws -> FileStatus {
                try data.open(path, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .beneath).status()
            }
            let root = try data.status()
            #expect(root.permissions == 0o750 && root.uid == 12 && root.gid == 34)
            let (file, second, sub) = (try status("file"), try status("sub/second"), try status("sub"))
            #expect(file.permissions == 0o4711 && file.uid == 5 && file.gid == 6 && file.linkCount == 2)
            #expect(file.inode == second.inode)
            #expect(sub.permissions == 0o1733 && sub.modificationTime.seconds == 1_000_000_000)
            #expect(try status("sub/deep/two").modificationTime.seconds == 1_000_000_000)
            #expect(try data.linkTarget(of: "link") == "../../etc/passwd" && status("link").uid == 7)
            #expect(try data.linkTarget(of: "absolute") == "/bin")
            #expect(try status("fifo").kind == .fifo)
            let opened = try data.open("file", O_RDONLY)
            #expect(try opened.attribute("user.note") == Array("text".utf8))
            let odd = try #require(FilePath([0xFF, 0xFE]))
            #expect(try data.status(of: odd)?.size == 1)
            // What is emptied stays empty.
            let removed = try await host.output(ofFilled: "rm -r /data/*; ls /data") {
                $0.hostConfig.binds = ["v:/data"]
            }
            #expect(removed == "")
            #expect(try await host.output(ofFilled: "ls /data") { $0.hostConfig.binds = ["v:/data"] } == "")
            #expect(names(in: host.scratch / "volumes/v") == ["_data"])
        }
    }

    @Test func `is never written over`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try await host.importFilled(Self.tree)
            let volume = try await host.createVolume("v")
            try host.scratch.write("volumes/v/_data/mine", "kept")
            let shown = try await host.output(ofFilled: "ls /data") { $0.hostConfig.binds = ["v:/data"] }
            #expect(shown == "mine\n")
            #expect(try readText(volume.mountpoint + "/mine") == "kept")
            // One that was used and is empty is no new one.
            _ = try await host.output(of: "true", binds: ["w:/d"])
            #expect(try await host.output(ofFilled: "ls /data") { $0.hostConfig.binds = ["w:/data"] } == "")
        }
    }

    @Test func `is whole or empty whenever the engine dies over the copy`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try await host.importFilled(Self.tree)
            try await host.createVolume("v")
            // What a copy that was cut off leaves.
            try host.scratch.write("volumes/v/copy/partial/file", "part")
            let shown = try await host.output(ofFilled: "ls /data") { $0.hostConfig.binds = ["v:/data"] }
            #expect(shown.contains("file\n") && !shown.contains("partial"))
            #expect(names(in: host.scratch / "volumes/v") == ["_data"])
        }
    }

    @Test func `is not copied where that is not wanted`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try await host.importFilled(Self.tree)
            #expect(try await host.output(ofFilled: "ls /data") { $0.hostConfig.binds = ["a:/data:nocopy"] } == "")
            let shown = try await host.output(ofFilled: "ls /data") {
                $0.hostConfig.mounts = [volumeMount("b", at: "/data") { $0.noCopy = true }]
            }
            #expect(shown == "")
        }
    }

    @Test(arguments: EngineKind.allCases) func `is that of the image and never of the host`(
        kind: EngineKind
    ) async throws {
        try await TestedEngine.with(kind) { host in
            try host.scratch.write("canary/secret", "of the host")
            let canary = host.scratch / "canary"
            try await host.importFilled(
                """
                ln -s \(canary) out; ln -s ../../../../../..\(canary) up; mkdir -p deep; ln -s \(canary)/secret deep/file
                mkdir -p inside; ln -s /inside in; echo image > inside/file
                """
            )
            for (place, shown) in [("/in", "/in"), ("/deep", "/deep"), ("/up/../inside", "/inside")] {
                let found = try await host.output(ofFilled: "ls \(shown)") {
                    $0.config.volumes = [place: EmptyObject()]
                }
                #expect(found == "file\n", "\(place)")
            }
            // In the image they lead nowhere.
            for place in ["/out", "/up", "/out/new"] {
                let id = try await host.create(["/bin/sh", "-c", "touch \(place)/x"]) {
                    $0.config.image = "filled"
                    $0.config.volumes = [place: EmptyObject()]
                }
                #expect(await failure { try await host.engine.startContainer(id) } != nil, "\(place)")
                let volume = try #require(await host.engine.inspectContainer(id, countsSizes: false).mounts.first)
                #expect(names(in: volume.source) == [])
                try await host.engine.removeContainer(id, force: true, volumes: true)
            }
            let linked = try await host.output(ofFilled: "cat /deep/file") {
                $0.config.volumes = ["/deep": EmptyObject()]
            }
            #expect(linked.contains("can't open"))
            #expect(names(in: canary) == ["secret"])
            #expect(try readText(canary + "/secret") == "of the host")
        }
    }

    @Test func `a file of the image is no place for a volume`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try await host.importFilled("echo x > file")
            let error = await failure {
                _ = try await host.output(ofFilled: "true") { $0.hostConfig.binds = ["v:/file"] }
            }
            #expect(error?.message == "cannot mount volume over existing file, file exists /file")
            #expect(host.engine.containers.all.isEmpty)
        }
    }

    @Test func `parts of it are mounted, and nothing outside`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try host.scratch.write("canary/secret", "of the host")
            let volume = try await host.createVolume("v")
            try host.scratch.write("volumes/v/_data/part/file", "part\n")
            try host.scratch.write("volumes/v/_data/single", "single\n")
            try host.scratch.link("volumes/v/_data/inner", to: "part")
            try host.scratch.link("volumes/v/_data/out", to: host.scratch / "canary")
            try host.scratch.link("volumes/v/_data/up", to: "../../../canary")
            func show(_ subpath: String) async throws -> String {
                let id = try await host.create(["sh", "-c", "cat /d/file || cat /d"]) {
                    $0.hostConfig.mounts = [volumeMount("v", at: "/d") { $0.subpath = subpath }]
                }
                return try await host.finishAndRemove(id)
            }
            #expect(try await show("part") == "part\n")
            #expect(try await show("./part/../inner") == "part\n")
            #expect(try await show("single").hasPrefix("single\n"))
            for subpath in ["out", "up", "up/../canary"] {
                let error = await failure { _ = try await show(subpath) }
                #expect(error?.message.contains("leads out of the volume") == true, "\(String(describing: error))")
            }
            #expect(
                await failure { _ = try await show("missing") }?.message.contains("use `missing` of the volume v")
                    == true
            )
            for unit in host.engine.containers.all { try await unit.remove(force: true) }
            #expect(try readText(host.scratch / "canary/secret") == "of the host")
            #expect(names(in: volume.mountpoint).sorted() == ["inner", "out", "part", "single", "up"])
        }
    }

    @Test(arguments: EngineKind.allCases) func `may be in memory, shared by those who run`(
        kind: EngineKind
    ) async throws {
        try await TestedEngine.with(kind) { host in
            try await host.createVolume("m") {
                $0.options = ["type": "tmpfs", "device": "tmpfs", "o": "size=1m,mode=1770,uid=9"]
            }
            let script = "echo shared > /d/file; stat -f -c %T /d; stat -c %a,%u /d; exec sleep 1000"
            let holder = try await host.create(["sh", "-c", script]) { $0.hostConfig.binds = ["m:/d"] }
            try await host.startAndWaitForOutput(holder)
            #expect(try await host.output(of: "cat /d/file; stat -c %a,%u /d", binds: ["m:/d"]) == "shared\n1770,9\n")
            #expect(try readText(host.scratch / "volumes/m/_data/file") == "shared\n")
            try await host.engine.removeContainer(holder, force: true, volumes: false)
            #expect(names(in: host.scratch / "volumes/m/_data") == [])
            #expect(try await host.output(of: "ls /d", binds: ["m:/d"]) == "")
            try await host.engine.removeVolume("m", force: false)
        }
    }

    @Test func `may be a folder of the host`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try host.scratch.write("mine/file", "kept\n")
            try await host.createVolume("b") {
                $0.options = ["type": "none", "device": host.scratch / "mine", "o": "bind"]
            }
            #expect(try await host.output(of: "cat /d/file; echo new > /d/new", binds: ["b:/d"]) == "kept\n")
            try await host.engine.removeVolume("b", force: false)
            #expect(names(in: host.scratch / "mine").sorted() == ["file", "new"])
            try await host.createVolume("c") {
                $0.options = ["type": "none", "device": host.scratch / "missing", "o": "bind,ro"]
            }
            let error = await failure { _ = try await host.output(of: "true", binds: ["c:/d"]) }
            #expect(error?.message.contains("failed to mount local volume with the options") == true)
            #expect(error?.message.contains("no such file or directory") == true)
        }
    }

    @Test func `comes into a folder of the host as well, and goes on after a death`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try await host.importFilled(Self.tree)
            func create(_ name: String) async throws {
                #expect(mkdir(host.scratch / name, 0o700) == 0)
                try await host.createVolume(name) {
                    $0.options = ["type": "none", "device": host.scratch / name, "o": "bind"]
                }
            }
            try await create("empty")
            let shown = try await host.output(ofFilled: "ls /data") { $0.hostConfig.binds = ["empty:/data"] }
            #expect(shown.contains("file\n"))
            #expect(try readText(host.scratch / "empty/sub/deep/two") == "two\n")
            let root = try Descriptor.open(host.scratch / "empty", O_RDONLY | O_DIRECTORY).status()
            #expect(root.permissions == 0o750 && root.uid == 12)
            #expect(!names(in: host.scratch / "empty").contains { $0.hasPrefix(".wharf") })
            try await create("full")
            try host.scratch.write("full/mine", "kept")
            #expect(try await host.output(ofFilled: "ls /data") { $0.hostConfig.binds = ["full:/data"] } == "mine\n")
            try await create("part")
            try host.scratch.write("part/.wharf-copy.part/half", "x")
            _ = try await host.output(ofFilled: "true") { $0.hostConfig.binds = ["part:/data"] }
            #expect(isFolder(host.scratch / "part/sub") && !names(in: host.scratch / "part").contains("half"))
            try await create("whole")
            try host.scratch.write("whole/.wharf-copy/last", "x")
            try host.scratch.write("whole/first", "x")
            _ = try await host.output(ofFilled: "true") { $0.hostConfig.binds = ["whole:/data"] }
            #expect(names(in: host.scratch / "whole").sorted() == ["first", "last"])
        }
    }

    @Test(arguments: EngineKind.allCases) func `is what is copied of a container that does not run`(
        kind: EngineKind
    ) async throws {
        try await TestedEngine.with(kind) { host in
            try host.scratch.write("mine/file", "bound\n")
            try host.scratch.write("tree/new", "copied\n")
            let id = try await host.create(["cat", "/d/new", "/made/deep/new", "/b/new"]) {
                $0.hostConfig.binds = ["d:/d", "e:/made/deep", "r:/r:ro", "\(host.scratch / "mine"):/b", "m:/m"]
            }
            let tar = host.scratch / "tree.tar"
            let outcome = try await BlockingCall.run {
                try Command("/bin/tar", ["-C", host.scratch / "tree", "-cf", tar, "new"]).run()
            }
            #expect(outcome.end == .exit(0))
            for place in ["/d", "/made/deep", "/b"] {
                try await host.engine.extract(
                    into: id,
                    at: place,
                    ArchiveOptions(),
                    from: Descriptor.open(tar, O_RDONLY)
                )
            }
            let refusal = await failure {
                try await host.engine.extract(
                    into: id,
                    at: "/r",
                    ArchiveOptions(),
                    from: Descriptor.open(tar, O_RDONLY)
                )
            }
            #expect(refusal == EngineError(.forbidden, "mounted volume is marked read-only"))
            #expect(try readText(host.scratch / "volumes/d/_data/new") == "copied\n")
            #expect(try readText(host.scratch / "mine/new") == "copied\n")
            #expect(try await host.engine.fileStatus(in: id, at: "/made/deep/new").size == 7)
            #expect(names(in: host.scratch / "containers/\(id)/upper/d") == [])
            #expect(try await host.finish(id).output == "copied\ncopied\ncopied\n")
            let archive = try await host.engine.archive(of: id, at: "/").tar
            var bytes: [UInt8] = []
            for try await piece in archive { bytes += piece }
            #expect(String(decoding: bytes, as: UTF8.self).contains("made/deep/new"))
            let export = try await host.engine.exportContainer(id)
            var exported: [UInt8] = []
            for try await piece in export { exported += piece }
            #expect(!String(decoding: exported, as: UTF8.self).contains("made/deep/new"))
        }
    }
}
