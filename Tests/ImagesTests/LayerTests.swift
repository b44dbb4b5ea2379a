// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

private func base() throws -> [UInt8] {
    try Archive {
        try $0.directory("usr")
        try $0.directory("usr/bin", mode: 0o751)
        try $0.link("bin", to: "usr/bin")
        try $0.link("abs", to: "/usr/bin")
        try $0.file("usr/bin/tool", "tool", mode: 0o4755)
        try $0.directory("dir")
        try $0.file("dir/a", "a")
        try $0.file("dir/b", "b")
        try $0.file("gone", "gone")
    }.bytes()
}

/// The paths of a merged view with the texts of its files.
private func files(in layers: [String]) throws -> [String] {
    let scratch = try Scratch()
    for name in ["upper", "merged"] { try makeFolder(scratch / name) }
    let lower = layers.reversed().joined(separator: ":")
    let script = """
        mount -t overlay overlay -o lowerdir=\(scratch.path)/upper:\(lower) \(scratch.path)/merged
        cd \(scratch.path)/merged
        find . -mindepth 1 | sort | while read -r f
        do if [[ -f $f && ! -L $f ]]; then echo "${f#./}=$(cat "$f")"; else echo "${f#./}"; fi; done
        """
    return try run("unshare", ["-m", "/bin/bash", "-euo", "pipefail", "-c", script]).split(separator: "\n")
        .map(String.init)
}

private let baseFiles = [
    "abs", "bin", "dir", "dir/a=a", "dir/b=b", "gone=gone", "usr", "usr/bin", "usr/bin/tool=tool",
]

@Suite struct `Layers on one another` {
    private func merged(_ body: (Archive) throws -> Void) throws -> [String] {
        let store = try TestStore()
        return try withExtendedLifetime(store) { try files(in: store.unpack([base(), Archive(body).bytes()])) }
    }

    private func changed(removing removed: [String] = [], adding added: [String] = []) -> [String] {
        (baseFiles.filter { !removed.contains($0) } + added).sorted {
            $0.prefix { $0 != "=" } < $1.prefix { $0 != "=" }
        }
    }

    @Test func `nothing changes nothing`() throws {
        #expect(try merged { _ in } == baseFiles)
    }

    @Test(arguments: ["bin/new", "abs/new", "./usr/../bin/new", "/bin/new"])
    func `a path over links lands where the links lead`(path: String) throws {
        #expect(try merged { try $0.file(path, "n") } == changed(adding: ["usr/bin/new=n"]))
    }

    @Test func `a whiteout removes, also over a link`() throws {
        let result = try merged {
            try $0.file(".wh.gone")
            try $0.file("bin/.wh.tool")
            try $0.file("nothing/.wh.here")
        }
        #expect(result == changed(removing: ["gone=gone", "usr/bin/tool=tool"]))
    }

    @Test(arguments: [true, false])
    func `the order of entries and whiteouts does not matter`(whiteoutFirst: Bool) throws {
        let result = try merged { archive in
            let whiteouts = {
                try archive.file(".wh.dir")
                try archive.file(".wh.gone")
                try archive.file("usr/.wh..wh..opq")
            }
            if whiteoutFirst { try whiteouts() }
            try archive.directory("dir")
            try archive.file("dir/c", "c")
            try archive.file("gone", "back")
            try archive.file("usr/new", "n")
            if !whiteoutFirst { try whiteouts() }
        }
        let removed = ["dir/a=a", "dir/b=b", "gone=gone", "usr/bin", "usr/bin/tool=tool"]
        #expect(result == changed(removing: removed, adding: ["dir/c=c", "gone=back", "usr/new=n"]))
    }

    @Test func `an opaque root hides everything below`() throws {
        let result = try merged {
            try $0.file("dir/new", "n")
            try $0.file(".wh..wh..opq")
        }
        #expect(result == ["dir", "dir/new=n"])
    }

    @Test func `kinds replace one another`() throws {
        let result = try merged {
            try $0.file("dir", "file")
            try $0.directory("gone")
            try $0.directory("bin")
            try $0.file("bin/own", "o")
        }
        let removed = ["dir", "dir/a=a", "dir/b=b", "gone=gone"]
        #expect(result == changed(removing: removed, adding: ["dir=file", "gone", "bin/own=o"]))
    }

