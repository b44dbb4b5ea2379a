// SPDX-License-Identifier: Apache-2.0

import Images
import ImagesSupport
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

/// Layers of one image, each of which is an archive.
@Suite struct `Layers that are unpacked at the same time` {
    /// Bytes that come when somebody else has read all of his.
    private final class PatientSource: ByteSource {
        private let bytes: MemorySource
        private let signal: Semaphore
        private var hasWaited = false

        init(_ bytes: [UInt8], after signal: Semaphore) {
            (self.bytes, self.signal) = (MemorySource(bytes), signal)
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
            if !hasWaited, !signal.wait(upTo: .seconds(60)) {
                throw ImageError(.system, "nobody has read the layer above meanwhile")
            }
            hasWaited = true
            return try bytes.read(into: buffer)
        }
    }

    /// Bytes whose end is told.
    private final class ToldSource: ByteSource {
        private let bytes: MemorySource
        private let signal: Semaphore

        init(_ bytes: [UInt8], telling signal: Semaphore) {
            (self.bytes, self.signal) = (MemorySource(bytes), signal)
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
            let count = try bytes.read(into: buffer)
            if count == 0 { signal.signal() }
            return count
        }
    }

    @Test func `do not wait for one another, and are told of in their order`() throws {
        let scratch = try Scratch()
        let store = try LayerStore(at: scratch / "store", form: .image)
        let archives = try ["a", "b", "c"].map { name in try Archive { try $0.file(name, name) }.bytes() }
        let first = Semaphore()
        let asked = Mutex<[Int]>([])
        var told: [Int] = []
        let ids = archives.map { Digest(sha256: $0) }
        let source: LayerStore.LayerSource = { (index) throws(ImageError) in
            asked.withLock { $0.append(index) }
            if index == 0 { return PatientSource(archives[0], after: first) }
            return index == 1 ? ToldSource(archives[1], telling: first) : MemorySource(archives[2])
        }
        let roots = try store.unpack(ids, telling: { told.append($0) }, from: source)
        #expect(try roots.map { try $0.descriptor.entries() } == [["a"], ["b"], ["c"]])
        #expect(told == [0, 1, 2])
        // None had to be read again.
        #expect(asked.withLock { $0.sorted() } == [0, 1, 2])
    }

    /// Layers that depend on those below in one way each, upon a base with all that they need.
    private static func dependent() throws -> [String: [UInt8]] {
        [
            "nothing": try Archive {
                try $0.directory("usr")
                try $0.file("usr/new", "x")
            }.bytes(),
            "its root": try Archive {
                try $0.directory(".", mode: 0o711)
                try $0.file("new", "x")
            }.bytes(),
            "a folder": try Archive { try $0.file("usr/bin/new", "x") }.bytes(),
            "a link": try Archive { try $0.file("bin/new", "x") }.bytes(),
            "a whiteout": try Archive { try $0.file("usr/bin/.wh.tool") }.bytes(),
            "an opaque folder": try Archive {
                try $0.directory("usr")
                try $0.directory("usr/bin")
                try $0.file("usr/bin/.wh..wh..opq")
            }.bytes(),
            "an opaque root": try Archive { try $0.file(".wh..wh..opq") }.bytes(),
            "a hard link": try Archive {
                try $0.directory("usr")
                try $0.hardLink("usr/second", to: "usr/bin/tool")
            }.bytes(),
            "the place of a link": try Archive {
                try $0.directory("bin")
                try $0.file("bin/new", "x")
            }.bytes(),
        ]
    }

    private static let kinds = [
        "nothing", "its root", "a folder", "a link", "a whiteout", "an opaque folder", "an opaque root", "a hard link",
        "the place of a link",
    ]

    @Test(arguments: kinds)
    func `are those that are unpacked in turn`(kind: String) throws {
        let base = try Archive {
            try $0.directory(".", mode: 0o750)
            try $0.directory("usr", mode: 0o751)
            try $0.directory("usr/bin", mode: 0o701)
            try $0.file("usr/bin/tool", "x")
            try $0.link("bin", to: "usr/bin")
        }.bytes()
        let layer = try #require(try Self.dependent()[kind])
        let last = try Archive { try $0.file("last", "y") }.bytes()
        // Folders are unpacked in turn, and compared with the images.
        let store = try TestStore()
        _ = try store.unpack([base, layer, last])
        #expect(store.layerNames.count == 3)
    }

    @Test func `leave nothing where one below them is broken`() throws {
        let scratch = try Scratch()
        let store = try LayerStore(at: scratch / "store", form: .image)
        let archives = try ["a", "b", "c"].map { name in try Archive { try $0.file(name, name) }.bytes() }
        var ids = archives.map { Digest(sha256: $0) }
        ids[0] = Digest(sha256: [])
        #expect { try store.unpack(ids) { (index) throws(ImageError) in MemorySource(archives[index]) } } throws: {
            ($0 as? ImageError)?.code == .digestMismatch
        }
        #expect(names(in: scratch / "store/layers") == [])
        ids = archives.map { Digest(sha256: $0) }
        ids[2] = Digest(sha256: [])
        #expect(throws: ImageError.self) {
            try store.unpack(ids) { (index) throws(ImageError) in MemorySource(archives[index]) }
        }
        #expect(names(in: scratch / "store/layers").count == 2)
    }
}
