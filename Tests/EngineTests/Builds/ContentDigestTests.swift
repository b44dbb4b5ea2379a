// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux
import OCI
import TestSupport
import Testing

@testable import Engine

@Suite struct `The digest of files` {
    /// Caches that exist have steps by it.
    @Test func `is that of names, kinds, permissions, owners, links and bytes, each with its length`() throws {
        let scratch = try Scratch()
        try scratch.write("context/folder/file", "text")
        try scratch.write("context/folder/large", String(repeating: "x", count: 100_000))
        try scratch.link("context/folder/link", to: "file")
        #expect(mknod(scratch / "context/folder/null", S_IFCHR | 0o600, 1 << 8 | 3) == 0)
        for (path, mode) in [("", 0o750), ("/file", 0o644), ("/large", 0o6755), ("/null", 0o600)] {
            #expect(chmod(scratch / "context/folder\(path)", mode_t(mode)) == 0)
        }
        let root = SharedDescriptor(try Descriptor.open(scratch / "context", O_RDONLY | O_DIRECTORY))
        let tree = SourceTree(root: root, name: "the context", keepsOwners: false)
        var selector = try FileSelector(in: tree, excluding: [])
        let files = try selector.select("/folder", keepsParents: false)
        let memo = FileMemo<FileContent>(limit: 10)
        for memo in [nil, memo, memo] {
            #expect(try ContentDigest.of(files, in: tree, memo) == Self.expected)
        }
    }

    private static var expected: Digest {
        func digest(_ text: String) -> String { Digest(sha256: Array(text.utf8)).hex }
        let parts = [
            ".", "directory 488 0 0 ", "", "file", "regular 420 0 0 ", digest("text"), "", "large", "regular 3565 0 0 ",
            digest(String(repeating: "x", count: 100_000)), "", "link", "symbolicLink 511 0 0 ", "file", "", "null",
            "characterDevice 384 0 0 1:3", "",
        ]
        return Digest(sha256: Array(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8))
    }
}
