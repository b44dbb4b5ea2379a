// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

/// Layers that want to touch files outside (CVE-2020-10696, 2021-32760, 2025-47290, 2026-17106 and their like).
///
/// `CANARY` in a path is a folder of the host whose state is compared.
private struct Attack: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// Whether the layers are refused; otherwise they are confined.
    var isRefused = false
    var layers: @Sendable (_ canary: String) throws -> [Archive]

    init(_ name: String, isRefused: Bool = false, _ layers: @escaping @Sendable (_ canary: String) throws -> [Archive])
    {
        testDescription = name
        self.isRefused = isRefused
        self.layers = layers
    }
}

private let attacks: [Attack] = [
    Attack("a file through a link of a lower layer") { canary in
        [try Archive { try $0.link("x", to: canary) }, try Archive { try $0.file("x/file", "changed") }]
    },
    Attack("a file through a link of the same layer") { canary in
        [
            try Archive {
                try $0.link("x", to: canary)
                try $0.file("x/file", "changed")
            }
        ]
    },
    Attack("a file through a relative link") { canary in
        let up = String(repeating: "../", count: 30)
        return [
            try Archive {
                try $0.link("x", to: up + canary)
                try $0.file("x/file", "changed")
            }
        ]
    },
    Attack("a file through a chain of links") { canary in
        [
            try Archive {
                try $0.directory("a")
                try $0.link("a/up", to: "..")
                try $0.link("a/upup", to: "up/up/../..")
                try $0.link("b", to: "a/upup" + canary)
                try $0.file("b/file", "changed")
            }
        ]
    },
    Attack("a file in place of a link to the canary") { canary in
        [
            try Archive {
                try $0.link("x", to: canary + "/file")
                try $0.file("x", "changed")
            }
        ]
    },
    Attack("an absolute name") { canary in [try Archive { try $0.file(canary + "/file", "changed") }] },
    Attack("a name with ..", isRefused: true) { canary in
        [try Archive { try $0.file("../../../../../../../../../.." + canary + "/file", "changed") }]
    },
    Attack("a name with .. in its middle", isRefused: true) { canary in
        [try Archive { try $0.file("a/../../../../../../../../.." + canary + "/file", "changed") }]
    },
    Attack("a hard link to the canary", isRefused: true) { canary in
        [
            try Archive {
                try $0.hardLink("x", to: canary + "/file")
                try $0.file("x", "changed")
            }
        ]
    },
    Attack("a hard link with ..", isRefused: true) { canary in
        [try Archive { try $0.hardLink("x", to: "../../../../../../../../../.." + canary + "/file") }]
    },
    Attack("a hard link through a link", isRefused: true) { canary in
        [
            try Archive {
                try $0.link("l", to: canary)
                try $0.hardLink("x", to: "l/file")
            }
        ]
    },
    Attack("a hard link to a link, then written") { canary in
        [
            try Archive {
                try $0.link("l", to: canary + "/file")
                try $0.hardLink("x", to: "l")
                try $0.file("x", "changed", mode: 0o777)
            }
        ]
    },
    Attack("a whiteout through a link") { canary in
        [try Archive { try $0.link("x", to: canary) }, try Archive { try $0.file("x/.wh.file") }]
    },
    Attack("a whiteout through a link of the same layer") { canary in
        [
            try Archive {
                try $0.link("x", to: canary)
                try $0.file("x/.wh.file")
                try $0.file("x/.wh.dir")
            }
        ]
    },
    Attack("an opaque mark through a link") { canary in
        [try Archive { try $0.link("x", to: canary) }, try Archive { try $0.file("x/.wh..wh..opq") }]
    },
    Attack("a whiteout of ..", isRefused: true) { _ in [try Archive { try $0.file("a/.wh...") }] },
    Attack("a whiteout of .", isRefused: true) { _ in [try Archive { try $0.file("a/.wh..") }] },
    Attack("a whiteout of nothing", isRefused: true) { _ in [try Archive { try $0.file("a/.wh.") }] },
    Attack("the mode of a link") { canary in
        [try Archive { try $0.add(TarEntry(.symbolicLink, path: "x", target: filePath(canary), permissions: 0o4777)) }]
    },
    Attack("the mode of a directory in place of a link") { canary in
        [
            try Archive {
                try $0.link("x", to: canary)
                try $0.directory("x", mode: 0o777)
            }
        ]
    },
    Attack("a device through a link") { canary in
        [
            try Archive { try $0.link("x", to: canary) },
            try Archive {
                var device = TarEntry(.characterDevice, path: "x/node")
                device.device = DeviceNumber(major: 1, minor: 3)
                try $0.add(device)
                try $0.add(TarEntry(.fifo, path: "x/fifo"))
                try $0.directory("x/new")
            },
        ]
    },
    Attack("the mark of a removed file as a device", isRefused: true) { _ in
        [try Archive { try $0.add(TarEntry(.characterDevice, path: "x")) }]
    },
    Attack("attributes of overlayfs") { canary in
        [
            try Archive {
                var entry = TarEntry(.directory, path: "x", permissions: 0o755)
                entry.attributes = [
                    TarEntry.Attribute(name: "trusted.overlay.redirect", value: Array(canary.utf8)),
                    TarEntry.Attribute(name: "trusted.overlay.opaque", value: Array("y".utf8)),
                    TarEntry.Attribute(name: "user.overlay.opaque", value: Array("y".utf8)),
                ]
                try $0.add(entry)
            }
        ]
    },
    Attack("attributes through a link") { canary in
        [
            try Archive {
                var entry = TarEntry(.symbolicLink, path: "x", target: try filePath(canary + "/file"))
                entry.attributes = [TarEntry.Attribute(name: "trusted.x", value: [1])]
                (entry.uid, entry.gid) = (1, 1)
                try $0.add(entry)
            }
        ]
    },
    Attack("links in a circle", isRefused: true) { _ in
        [
            try Archive {
                try $0.link("a", to: "b")
                try $0.link("b", to: "a")
                try $0.file("a/x")
            }
        ]
    },
    Attack("a file as a directory", isRefused: true) { _ in
        [try Archive { try $0.file("a") }, try Archive { try $0.file("a/x") }]
    },
    Attack("the root as a file", isRefused: true) { _ in
        [
            try Archive {
                try $0.file("./")
                try $0.file(".")
            }
        ]
    },
    Attack("the root as a link") { canary in
        [
            try Archive {
                try $0.directory("/")
                try $0.file("/file", "inside")
            }
        ]
    },
]

