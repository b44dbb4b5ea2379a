// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

private func root(_ text: String) throws -> [UInt8] {
    try Archive { try $0.file("text", text) }.bytes()
}

@Suite struct `The image store` {
    @Test func `moves a name from one image to another`() throws {
        let images = try TestImages()
        let first = try images.store.importRoot(MemorySource(root("1")), as: "a")
        let second = try images.store.importRoot(MemorySource(root("2")), as: "a")
        #expect(first.id != second.id)
        #expect(try images.store.inspect("a").id == second.id)
        #expect(try images.store.inspect(first.id.short).references.isEmpty)
        #expect(try images.store.list().images.map(\.id) == [second.id, first.id])
    }

    @Test func `removes names first and the image with the last one`() throws {
        let images = try TestImages()
        let empty = try images.state()
        let image = try images.store.importRoot(MemorySource(root("1")), as: "a")
        _ = try images.store.unpack(images.store.inspect("a"))
        try images.store.tag("a", as: "b:2")
        #expect(throws: ImageError.self) { try images.store.remove(image.id.description) }
        let first = try images.store.remove("a")
        #expect(first.untagged == [try ImageReference("a")])
        #expect(first.deleted.isEmpty)
        let removal = try images.store.remove("b:2")
        #expect(removal.untagged == [try ImageReference("b:2")])
        #expect(removal.deleted == [image.id])
        #expect(removal.reclaimed > 0)
        #expect(try images.store.list().images.isEmpty)
        let left = try images.state().split(separator: "\n").filter {
            !$0.contains("json") && !$0.contains("oci-layout")
        }
        #expect(Set(left).subtracting(empty.split(separator: "\n")) == ["./blobs/sha256"])
        #expect { try images.store.inspect("a") } throws: { ($0 as? ImageError)?.code == .notFound }
    }

    @Test func `keeps on pruning what is named, used or of others`() throws {
        let images = try TestImages()
        let used = try images.store.importRoot(MemorySource(root("1")))
        let unused = try images.store.importRoot(MemorySource(root("2")))
        let named = try images.store.importRoot(MemorySource(root("3")), as: "named")
        for id in [used, unused, named].map(\.id) { _ = try images.store.unpack(images.store.inspect("\(id)")) }
        try writeFile(images.scratch / "images/blobs/sha256/not-ours", [1])
        try writeFile(images.scratch / "images/layers/not-ours/file", [1])
        try writeFile(images.scratch / "images/layers/new-dead/file", [1])
        let removal = try images.store.prune { $0.id == used.id }
        #expect(removal.deleted == [unused.id])
        #expect(Set(try images.store.list().images.map(\.id)) == [used.id, named.id])
        #expect(names(in: images.scratch / "images/blobs/sha256").contains("not-ours"))
        #expect(names(in: images.scratch / "images/layers").count == 3)
    }

    @Test func `removes nothing while something cannot be read`() throws {
        let images = try TestImages()
        _ = try images.store.importRoot(MemorySource(root("1")))
        let named = try images.store.importRoot(MemorySource(root("2")), as: "named")
        let target = try images.store.inspect("named").target.digest.hex
        try writeFile(images.scratch / "images/blobs/sha256/\(target)", Array("{}".utf8))
        let before = try images.state().split(separator: "\n").filter { $0.contains("blobs") }
        #expect(throws: ImageError.self) { try images.store.prune() }
        #expect(try images.state().split(separator: "\n").filter { $0.contains("blobs") } == before)
        let (readable, errors) = try images.store.list()
        #expect(readable.count == 0 || !readable.contains { $0.id == named.id })
        #expect(errors.count == 1)
    }

    @Test func `leaves an index alone that it cannot read`() throws {
        let images = try TestImages()
        _ = try images.store.importRoot(MemorySource(root("1")), as: "a")
        try writeFile(images.scratch / "images/index.json", Array("{\"manifests\":7}".utf8))
        let before = try images.state()
        #expect(throws: ImageError.self) { try images.store.list() }
        #expect(throws: ImageError.self) { try images.store.prune() }
        #expect(throws: ImageError.self) { try images.store.importRoot(MemorySource(root("2")), as: "b") }
        #expect(try images.state().contains(before.split(separator: "\n").first { $0.hasSuffix("/index.json") } ?? "?"))
    }

    @Test func `tells the steps of an image, the last first`() throws {
        let scratch = try Scratch()
        try scratch.write("one.tar", bytes: root("1"))
        try makeLayout(in: scratch.path, layers: ["one.tar"])
        try shell("tar -C layout -cf archive.tar .", in: scratch.path)
        let images = try TestImages()
        let id = try #require(try images.load(scratch / "archive.tar").first?.id)
        let steps = try images.store.history(of: id.description)
        #expect(steps.count == 2)
        #expect(steps.last?.diffID == Digest(sha256: try root("1")))
        #expect(steps.first?.history.emptyLayer == true)
        #expect(steps.first?.diffID == nil)
    }

