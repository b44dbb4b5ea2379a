// SPDX-License-Identifier: Apache-2.0

import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

@Suite struct `Images of other programs` {
    /// The archives of one image of three layers, in every form that it comes in.
    private static let forms: [String] = [
        "skopeo copy -q oci:layout:test:1 docker-archive:archive.tar:name.test/some/image:tag",
        "skopeo copy -q oci:layout:test:1 oci-archive:archive.tar:name.test/some/image:tag",
        "skopeo copy -q --format v2s2 oci:layout:test:1 oci-archive:archive.tar:name.test/some/image:tag",
        """
        skopeo copy -q --dest-compress-format zstd --dest-compress oci:layout:test:1 \
        oci-archive:archive.tar:name.test/some/image:tag
        """,
        "skopeo copy -q oci:layout:test:1 docker-archive:a.tar:name.test/some/image:tag; gzip < a.tar > archive.tar",
        "skopeo copy -q oci:layout:test:1 docker-archive:a.tar:name.test/some/image:tag; xz -1 < a.tar > archive.tar",
        "skopeo copy -q oci:layout:test:1 docker-archive:a.tar:name.test/some/image:tag; bzip2 < a.tar > archive.tar",
        "skopeo copy -q oci:layout:test:1 oci-archive:a.tar:name.test/some/image:tag; zstd < a.tar > archive.tar",
        // As docker save wrote it before version 25: a folder for each layer, the second of two equal ones a link.
        #"""
        skopeo copy -q oci:layout:test:1 docker-archive:a.tar:name.test/some/image:tag; mkdir a; tar -C a -xf a.tar; cd a
        config=$(jq -r '.[0].Config' manifest.json); mapfile -t layers < <(jq -r '.[0].Layers[]' manifest.json)
        mkdir ../b; mv "$config" ../b
        for i in 0 1 2; do mkdir ../b/id$i; echo 1.0 > ../b/id$i/VERSION; echo '{}' > ../b/id$i/json; done
        cp "${layers[0]}" ../b/id0/layer.tar; ln -s ../id0/layer.tar ../b/id1/layer.tar; cp "${layers[2]}" ../b/id2/layer.tar
        echo '{"name.test/some/image":{"tag":"id2"}}' > ../b/repositories
        echo "[{\"Config\":\"$config\",\"RepoTags\":[\"name.test/some/image:tag\"],
        \"Layers\":[\"id0/layer.tar\",\"id1/layer.tar\",\"id2/layer.tar\"]}]" > ../b/manifest.json
        tar -C ../b -cf ../archive.tar manifest.json id1 id2 id0 "$config" repositories
        """#,
    ]

    @Test(arguments: forms)
    func `are loaded, with their names`(script: String) throws {
        let scratch = try Scratch()
        try scratch.write("base.tar", bytes: busyboxRoot())
        let top = try Archive { archive in
            try archive.file(".wh.tmp")
            try archive.file("etc/motd", "hello")
        }
        try scratch.write("top.tar", bytes: top.bytes())
        try makeLayout(in: scratch.path, layers: ["base.tar", "base.tar", "top.tar"])
        try shell(script, in: scratch.path)

        let images = try TestImages()
        let loaded = try images.load(scratch / "archive.tar")
        let reference = try ImageReference("name.test/some/image:tag")
        #expect(loaded.map(\.references) == [[reference]])
        let image = try images.store.inspect("name.test/some/image:tag")
        #expect(image.id == loaded.first?.id)
        #expect(image.config.config?.cmd == ["/bin/sh"])
        #expect(image.config.config?.env?.contains("A=1") == true)
        #expect(image.manifest.layers.count == 3)
        #expect(image.config.platform.distance(to: .current) == 0)

        let roots = try images.store.unpack(image)
        defer { withExtendedLifetime(roots) {} }
        let layers = roots.map(path(of:))
        #expect(try readText(layers[2] + "/etc/motd") == "hello")
        #expect(try shell("bin/busybox echo works", in: layers[0]) == "works\n")
        // Again, nothing new comes.
        let before = try images.state()
        #expect(try images.load(scratch / "archive.tar") == loaded)
        _ = try images.store.unpack(image)
        #expect(try images.state() == before)
    }

    @Test func `are loaded as skopeo sees them`() throws {
        let scratch = try Scratch()
        try scratch.write("base.tar", bytes: busyboxRoot())
        try makeLayout(in: scratch.path, layers: ["base.tar"])
        try shell("skopeo copy -q oci:layout:test:1 oci-archive:archive.tar:test:1", in: scratch.path)
        let images = try TestImages()
        let loaded = try images.load(scratch / "archive.tar")
        let digest = try shell("skopeo inspect oci:layout:test:1 | jq -r .Digest", in: scratch.path)
        #expect(try images.store.inspect("test:1").target.digest.description + "\n" == digest)
        let config = try shell("skopeo inspect --raw oci:layout:test:1 | jq -r .config.digest", in: scratch.path)
        #expect(loaded.first?.id.description == config.dropLast().description)
        // The store is itself a layout.
        let own = try shell(
            "skopeo inspect --raw oci:\(images.scratch / "images"):1 | jq -r .config.digest",
            in: scratch.path
        )
        #expect(own == config)
    }
}

@Suite struct `A saved image` {
    @Test func `comes back byte for byte, and other programs read it`() throws {
        let images = try TestImages()
        var container = ContainerConfig()
        container.cmd = ["/bin/sh"]
        let imported = try images.store.importRoot(
            MemorySource(busyboxRoot()),
            as: "busybox",
            container: container,
            message: "made in a test"
        )
        try images.store.tag("busybox", as: "name.test/second:2")
        let scratch = try Scratch()
        let saved = try images.save(["busybox", "name.test/second:2"], to: scratch / "saved.tar")
        let second = try TestImages()
        let loaded = try second.load(scratch / "saved.tar")
        #expect(loaded.map(\.id) == [imported.id])
        #expect(loaded.flatMap(\.references).map(\.familiar).sorted() == ["busybox:latest", "name.test/second:2"])
        #expect(try second.save(["busybox", "name.test/second:2"], to: scratch / "again.tar") == saved)
        #expect(try second.state() == images.state())
        let script = """
            skopeo inspect --config docker-archive:saved.tar:busybox:latest | jq -c '[.config.Cmd, .history[0].comment]'
            skopeo inspect --raw oci-archive:saved.tar:latest | jq -r .config.digest
            skopeo copy -q docker-archive:saved.tar:name.test/second:2 oci:layout:x
            umoci unpack --image layout:x bundle; chroot bundle/rootfs /bin/true
            """
        let expected = #"[["/bin/sh"],"made in a test"]"# + "\n\(imported.id)\n"
        #expect(try shell(script, in: scratch.path) == expected)
    }

    @Test func `by its id has no name in the archive`() throws {
        let images = try TestImages()
        let imported = try images.store.importRoot(MemorySource(busyboxRoot()), as: "busybox")
        let scratch = try Scratch()
        try images.save([imported.id.short], to: scratch / "saved.tar")
        let loaded = try TestImages().load(scratch / "saved.tar")
        #expect(loaded.map(\.id) == [imported.id])
        #expect(loaded.flatMap(\.references).isEmpty)
    }

    @Test func `with content that was changed on the disk is refused`() throws {
        let images = try TestImages()
        let imported = try images.store.importRoot(MemorySource(busyboxRoot()), as: "busybox")
        let layer = try #require(try images.store.inspect("busybox").manifest.layers.first?.digest)
        for digest in [layer, imported.id] {
            try shell("printf x >> blobs/sha256/\(digest.hex)", in: images.scratch / "images")
            #expect(throws: ImageError.self) { try images.store.save(["busybox"], to: MemorySink()) }
        }
    }
}

@Suite struct `The tree of a Debian image` {
    @Test func `is that of umoci`() throws {
        let scratch = try Scratch()
        try makeDebian(scratch)
        let script = #"""
            mkdir change; cd change
            mkdir -p usr/share/doc etc bin/x 2>/dev/null; rmdir bin/x bin; mkdir -p usr/bin
            touch usr/share/doc/.wh..wh..opq etc/.wh.hostname; echo new > usr/share/doc/new
            printf program > usr/bin/program; setfattr -n security.capability \
                -v 0x0100000200200000000000000000000000000000 usr/bin/program
            setfattr -n user.text -v value usr/bin/program; chmod 2755 usr/bin/program; chown 7:8 usr/bin/program
            ln usr/bin/program usr/bin/second; mknod etc/null c 1 3; mkfifo etc/fifo
            find . -depth -exec touch -h -d @1600000000.5 {} +
            tar --format=posix --xattrs --xattrs-include='*' --numeric-owner -cf ../change.tar usr etc
            """#
        try shell(script, in: scratch.path)
        try makeLayout(in: scratch.path, layers: ["debian.tar", "change.tar"])
        try shell("umoci unpack --image layout:test:1 bundle; tar -C layout -cf archive.tar .", in: scratch.path)

        let images = try TestImages()
        _ = try images.load(scratch / "archive.tar")
        let image = try #require(try images.store.list().images.first)
        let roots = try images.store.unpack(image)
        defer { withExtendedLifetime(roots) {} }
        let layers = roots.map(path(of:))
        let expected = try listing(scratch / "bundle/rootfs").split(separator: "\n")
        let found = try mergedListing(layers).split(separator: "\n")
        #expect(expected.count > 1000)
        #expect(found.difference(from: expected).map { "\($0)" } == [])
    }

    /// A root file system of Debian packages; from this machine's files where there is no mirror to be reached.
    private func makeDebian(_ scratch: Scratch) throws {
        let packages = ["base-files", "base-passwd", "dash", "mount", "passwd", "perl-base"]
        let script = """
            mmdebstrap --quiet --mode=root --variant=extract --include=\(packages.joined(separator: ",")) \
                "$(. /etc/os-release; echo "$VERSION_CODENAME")" debian.tar && exit
            dpkg -L \(packages.joined(separator: " ")) | grep -vE '^/(\\.|dev|proc|run|sys|tmp)(/|$)' | sort -u | while read -r path
            do [[ ! -e $path && ! -L $path ]] || echo "${path#/}"; done \
                | tar -C / --no-recursion --xattrs --numeric-owner -cf debian.tar -T -
            """
        try shell(script, in: scratch.path)
    }
}