/// What is tried on a thread that handles the bytes of a layer, as code with a hole would.
private final class Probe: Sendable {
    private let canary: String
    /// What the kernel answered to the attempts.
    let answers = Mutex<[Int32]>([])

    init(canary: String) {
        self.canary = canary
    }

    func attempt() {
        if !answers.withLock(\.isEmpty) { return }
        let attempts: [() -> Int32] = [
            { open(self.canary + "/file", O_WRONLY | O_TRUNC) },
            { open(self.canary + "/new", O_WRONLY | O_CREAT, 0o600) },
            { unlink(self.canary + "/file") },
        ]
        answers.withLock { $0 = attempts.map { $0() < 0 ? errno : 0 } }
    }
}

/// An archive that misbehaves on the thread on which it is read.
private final class MisbehavingSource: ByteSource {
    private let source: MemorySource
    private let probe: Probe

    init(_ bytes: [UInt8], _ probe: Probe) {
        source = MemorySource(bytes)
        self.probe = probe
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        probe.attempt()
        return try source.read(into: buffer)
    }
}

@Suite struct `A hostile layer` {
    @Test(arguments: attacks)
    private func `leaves the host as it was`(attack: Attack) throws {
        let canary = try Scratch()
        try canary.write("file", "canary")
        try canary.write("dir/file", "canary")
        let before = try state(of: canary)
        let store = try TestStore()
        let layers = try attack.layers(canary.path).map { try $0.bytes() }
        if attack.isRefused {
            #expect(throws: ImageError.self) { try store.unpack(layers) }
            #expect(store.layerNames.count == layers.count - 1)
        } else {
            _ = try store.unpack(layers)
            #expect(store.layerNames.count == layers.count)
        }
        #expect(try state(of: canary) == before)
    }

    @Test func `cannot set attributes of overlayfs`() throws {
        let attack = try #require(attacks.first { $0.testDescription == "attributes of overlayfs" })
        let store = try TestStore()
        let folder = try #require(try store.unpack(attack.layers("/").map { try $0.bytes() }).first)
        #expect(try run("getfattr", ["-d", "-m", "-", "\(folder)/x"]).isEmpty)
    }

    @Test(arguments: LayerForm.allCases)
    func `could not write outside even if the code had a hole`(form: LayerForm) throws {
        let (canary, scratch) = (try Scratch(), try Scratch())
        try canary.write("file", "canary")
        let bytes = try Archive { archive in
            try archive.directory("d")
            try archive.file("d/x", "1")
            try archive.hardLink("y", to: "d/x")
        }.bytes()
        let (reading, unpacking) = (Probe(canary: canary.path), Probe(canary: canary.path))
        let layers = try LayerStore(at: scratch / "store", form: form) { unpacking.attempt() }
        let roots = try layers.unpack([Digest(sha256: bytes)]) { _ throws(ImageError) in
            MisbehavingSource(bytes, reading)
        }
        for probe in [reading, unpacking] {
            #expect(probe.answers.withLock(\.self) == [EACCES, EACCES, EACCES])
        }
        #expect(try canary.text("file") == "canary")
        #expect(try roots[0].descriptor.entries().sorted() == ["d", "y"])
        // It was the threads that were confined and not the process.
        #expect(open(canary / "new", O_WRONLY | O_CREAT, 0o600) >= 0)
    }

    /// All about the files, the times of their last change included, which no program can set.
    private func state(of canary: Scratch) throws -> String {
        try run("find", [canary.path, "-printf", "%p %y %m %U %G %s %n %T@ %C@\\n"])
            + listing(canary.path)
    }
}
