// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

@testable import Engine

extension TestedEngine {
    /// Makes an image of archives, one for each layer.
    fileprivate func importImage(_ name: String, _ body: (Archive) throws -> Void) throws {
        _ = try engine.images.importRoot(MemorySource(try Archive { try body($0) }.bytes()), as: name)
    }

    /// Loads an image of several layers.
    fileprivate func loadImage(_ name: String, _ layers: [(Archive) throws -> Void]) throws {
        let folder = "layers-\(name)"
        for (index, layer) in layers.enumerated() {
            try scratch.write("\(folder)/\(index).tar", bytes: try Archive { try layer($0) }.bytes())
        }
        let script = """
            config='{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":['
            names=; ids=
            for layer in [0-9].tar; do
                ids="$ids${ids:+,}\\"sha256:$(sha256sum < $layer | cut -d' ' -f1)\\""; names="$names${names:+,}\\"$layer\\""
            done
            printf '%s%s]}}' "$config" "$ids" > config.json
            printf '[{"Config":"config.json","RepoTags":["\(name):latest"],"Layers":[%s]}]' "$names" > manifest.json
            tar -cf ../\(folder).tar *
            """
        try shell(script, in: scratch / folder)
        let archive = try Descriptor.open(scratch / "\(folder).tar", O_RDONLY)
        _ = try engine.images.load(DescriptorSource(archive, name: "the archive"))
    }

    /// Mounts an image at `/x`.
    fileprivate func runWith(_ image: String, subpath: String = "", _ script: String) async throws -> String {
        let result = try await run(["sh", "-c", script]) { $0.hostConfig.mounts = [imageMount(image, subpath)] }
        return result.output + result.errors
    }
}

private func imageMount(_ image: String, _ subpath: String = "") -> Mount {
    var mount = Mount()
    (mount.type, mount.source, mount.target) = ("image", image, "/x")
    if !subpath.isEmpty {
        var options = Mount.ImageOptions()
        options.subpath = subpath
        mount.imageOptions = options
    }
    return mount
}

@Suite struct `Images as mounts` {
    @Test(arguments: EngineKind.allCases) func `show the files of all layers`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { host in
            try host.importImage("one") { archive in
                try archive.directory("dir")
                try archive.file("dir/file", "of one layer\n", uid: 5)
                try archive.file("tool", "#!/bin/sh\necho runs\n", mode: 0o755)
            }
            try host.loadImage(
                "two",
                [
                    { archive in
                        try archive.file("gone", "x")
                        try archive.file("below", "below\n")
                        try archive.file("both", "below\n")
                    },
                    { archive in
                        try archive.file(".wh.gone")
                        try archive.file("both", "above\n")
                    },
                ]
            )
            let script = "cat /x/dir/file; stat -c %u /x/dir/file; /x/tool; touch /x/new; ls /x"
            let one = try await host.runWith("one", script)
            #expect(one == "of one layer\n5\nruns\ndir\ntool\ntouch: /x/new: Read-only file system\n")
            #expect(try await host.runWith("two", "cat /x/below /x/both; ls /x") == "below\nabove\nbelow\nboth\n")
            #expect(try await host.runWith("one", subpath: "dir", "ls /x") == "file\n")
            #expect(try await host.runWith("one", subpath: "dir/file", "cat /x") == "of one layer\n")
            let error = await failure { _ = try await host.runWith("one", subpath: "none", "true") }
            #expect(error?.code == .badParameter && error?.message.contains("it has no `none`") == true)
        }
    }

    @Test func `are kept while a container has them, and no longer`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try host.importImage("one") { try $0.file("file", "kept\n") }
            let image = try await host.engine.inspectImage("one").id
            let id = try await host.create(["cat", "/x/file"], named: "user") {
                $0.hostConfig.mounts = [imageMount("one")]
            }
            let point = try await host.engine.inspectContainer(id, countsSizes: false).mounts
            #expect(point.map(\.type) == ["image"] && point.map(\.source) == ["one"] && !point[0].isWritable)
            let error = await failure { _ = try await host.engine.removeImage("one", force: false, prunes: true) }
            #expect(error?.code == .conflict && error?.message.contains("container \(id.prefix(12)) is using") == true)
            #expect(try await host.engine.pruneImages(Filters(["dangling": ["false"]])).imagesDeleted == nil)
            // One without a name keeps what it is.
            try host.importImage("one") { try $0.file("file", "other\n") }
            #expect(try await host.finish(id).output == "kept\n")
            let taking = try await host.run(["cat", "/x/file"]) { $0.hostConfig.volumesFrom = ["user"] }
            #expect(taking.output == "kept\n")
            var archive: [UInt8] = []
            for try await piece in try await host.engine.archive(of: id, at: "/x/file").tar { archive += piece }
            #expect(String(decoding: archive, as: UTF8.self).contains("kept"))
            for unit in host.engine.containers.all { try await unit.remove(force: true) }
            let removed = try await host.engine.removeImage(image, force: false, prunes: true)
            #expect(removed.contains { $0.deleted == image })
        }
    }

    @Test func `that are not there, or lead out, are refused`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let missing = await failure { _ = try await host.runWith("nothing", "true") }
            #expect(missing?.code == .badParameter)
            #expect(missing?.message.contains("No such image: nothing:latest; load it before") == true)
            try host.scratch.write("canary/secret", "of the host")
            let canary = host.scratch / "canary"
            try host.importImage("links") { archive in
                try archive.link("out", to: canary)
                try archive.link("up", to: "../../../../../../../..\(canary)")
            }
            for subpath in ["out", "up", "out/secret"] {
                let error = await failure {
                    let text = try await host.runWith("links", subpath: subpath, "cat /x/secret /x")
                    #expect(!text.contains("of the host"))
                }
                #expect(error != nil)
            }
        }
    }
}
