// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

/// A folder with every kind of file, as far as the format keeps it.
private func makeTree(_ folder: String) throws {
    let script = #"""
        long=$(printf 'n%.0s' {1..90})
        mkdir -p "tree/$long/$long/$long" tree/empty
        echo deep > "tree/$long/$long/$long/file"
        ln -s "../$long/$long/$long/file" tree/link
        echo data > tree/file; ln tree/file tree/second; ln tree/file tree/empty/third
        printf 'latin\xe9' > $'tree/latin\xe9'
        chmod 4755 tree/file; chown 12:34 tree/file; chmod 1777 tree/empty; chmod 000 "tree/$long"
        mkfifo tree/fifo; mknod tree/null c 1 3; mknod tree/disk b 259 300
        truncate -s 5M tree/sparse; printf middle | dd of=tree/sparse bs=1 seek=3000000 conv=notrunc status=none
        truncate -s 1M tree/hole
        printf start > tree/many; for i in $(seq 1 40)
        do printf $i | dd of=tree/many bs=1 seek=$((i * 100000)) conv=notrunc status=none; done
        find tree -depth -exec touch -h -d @1500000000 {} +
        """#
    try shell(script, in: folder)
}

@Suite struct `Archives of other programs` {
    @Test(arguments: [
        "--format=oldgnu", "--format=gnu", "--format=posix", "--format=gnu --sparse",
        "--format=posix --sparse --sparse-version=0.0", "--format=posix --sparse --sparse-version=0.1",
        "--format=posix --sparse --sparse-version=1.0", "--format=posix --blocking-factor=1",
    ])
    func `are unpacked as by GNU tar`(options: String) throws {
        let scratch = try Scratch()
        try makeTree(scratch.path)
        try shell("tar -C tree \(options) -cf archive.tar .", in: scratch.path)
        let store = try TestStore()
        let folder = try #require(try store.unpack([readBytes(scratch / "archive.tar")]).first)
        #expect(try listing(folder) == listing(scratch / "tree"))
    }

    @Test func `may end with the last byte of the last file`() throws {
        let scratch = try Scratch()
        try shell("mkdir tree; printf 12345 > tree/x; tar -C tree -cf archive.tar x", in: scratch.path)
        let archive = Array(try readBytes(scratch / "archive.tar").prefix(512 + 5))
        let store = try TestStore()
        let folder = try #require(try store.unpack([archive]).first)
        #expect(try readText("\(folder)/x") == "12345")
        #expect(throws: ImageError.self) { try store.unpack([Array(archive.dropLast())]) }
    }

    @Test(arguments: ["--format=v7", "--format=ustar"])
    func `of old formats are unpacked as by GNU tar`(options: String) throws {
        let scratch = try Scratch()
        let script = #"""
            p=$(printf 'p%.0s' {1..60})
            mkdir -p tree/a tree/$p; echo x > tree/a/x; ln tree/a/x tree/a/y; ln -s x tree/a/z; mkfifo tree/$p/fifo
            [[ $1 = --format=v7 ]] || echo far > tree/$p/$p
            find tree -depth -exec touch -h -d @1500000000 {} +
            [[ $1 = --format=v7 ]] && rm tree/$p/fifo && touch -d @1500000000 tree/$p
            tar -C tree $1 -cf archive.tar .
            """#
        try shell("set -- \(options)\n\(script)", in: scratch.path)
        let store = try TestStore()
        let folder = try #require(try store.unpack([readBytes(scratch / "archive.tar")]).first)
        #expect(try listing(folder) == listing(scratch / "tree"))
    }

    @Test func `keep fractions of times and attributes`() throws {
        let scratch = try Scratch()
        let script = #"""
            mkdir tree; echo x > tree/x
            setfattr -n user.text -v 'a=b' tree/x; setfattr -n user.bytes -v 0x000aff3d tree/x
            setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 tree/x
            setfattr -n user.directory -v 1 tree
            setfacl -m u:5:r tree/x 2>/dev/null || setfattr -n trusted.own -v 1 tree/x
            touch -d '1969-12-31 23:59:58.25 UTC' tree/x; touch -d '2020-01-01 00:00:00.123456789 UTC' tree
            tar -C tree --format=posix --xattrs --xattrs-include='*' -cf archive.tar .
            """#
        try shell(script, in: scratch.path)
        let store = try TestStore()
        let folder = try #require(try store.unpack([readBytes(scratch / "archive.tar")]).first)
        #expect(try listing(folder) == listing(scratch / "tree"))
        let query = ["-d", "-m", "-", "-e", "hex", "."]
        #expect(try run("getfattr", query, in: folder) == run("getfattr", query, in: scratch / "tree"))
    }

    @Test func `of git are read over their global header`() throws {
        let scratch = try Scratch()
        let script = """
            git init -q . && git config user.email a@b && git config user.name a
            echo x > x; git add x; git commit -qm x; git archive --format=tar HEAD > archive.tar
            """
        try shell(script, in: scratch.path)
        let store = try TestStore()
        let folder = try #require(try store.unpack([readBytes(scratch / "archive.tar")]).first)
        #expect(names(in: folder) == ["x"])
    }

    @Test(arguments: ["gzip", "xz", "bzip2", "zstd", "cat"])
    func `may be compressed, in several members and with padding`(program: String) throws {
        let scratch = try Scratch()
        let padding = program == "zstd" ? "printf '\\x50\\x2a\\x4d\\x18\\x03\\0\\0\\0abc'" : "head -c 8 /dev/zero"
        let script = """
            mkdir tree; head -c 3000000 /dev/urandom > tree/x; tar -C tree -cf plain.tar .
            (head -c 1000000 plain.tar | \(program); tail -c +1000001 plain.tar | \(program); \(padding)) > packed
            """
        try shell(script, in: scratch.path)
        let store = try TestStore()
        let (plain, packed) = (try readBytes(scratch / "plain.tar"), try readBytes(scratch / "packed"))
        // Without compression the padding belongs to the archive.
        let digest = Digest(sha256: program == "cat" ? packed : plain)
        for layers in store.layers {
            let roots = try layers.unpack([digest]) { _ throws(ImageError) in MemorySource(packed) }
            let found = try roots[0].descriptor.open("x", O_RDONLY).contents(limit: 4_000_000)
            #expect(try found == readBytes(scratch / "tree/x"))
        }
    }
}

@Suite struct `Written archives` {
    @Test func `are read by GNU tar`() throws {
        let scratch = try Scratch()
        let long = String(repeating: "n", count: 90)
        let archive = try Archive { archive in
            try archive.directory("d", mode: 0o1777)
            try archive.file("\(long)/\(long)/\(long)/f", "deep")
            try archive.file("\(long)/short", "split")
            try archive.link("l", to: "\(long)/\(long)/\(long)/f")
            try archive.hardLink("h", to: "\(long)/short")
            var entry = TarEntry(
                .regular,
                path: "big",
                permissions: 0o4755,
                modificationTime: FileTime(seconds: -3, nanoseconds: 250_000_000)
            )
            (entry.uid, entry.gid) = (4_000_000_000, 3_000_000)
            entry.attributes = [TarEntry.Attribute(name: "user.x", value: [0, 10, 61])]
            try archive.add(entry, "x")
            var device = TarEntry(.blockDevice, path: "disk", permissions: 0o600)
            device.device = DeviceNumber(major: 259, minor: 300)
            try archive.add(device)
        }
        let bytes = try archive.bytes()
        try scratch.write("archive.tar", bytes: bytes)
        try shell(
            "mkdir tree; tar -C tree -xpf archive.tar --xattrs --xattrs-include='*' --numeric-owner",
            in: scratch.path
        )
        let store = try TestStore()
        let folder = try #require(try store.unpack([bytes]).first)
        // GNU tar gives directories without an entry the time of today.
        try shell("find . -depth -type d -exec touch -d @0 {} +", in: folder)
        try shell("find . -depth -type d -exec touch -d @0 {} +", in: scratch / "tree")
        #expect(try listing(folder) == listing(scratch / "tree"))
    }
}