    @Test(arguments: ["", "A", "a@sha256:1", "a:b:c", "../a"])
    func `refuses malformed names before it does anything`(name: String) throws {
        let images = try TestImages()
        _ = try images.store.importRoot(MemorySource(root("1")), as: "a")
        let before = try images.state()
        #expect(throws: ImageError.self) { try images.store.tag("a", as: name) }
        #expect(throws: ImageError.self) { try images.store.importRoot(MemorySource(root("2")), as: name) }
        #expect(try images.state() == before)
    }

    @Test func `knows when an image got the last of its names`() throws {
        let images = try TestImages()
        let start = FileTime.now.rfc3339
        _ = try images.store.importRoot(MemorySource(root("1")), as: "a")
        let made = try #require(images.store.inspect("a").tagged)
        #expect(start <= made)
        try images.store.tag("a", as: "b:2")
        let tagged = try #require(images.store.inspect("a").tagged)
        #expect(made < tagged)
        #expect(try images.store.list().images.map(\.tagged) == [tagged])
        _ = try images.store.remove("b:2")
        #expect(try images.store.inspect("a").tagged == made)
        try images.store.untag(ImageReference("a"))
        #expect(try images.store.list().images.map(\.tagged) == [nil])
    }

    @Test func `gives an import a time and the architecture of the machine`() throws {
        let images = try TestImages()
        let created = FileTime(seconds: 1_700_000_000, nanoseconds: 5)
        _ = try images.store.importRoot(MemorySource(root("1")), as: "a", created: created)
        let config = try images.store.inspect("a").config
        #expect(config.created == "2023-11-14T22:13:20.000000005Z")
        #expect(config.platform.distance(to: .current) == 0)
    }

    @Test func `refuses what is no root file system`() throws {
        let images = try TestImages()
        let before = try images.state()
        let escaping = try Archive { try $0.file("../x") }.bytes()
        for bytes in [escaping, [], [UInt8](repeating: 1, count: 600), [UInt8](repeating: 0, count: 1024)] {
            #expect(throws: ImageError.self) { try images.store.importRoot(MemorySource(bytes)) }
        }
        #expect(try images.state() == before)
    }
}

@Suite struct `Content` {
    @Test func `is refused where size or digest are wrong, and leaves nothing`() throws {
        let scratch = try Scratch()
        let store = try ContentStore(path: scratch / "store")
        let bytes: [UInt8] = Array("content".utf8)
        let digest = Digest(sha256: bytes)
        let ingest = Ingest(in: store)
        for expectation in [
            Ingest.Expectation(digest: Digest(sha256: [])), Ingest.Expectation(digest: digest, size: 6),
            Ingest.Expectation(digest: digest, size: 8),
        ] {
            #expect { try ingest.add(MemorySource(bytes), expecting: expectation) } throws: {
                ($0 as? ImageError)?.code == .digestMismatch
            }
        }
        #expect(files(below: scratch / "store").isEmpty)
        #expect(try ingest.add(MemorySource(bytes), expecting: Ingest.Expectation(digest: digest, size: 7)).size == 7)
        #expect(try store.size(of: digest) == nil)
    }

    @Test func `that a dead process left is removed, that of a living one is not`() throws {
        let scratch = try Scratch()
        let store = try ContentStore(path: scratch / "store")
        let ingest = Ingest(in: store)
        try ingest.add(MemorySource([1]))
        try writeFile(scratch / "store/ingest/dead/writing-1", [1, 2])
        try store.removeAbandoned()
        #expect(files(below: scratch / "store/ingest").count == 1)
        try ingest.add(MemorySource([2]))
        #expect(files(below: scratch / "store/ingest").count == 2)
    }

    @Test func `may come from many at once`() async throws {
        let images = try TestImages()
        let path = images.scratch / "images"
        let archive = try busyboxRoot()
        let ids = try await withThrowingTaskGroup(of: Digest.self) { group in
            for number in 0..<8 {
                group.addTask {
                    // Each has a store of its own, as in another process.
                    let store = try ImageStore(path: path)
                    let created = FileTime(seconds: 0)
                    let id = try store.importRoot(MemorySource(archive), as: "name:\(number)", created: created).id
                    _ = try store.unpack(store.inspect("name:\(number)"))
                    _ = try store.prune()
                    return id
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        let (found, errors) = try images.store.list()
        #expect(errors.isEmpty)
        #expect(found.flatMap(\.references).map(\.familiar) == (0..<8).map { "name:\($0)" })
        #expect(names(in: "\(path)/blobs/sha256").count == 3)
        #expect(names(in: "\(path)/layers").count == 1)
        #expect(names(in: "\(path)/ingest").isEmpty)
    }
}
