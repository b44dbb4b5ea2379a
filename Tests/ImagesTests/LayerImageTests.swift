// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

/// A file with an attribute of a given size.
private func entry(_ path: String, _ attributes: [(name: String, size: Int)]) throws -> TarEntry {
    var entry = TarEntry(.regular, path: try #require(FilePath(path.utf8)))
    entry.attributes = try attributes.map { name, size in
        let value = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        return TarEntry.Attribute(name: try #require(FilePath(name.utf8)), value: value)
    }
    return entry
}

/// A store that makes images of layers with up to twenty files.
private func smallStore(_ path: String) throws -> LayerStore {
    var limits = Limits()
    limits.imageFileCount = 20
    return try LayerStore(at: path, limits: limits, form: .image)
}

@Suite struct `A layer as an image of EROFS` {
    @Test func `is what this kernel has layers become`() throws {
        let images = try TestImages()
        let image = try images.store.importRoot(MemorySource(busyboxRoot()), as: "a").id
        _ = try images.store.unpack(images.store.inspect("\(image)"))
        let names = names(in: images.scratch / "images/layers")
        #expect(names.count == 1 && names.allSatisfy { $0.hasSuffix(".erofs") })
    }

    /// Directories of one block, of a block and a byte, and of many, with names that sort around the dot.
    @Test(arguments: [1, 2, 15, 16, 17, 63, 64, 65, 1000, 5000])
    func `has directories of every size`(count: Int) throws {
        let archive = try Archive { archive in
            try archive.file("d/!before", "b")
            try archive.file("d/-", "-")
            try archive.file("d/.x", "x")
            for number in 0..<count {
                let name = "\(number)" + String(repeating: "n", count: number % 240)
                try archive.file("d/\(name)", "\(number)")
            }
        }
        _ = try TestStore().unpack([archive.bytes()])
    }

    @Test func `has contents and links around the size of a block`() throws {
        let archive = try Archive { archive in
            for size in [0, 1, 4031, 4032, 4033, 4095, 4096, 4097, 8192, 262_143, 262_144, 262_145, 1 << 20] {
                try archive.file("files/\(size)", String(repeating: "x", count: size))
                if !(1..<4096).contains(size) { continue }
                try archive.link("links/\(size)", to: String(repeating: "l", count: size))
            }
        }
        _ = try TestStore().unpack([archive.bytes()])
    }

    @Test func `has attributes around the size of a block, and links and directories behind them`() throws {
        let store = try TestStore()
        let archive = try Archive { archive in
            for size in [0, 1, 3, 100, 3000] {
                let attributes = [("user.a", size), ("trusted.b", 5), ("security.c", 7)]
                try archive.add(entry("files/\(size)", attributes), "text")
                var link = TarEntry(.symbolicLink, path: FilePath("links/\(size)".utf8) ?? "l", target: "to")
                link.attributes = try entry("", [("trusted.long", size)]).attributes
                try archive.add(link)
                var directory = TarEntry(.directory, path: FilePath("folders/\(size)".utf8) ?? "d", permissions: 0o755)
                directory.attributes = link.attributes
                try archive.add(directory)
                for number in 0..<20 { try archive.file("folders/\(size)/\(number)") }
            }
        }
        _ = try store.unpack([archive.bytes()])
    }

    /// The file system of the folders holds no more than 4 KiB of them.
    @Test func `has attributes of many blocks`() throws {
        let store = try TestStore()
        let names = ["user.one", "user.two", "trusted.three"]
        let bytes = try Archive { try $0.add(entry("f", names.map { ($0, 60_000) }), "text") }.bytes()
        let roots = try store.layers[1].unpack([bytes])
        let file = try roots[0].descriptor.open("f", O_RDONLY)
        for name in names {
            let value = try file.attribute(#require(FilePath(name.utf8)))
            #expect(value == (0..<60_000).map { UInt8(truncatingIfNeeded: $0) })
        }
        #expect(try file.contents(limit: 10) == Array("text".utf8))
    }

    @Test func `has files of every kind, with several names`() throws {
        let archive = try Archive { archive in
            try archive.file("a/first", "content")
            try archive.hardLink("b/second", to: "a/first")
            try archive.link("a/link", to: "first")
            try archive.hardLink("b/link", to: "a/link")
            try archive.add(TarEntry(.fifo, path: "fifo", permissions: 0o620))
            for (kind, major, minor) in [(TarEntry.Kind.characterDevice, 1, 3), (.blockDevice, 4095, 1_048_575)] {
                var device = TarEntry(kind, path: FilePath("device-\(major)".utf8) ?? "d", permissions: 0o666)
                device.device = DeviceNumber(major: UInt32(major), minor: UInt32(minor))
                try archive.add(device)
            }
        }
        _ = try TestStore().unpack([archive.bytes()])
    }

    @Test func `with more files than memory should hold becomes a folder`() throws {
        let scratch = try Scratch()
        let path = scratch / "store"
        let layers = try smallStore(path)
        let small = try Archive { archive in for name in 0..<10 { try archive.file("\(name)", "x") } }.bytes()
        let large = try Archive { archive in for name in 0..<30 { try archive.file("\(name)", "x") } }.bytes()
        let digests = [small, large].map { Digest(sha256: $0) }
        let roots = try layers.unpack([small, large])
        #expect(try roots.map { try $0.descriptor.entries().count } == [10, 30])
        #expect(names(in: path + "/layers").filter { $0.hasSuffix(".erofs") }.count == 1)
        #expect(names(in: path + "/layers").count == 2)
        #expect(try Set(layers.prune(keeping: [])) == Set(LayerStore.chainIDs(of: digests)))
        #expect(names(in: path + "/layers").isEmpty)
        // Who holds one has it still.
        #expect(try roots[0].descriptor.open("1", O_RDONLY).contents(limit: 10) == [0x78])
    }

    /// A file costs memory also when another takes its place at once.
    @Test func `that replaces its files for ever becomes a folder too`() throws {
        let scratch = try Scratch()
        let path = scratch / "store"
        let layers = try smallStore(path)
        let bytes = try Archive { archive in
            for number in 0..<30 { try archive.link("same", to: "\(number)") }
        }.bytes()
        let roots = try layers.unpack([bytes])
        #expect(try roots[0].descriptor.linkTarget(of: "same") == "29")
        #expect(names(in: path + "/layers").allSatisfy { !$0.hasSuffix(".erofs") })
    }

    @Test func `has holes where a file of a layer below had them`() throws {
        let scratch = try Scratch()
        try shell("truncate -s 512M sparse; echo end >> sparse; tar -S -cf base.tar sparse", in: scratch.path)
        let store = try TestStore()
        let base = try readBytes(scratch / "base.tar")
        let link = try Archive { try $0.hardLink("second", to: "sparse") }.bytes()
        let layers = store.layers[1]
        let chain = [base, link].map { Digest(sha256: $0) }
        let roots = try layers.unpack([base, link])
        #expect(try roots[1].descriptor.status(of: "second")?.size == 512 << 20 | 4)
        var status = stat()
        #expect(lstat(try layers.path(of: LayerStore.chainIDs(of: chain)[1]), &status) == 0)
        #expect(status.st_blocks * 512 < 8 << 20)
    }

    @Test func `is a removed one as soon as it is removed`() throws {
        let store = try TestStore()
        let bytes = try Archive { try $0.file("f", "x") }.bytes()
        let layers = store.layers[1]
        let held = try layers.unpack([bytes])
        // As another process would.
        #expect(unlink(try layers.path(of: Digest(sha256: bytes))) == 0)
        #expect(try !layers.contains(Digest(sha256: bytes)))
        #expect(throws: ImageError.self) { try layers.roots(of: [Digest(sha256: bytes)]) }
        #expect(try layers.unpack([bytes])[0].descriptor.entries() == ["f"])
        #expect(try held[0].descriptor.entries() == ["f"])
    }

    @Test func `is mounted nowhere, and mounted once for all`() throws {
        let store = try TestStore()
        let bytes = try Archive { try $0.file("f", "x") }.bytes()
        let before = try readText("/proc/self/mountinfo")
        let layers = store.layers[1]
        let (first, second) = (try layers.unpack([bytes]), try layers.unpack([bytes]))
        #expect(first.map(\.number) == second.map(\.number))
        #expect(try readText("/proc/self/mountinfo") == before)
        #expect(try layers.imageSize(of: Digest(sha256: bytes)) == 3 * 4096)
    }

    @Test func `that lies there is of no use to a kernel that cannot mount it`() throws {
        let scratch = try Scratch()
        let path = scratch / "store"
        let bytes = try Archive { try $0.file("f", "x") }.bytes()
        let digest = Digest(sha256: bytes)
        func unpack(_ form: LayerForm) throws -> [SharedDescriptor] {
            try LayerStore(at: path, form: form).unpack([bytes])
        }
        _ = try unpack(.image)
        #expect(try unpack(.folder)[0].descriptor.entries() == ["f"])
        #expect(names(in: path + "/layers").sorted() == [digest.hex, digest.hex + ".erofs"])
    }
}
