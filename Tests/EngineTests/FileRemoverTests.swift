// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

private func remove(_ path: String, below root: TestRoot, isRootReadOnly: Bool = false) throws {
    var remover = FileRemover(container: "box")
    remover.isRootReadOnly = isRootReadOnly
    try remover.remove(ContainerPath(path), below: root.descriptor)
}

@Suite struct `Files removed from a container` {
    @Test(arguments: [
        ("/d/file", "d link to-root"), ("/d", "link to-root"), ("d/", "link to-root"), ("/link", "d to-root"),
        ("/to-root/d", "link to-root"), ("/../../d", "link to-root"), ("/d/sub/../../link", "d to-root"),
        ("/nothing", "d link to-root"), ("/d/file/below", "d link to-root"), ("/nothing/at/all", "d link to-root"),
    ])
    func `go with all that is in them, by the links of the container`(path: String, left: String) throws {
        let root = try TestRoot(
            "mkdir -p d/sub/deep; echo 1 > d/file; ln -s /../../canary d/out; ln -s d link; ln -s / to-root"
        )
        let canary = try root.canary()
        try remove(path, below: root)
        #expect(names(in: root.path).joined(separator: " ") == left)
        if path == "/d/file" { #expect(names(in: "\(root.path)/d") == ["out", "sub"]) }
        #expect(try root.canary() == canary)
    }

    @Test(arguments: ["/", "", ".", "/..", "/d/.."])
    func `are never the root`(path: String) throws {
        let root = try TestRoot("mkdir d")
        #expect(throws: EngineError.self) { try remove(path, below: root) }
        #expect(names(in: root.path) == ["d"])
    }

    @Test func `are none of what leads out of the root`() throws {
        let root = try TestRoot("ln -s ../canary out; ln -s /proc/self/root/etc magic")
        let canary = try root.canary()
        try remove("/out/file", below: root)
        try remove("/../canary/file", below: root)
        #expect(try root.canary() == canary)
    }

    @Test(arguments: ["/d", "/d/sub", "/d/sub/in", "/d/file"])
    func `are none where something is mounted, and then nothing goes`(path: String) throws {
        let root = try TestRoot("mkdir -p d/sub/in; echo 1 > d/file; echo 1 > d/a; echo 1 > d/z")
        try run("mount", ["--bind", root.scratch / "canary", "\(root.path)/d/sub/in"])
        defer { umount2("\(root.path)/d/sub/in", Int32(MNT_DETACH)) }
        try run("mount", ["--bind", root.scratch / "canary/file", "\(root.path)/d/file"])
        defer { umount2("\(root.path)/d/file", Int32(MNT_DETACH)) }
        let before = try listing(root.path)
        let error = #expect(throws: EngineError.self) { try remove(path, below: root) }
        #expect(error?.code == .conflict)
        #expect(try listing(root.path) == before)
        // What is within a mount is a file like others.
        try remove("/d/sub/in/file", below: root)
        #expect(names(in: "\(root.path)/d/sub/in") == [])
    }

    @Test func `are none of what cannot be written or is the kernel's`() throws {
        let root = try TestRoot("mkdir proc volume; echo 1 > file")
        try run("mount", ["-t", "proc", "none", "\(root.path)/proc"])
        defer { umount2("\(root.path)/proc", Int32(MNT_DETACH)) }
        try run("mount", ["-t", "tmpfs", "-o", "ro", "none", "\(root.path)/volume"])
        defer { umount2("\(root.path)/volume", Int32(MNT_DETACH)) }
        #expect(throws: EngineError.self) { try remove("/proc/self", below: root) }
        try remove("/volume/nothing", below: root)
        let error = #expect(throws: EngineError.self) { try remove("/file", below: root, isRootReadOnly: true) }
        #expect(error?.code == .forbidden)
        #expect(names(in: root.path).contains("file"))
    }

    @Test func `may be many folders deep, but not without an end`() throws {
        let root = try TestRoot("for i in $(seq 200); do mkdir d; cd d; done")
        try remove("/d", below: root)
        #expect(names(in: root.path) == [])
        let deep = try TestRoot("for i in $(seq 400); do mkdir d; cd d; done")
        #expect(throws: EngineError.self) { try remove("/d", below: deep) }
        #expect(names(in: deep.path) == ["d"])
    }
}
