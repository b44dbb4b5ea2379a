// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import TestSupport
import Testing

/// A small file system in memory, gone with this object.
private final class SmallDisk {
    private let scratch: Scratch

    init(bytes: Int) throws {
        scratch = try Scratch()
        try run("mount", ["-t", "tmpfs", "-o", "size=\(bytes),mode=700", "tmpfs", scratch.path])
    }

    deinit {
        umount2(scratch.path, Int32(MNT_DETACH))
    }

    var path: String { scratch.path }
}

@Suite struct `A full disk` {
    @Test func `is named in the error, and nothing is left`() throws {
        let disk = try SmallDisk(bytes: 3 << 20)
        let store = try ImageStore(path: disk.path)
        let small = try Archive { try $0.file("x", String(repeating: "x", count: 1 << 20)) }.bytes()
        let large = try Archive { try $0.file("x", String(repeating: "y", count: 4 << 20)) }.bytes()
        let kept = try store.importRoot(MemorySource(small), as: "small")
        let before = files(below: disk.path)
        let error = #expect(throws: ImageError.self) { try store.importRoot(MemorySource(large), as: "large") }
        #expect(error?.cause?.number == ENOSPC)
        #expect(error?.description.hasSuffix("wharf system prune` removes what nothing needs") == true)
        #expect(files(below: disk.path) == before)

        // There is room for the layer, and then for no second one.
        let image = try store.inspect("small")
        _ = try store.unpack(image)
        _ = try store.layers.prune(keeping: [])
        try writeFile(disk.path + "/filler", [UInt8](repeating: 0, count: 3 << 19))
        #expect(throws: ImageError.self) { try store.unpack(image) }
        #expect(names(in: disk.path + "/layers").isEmpty)
        #expect(try store.inspect("small").id == kept.id)
    }
}
