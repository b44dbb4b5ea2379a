// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `Paths as text` {
    @Test(arguments: [
        ("", "."), ("/", "/"), ("//", "/"), ("a", "a"), ("a/", "a"), ("./a", "a"), ("a/./b", "a/b"), ("a//b", "a/b"),
        ("a/../b", "b"), ("../a", "../a"), ("a/../..", ".."), ("/..", "/"), ("/../a", "/a"), ("/a/b/../c/", "/a/c"),
        ("a.b/.c", "a.b/.c"), (".", "."), ("..", ".."), ("a/..", "."), ("/a/...", "/a/..."),
    ])
    func `are cleaned`(path: String, cleaned: String) {
        #expect(FilePath.clean(path) == cleaned)
    }

    @Test(arguments: [
        ("/a", "/a", "."), ("/a", "/a/b", "b"), ("/a/b", "/a", ".."), ("/a/b", "/a/c/d", "../c/d"), ("/", "/a", "a"),
        ("/a/b", "/c", "../../c"),
    ])
    func `are told from a folder`(folder: String, path: String, relative: String) {
        #expect(FilePath.relative(from: folder, to: path) == relative)
        #expect(FilePath.join(folder, relative) == path)
    }

    @Test(arguments: [
        ("~", "/root"), ("~/x", "/root/x"), ("~user/x", "/root/user/x"), ("a/~", "a/~"), ("/~", "/~"),
    ])
    func `begin at the home folder after a tilde`(path: String, expanded: String) {
        #expect(FilePath.expandingHome(path, home: "/root") == expanded)
    }

    @Test(arguments: [
        ("C:\\x", true), ("c:/x", true), ("\\\\host\\share", true), ("C:x", false), ("/c", false), ("v:", false),
        ("", false),
    ])
    func `may be absolute on Windows`(path: String, isAbsolute: Bool) {
        #expect(FilePath.isAbsoluteOnWindows(path) == isAbsolute)
    }
}