    @Test func `of several entries with one path the last wins`() throws {
        let result = try merged {
            try $0.file("dir", "file")
            try $0.directory("dir")
            try $0.file("dir/x", "1")
            try $0.file("dir/x", "2")
            try $0.directory("y")
            try $0.file("y/z")
            try $0.link("y", to: "dir")
            try $0.file("y/w", "w")
        }
        let removed = ["dir/a=a", "dir/b=b"]
        #expect(result == changed(removing: removed, adding: ["dir/w=w", "dir/x=2", "y"]))
    }

    @Test func `a hard link to a file of a lower layer keeps what it is`() throws {
        let store = try TestStore()
        let layers = try store.unpack([base(), Archive { try $0.hardLink("dir/second", to: "bin/tool") }.bytes()])
        #expect(try files(in: layers) == changed(adding: ["dir/second=tool"]))
        var (first, second) = (stat(), stat())
        #expect(lstat(layers[1] + "/usr/bin/tool", &first) == 0)
        #expect(lstat(layers[1] + "/dir/second", &second) == 0)
        #expect(first.st_ino == second.st_ino)
        #expect(first.st_mode & 0o7777 == 0o4755)
    }

    @Test func `a directory that an entry leads over looks as in the lower layer`() throws {
        let store = try TestStore()
        let layers = try store.unpack([base(), Archive { try $0.file("bin/new") }.bytes()])
        var status = stat()
        #expect(lstat(layers[1] + "/usr/bin", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o751)
        #expect(status.st_mtim.tv_sec == 0)
    }

    @Test func `notes of AUFS are left out`() throws {
        let result = try merged {
            try $0.directory(".wh..wh.plnk")
            try $0.file(".wh..wh.plnk/1.2")
            try $0.file(".wh..wh.aufs")
        }
        #expect(result == baseFiles)
    }

    @Test func `a file keeps its bits, attributes and times`() throws {
        let store = try TestStore()
        let archive = try Archive { archive in
            var file = TarEntry(
                .regular,
                path: "d/f",
                permissions: 0o6755,
                modificationTime: FileTime(seconds: -5, nanoseconds: 7)
            )
            (file.uid, file.gid) = (3_000_000, 4_000_000_000)
            file.attributes = [
                TarEntry.Attribute(name: "security.capability", value: capability),
                TarEntry.Attribute(name: "security.selinux", value: Array("label".utf8)),
                TarEntry.Attribute(name: "user.binary", value: [0, 10, 61, 255]),
            ]
            try archive.add(file, "x")
            var directory = TarEntry(
                .directory,
                path: "d/",
                permissions: 0o1777,
                modificationTime: FileTime(seconds: 99)
            )
            directory.uid = 5
            try archive.add(directory)
        }
        let folder = try #require(try store.unpack([archive.bytes()]).first)
        #expect(
            try run("stat", ["-c", "%a %u %g %.9Y", "\(folder)/d/f", "\(folder)/d"])
                == "6755 3000000 4000000000 -4.999999993\n1777 5 0 99.000000000\n"
        )
        #expect(
            try run("getfattr", ["--absolute-names", "-d", "-m", "-", "-e", "hex", "\(folder)/d/f"]).split(
                separator: "\n"
            ).dropFirst()
                == ["security.capability=0x0100000200200000000000000000000000000000", "user.binary=0x000a3dff"]
        )
    }

    /// `cap_net_raw+ep` in the form of linux/capability.h.
    private let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20] + [UInt8](repeating: 0, count: 14)

    @Test func `the wrong digest is refused and nothing is left`() throws {
        let store = try TestStore()
        let bytes = try base()
        let wrong = Digest(sha256: [1])
        for layers in store.layers {
            #expect {
                try layers.unpack([wrong]) { _ throws(ImageError) in MemorySource(bytes) }
            } throws: {
                ($0 as? ImageError)?.code == .digestMismatch
            }
        }
        #expect(store.layerNames.isEmpty)
    }

    @Test func `chain ids are those of the specification`() throws {
        let ids = ["a", "b", "c"].map { Digest(sha256: Array($0.utf8)) }
        let chain = LayerStore.chainIDs(of: ids)
        #expect(chain[0] == ids[0])
        #expect(chain[1] == Digest(sha256: Array("\(ids[0]) \(ids[1])".utf8)))
        #expect(chain[2] == Digest(sha256: Array("\(chain[1]) \(ids[2])".utf8)))
    }
}
