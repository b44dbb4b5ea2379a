// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

/// What a script changes in an overlay of the kernel over two layers.
private func changes(_ script: String) throws -> [String] {
    let scratch = try Scratch()
    try shell(
        """
        mkdir base top upper work merged
        mkdir -p base/etc base/d/e/f base/gone base/hidden; echo 1 > base/etc/passwd; echo 2 > base/d/e/f/file; echo 3 > base/gone/x
        echo 4 > base/hidden/a; echo 5 > base/hidden/b; ln -s etc base/link
        mkdir top/d; echo 6 > top/d/top
        unshare -m bash -euc 'mount -t overlay o -o lowerdir=top:base,upperdir=upper,workdir=work merged; cd merged; eval "$1"' - '\(script)'
        """,
        in: scratch.path
    )
    let layers = try ["base", "top"].map { try root(scratch / $0) }
    return try FilesystemChange.list(upper: scratch / "upper", layers: layers).map {
        "\($0.kind == .added ? "A" : $0.kind == .deleted ? "D" : "C") \($0.path)"
    }
}

private func root(_ folder: String) throws -> SharedDescriptor {
    SharedDescriptor(try Descriptor.open(folder, O_RDONLY | O_DIRECTORY))
}

@Suite struct `Changes of a container` {
    @Test(arguments: [
        ("true", []),
        ("echo x > new", ["A /new"]),
        ("echo x > d/e/f/new", ["C /d", "C /d/e", "C /d/e/f", "A /d/e/f/new"]),
        ("echo x >> d/e/f/file", ["C /d", "C /d/e", "C /d/e/f", "C /d/e/f/file"]),
        ("mkdir -p n/m; echo x > n/m/o", ["A /n", "A /n/m", "A /n/m/o"]),
        ("rm d/top", ["C /d", "D /d/top"]),
        ("rm -r d/e", ["C /d", "D /d/e"]),
        ("rm -r gone", ["D /gone"]),
        ("rm -r hidden; mkdir hidden; echo x > hidden/b", ["C /hidden", "D /hidden/a", "C /hidden/b"]),
        ("rm -r d; mkdir -p d/e; echo x > d/e/new", ["C /d", "C /d/e", "D /d/e/f", "A /d/e/new", "D /d/top"]),
        ("chmod 700 d", ["C /d"]),
        ("chown 5 etc/passwd", ["C /etc", "C /etc/passwd"]),
        ("echo x > d/e/t; rm d/e/t", []),
        ("echo x > gone/t; rm gone/t gone/x", ["C /gone", "D /gone/x"]),
        ("rm link; mkdir link", ["C /link"]),
        ("rm -r d; echo x > d", ["C /d"]),
        ("mv etc/passwd etc/shadow", ["C /etc", "D /etc/passwd", "A /etc/shadow"]),
        ("mknod n c 1 3; mkfifo p; ln -s a l", ["A /l", "A /n", "A /p"]),
        // What the engine makes for its mounts is no change, and neither is the directory that it was made in.
        ("mkdir -p proc sys dev/pts; touch etc/hosts etc/resolv.conf .dockerenv", []),
        ("touch etc/hosts; echo x > etc/new", ["C /etc", "A /etc/new"]),
    ])
    func `are what differs from the image`(script: String, expected: [String]) throws {
        #expect(try changes(script) == expected)
    }

    @Test func `leave out a directory that was made for a mount only`() throws {
        let scratch = try Scratch()
        try shell("mkdir -p base upper/etc; touch upper/etc/hosts", in: scratch.path)
        #expect(try FilesystemChange.list(upper: scratch / "upper", layers: [root(scratch / "base")]).isEmpty)
    }
}
