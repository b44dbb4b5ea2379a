// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

/// An OCI layout that a test makes blob by blob.
private struct Layout {
    var files: [(name: String, bytes: [UInt8])] = []

    @discardableResult
    mutating func add(_ bytes: [UInt8], _ type: MediaType = .layer) -> ContentDescriptor {
        let digest = Digest(sha256: bytes)
        files.append(("blobs/sha256/\(digest.hex)", bytes))
        return ContentDescriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
    }

    mutating func addDocument(_ value: some Encodable, _ type: MediaType) throws -> ContentDescriptor {
        add(Array(try JSONEncoder().encode(value)), type)
    }

    mutating func image(_ text: String, for platform: Platform) throws -> ContentDescriptor {
        let layer = try Archive { try $0.file("text", text) }.bytes()
        let config = try addDocument(ImageConfig(platform: platform, diffIDs: [Digest(sha256: layer)]), .imageConfig)
        var descriptor = try addDocument(ImageManifest(config: config, layers: [add(layer)]), .imageManifest)
        descriptor.platform = platform
        return descriptor
    }

    mutating func finish(_ entries: [ContentDescriptor]) throws {
        files.append(("index.json", Array(try JSONEncoder().encode(ImageIndex(manifests: entries)))))
        files.append(("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)))
    }

    func archive(reversed: Bool = false) throws -> [UInt8] {
        try Archive { archive in
            for (name, bytes) in reversed ? files.reversed() : files {
                try archive.file(name, String(decoding: bytes, as: UTF8.self))
            }
        }.bytes()
    }
}

@Suite struct `Loading` {
    @Test(arguments: [true, false])
    func `finds the image of this machine in nested indexes, in any order`(reversed: Bool) throws {
        var layout = Layout()
        let own = try layout.image("own", for: .current)
        let other = try layout.image("other", for: Platform(architecture: "s390x"))
        var attestation = try layout.image("statement", for: Platform(os: "unknown", architecture: "unknown"))
        attestation.annotations = [
            "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "\(own.digest)",
        ]
        var missing = own
        missing.digest = Digest(sha256: [9])
        missing.platform = Platform(architecture: "riscv64")
        let inner = try layout.addDocument(ImageIndex(manifests: [other, missing, attestation, own]), .imageIndex)
        var outer = try layout.addDocument(ImageIndex(manifests: [inner]), .imageIndex)
        outer.annotations[AnnotationKey.referenceName] = "name.test/a:1"
        try layout.finish([outer])

        let images = try TestImages()
        let loaded = try images.store.load(MemorySource(layout.archive(reversed: reversed)))
        #expect(loaded.count == 1)
        let image = try images.store.inspect("name.test/a:1")
        #expect(image.manifestDescriptor.digest == own.digest)
        #expect(image.target.digest == outer.digest)
        let root = try images.store.unpack(image)[0].descriptor.open("text", O_RDONLY)
        #expect(try root.contents(limit: 10) == Array("own".utf8))
        #expect(try images.store.content.size(of: attestation.digest) != nil)
        // Saved without the platform that was not there, it is the image of this machine alone.
        let scratch = try Scratch()
        try images.save(["name.test/a:1"], to: scratch / "saved.tar")
        let second = try TestImages()
        #expect(try second.load(scratch / "saved.tar").map(\.id) == [image.id])
        #expect(try second.store.inspect("name.test/a:1").target.digest == own.digest)
    }

    @Test func `keeps an index with all it leads to`() throws {
        var layout = Layout()
        let parts = [
            try layout.image("own", for: .current), try layout.image("other", for: Platform(architecture: "s390x")),
        ]
        var index = try layout.addDocument(ImageIndex(manifests: parts), .imageIndex)
        index.annotations[AnnotationKey.containerdName] = "docker.io/library/both:latest"
        try layout.finish([index])
        let images = try TestImages()
        _ = try images.store.load(MemorySource(layout.archive()))
        let scratch = try Scratch()
        try images.save(["both"], to: scratch / "saved.tar")
        let second = try TestImages()
        _ = try second.load(scratch / "saved.tar")
        #expect(try second.store.inspect("both").target.digest == index.digest)
        #expect(try second.state() == images.state())
    }

    @Test func `a changed archive is refused and leaves nothing`() throws {
        var layout = Layout()
        let image = try layout.image("text", for: .current)
        try layout.finish([image])
        let config = try #require(layout.files.first { String(decoding: $0.bytes, as: UTF8.self).contains("diff_ids") })

        func replacing(_ name: String, _ change: (String) -> String) throws -> [UInt8] {
            var changed = layout
            for index in changed.files.indices where changed.files[index].name == name {
                changed.files[index].bytes = Array(
                    change(String(decoding: changed.files[index].bytes, as: UTF8.self)).utf8
                )
            }
            return try changed.archive()
        }
        func without(_ name: String) throws -> [UInt8] {
            var changed = layout
            changed.files.removeAll { $0.name == name }
            return try changed.archive()
        }
        let manifest = "blobs/sha256/\(image.digest.hex)"
        let cases: [(bytes: [UInt8], text: String)] = [
            (try replacing(config.name) { $0 + " " }, "is broken: its digest is"),
            (try replacing("index.json") { _ in "{" }, "index.json"),
            (try replacing("index.json") { _ in "[]" }, "index.json"),
            (try replacing("index.json") { $0.replacing("sha256:", with: "sha256;") }, "field .manifests[0].digest"),
            (
                try replacing("index.json") { $0.replacing("\"size\"", with: "\"zise\"") },
                "field .manifests[0].size is missing"
            ),
            (try replacing("index.json") { $0.replacing("\"size\":", with: "\"size\":1") }, "should have"),
            (try replacing("index.json") { $0.replacing("manifests", with: "layers") }, "index.json"),
            (
                try replacing("index.json") { _ in #"{"schemaVersion":2,"manifests":[]}"# },
                "field .manifests names no image"
            ),
            (try without("index.json"), "neither index.json nor manifest.json"),
            (try without(config.name), "not complete"), (try without(manifest), "not complete"),
            (try Archive { _ in }.bytes(), "neither index.json nor manifest.json"),
            (Array("not a tar archive".utf8) + [UInt8](repeating: 7, count: 600), "not a tar archive"),
            (Array(try layout.archive().prefix(2000)), "ends early"),
        ]
        let images = try TestImages()
        let before = try images.state()
        for (bytes, text) in cases {
            let error = #expect(throws: ImageError.self, "\(text)") { try images.store.load(MemorySource(bytes)) }
            #expect("\(try #require(error))".contains(text), "\(text): \(error.map { "\($0)" } ?? "")")
        }
        #expect(try images.state() == before)
        _ = try images.store.load(MemorySource(layout.archive()))
    }

    @Test(arguments: [
        (#"[{"Config":"c","Layers":[]}]"#, "the archive has no file `c`"),
        (#"[{"Config":"config","Layers":["x"]}]"#, "the archive has no file `x`"),
        (#"[{"Config":"config","Layers":["layer","layer"]}]"#, "field .rootfs.diff_ids has 1 layers, the manifest 2"),
        (#"[{"Config":"config","Layers":["other"]}]"#, "the config says that its digest is"),
        (#"[{"Config":"loop","Layers":["layer"]}]"#, "the archive has no file `loop`"),
        (#"[{"Config":"layer","Layers":["layer"]}]"#, "config sha256:"),
        (
            #"[{"Config":"config","RepoTags":["A:B"],"Layers":["layer"]}]"#,
            "field .RepoTags: `A:B` is not an image reference"
        ),
        (#"[{"Layers":["layer"]}]"#, "field [0].Config is missing"), ("[]", "names no image"),
        (#"{"Config":"config"}"#, "manifest.json"),
        (#"[{"Config":"../../../etc/passwd","Layers":[]}]"#, "the archive has no file"),
    ])
    func `a malformed manifest of Docker is refused with the field`(manifest: String, text: String) throws {
        let layer = try Archive { try $0.file("a") }.bytes()
        let config = try JSONEncoder().encode(ImageConfig(platform: .current, diffIDs: [Digest(sha256: layer)]))
        let bytes = try Archive { archive in
            try archive.file("manifest.json", manifest)
            try archive.file("config", String(decoding: config, as: UTF8.self))
            try archive.file("layer", String(decoding: layer, as: UTF8.self))
            try archive.file("other", String(decoding: Archive { try $0.file("b") }.bytes(), as: UTF8.self))
            try archive.link("loop", to: "loop")
        }.bytes()
        let images = try TestImages()
        let before = try images.state()
        let error = #expect(throws: ImageError.self) { try images.store.load(MemorySource(bytes)) }
        #expect("\(try #require(error))".contains(text))
        #expect(try images.state() == before)
    }
}
