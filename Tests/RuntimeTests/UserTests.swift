// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import TestSupport
import Testing

@testable import Runtime

/// The root of a container with files of a test's own.
private struct Root {
    let scratch: Scratch

    init(passwd: String? = nil, group: String? = nil) throws {
        scratch = try Scratch()
        try makeFolder(scratch / "etc")
        if let passwd { try scratch.write("etc/passwd", passwd) }
        if let group { try scratch.write("etc/group", group) }
    }

    func resolve(_ text: String, additionalGroups: [String] = []) throws -> ContainerUser {
        let root = try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY)
        return try ContainerUser(text, additionalGroups: additionalGroups, in: UserDatabase(root: root))
    }

    /// The failure in words.
    func failure(_ text: String = "bob", additionalGroups: [String] = []) -> String {
        do {
            return "resolved: \(try resolve(text, additionalGroups: additionalGroups))"
        } catch {
            return "\(error)"
        }
    }
}

private let passwd = """
    root:x:0:0:root:/root:/bin/sh
    # bob:x:0:0::/:
    bob:x:1000:1001:Bob:/home/bob:/bin/sh

    7:x:0:0::/evil:
    4294967296:x:0:0::/evil:
    -1:x:0:0::/evil:
    eve:x:1003:1003

    """

private let group = """
    root:x:0:
    staff:x:50:alice,bob
    audio:x:29:bob
    audio2:x:29:bob
    bobs:x:1001:
    wheel:x:10:bobby,eve

    """

private func user(_ uid: UInt32, _ gid: UInt32, _ groups: [UInt32] = [], home: String = "/") -> ContainerUser {
    ContainerUser(RuntimeSpec.User(uid: uid, gid: gid, additionalGids: groups), home: home)
}

@Suite struct `The user of a container` {
    @Test(arguments: [
        ("", user(0, 0, home: "/root")),
        ("root", user(0, 0, home: "/root")),
        ("0", user(0, 0, home: "/root")),
        ("bob", user(1000, 1001, [50, 29], home: "/home/bob")),
        ("1000", user(1000, 1001, [50, 29], home: "/home/bob")),
        ("bob:staff", user(1000, 50, home: "/home/bob")),
        ("bob:12", user(1000, 12, home: "/home/bob")),
        ("bob:", user(1000, 1001, [50, 29], home: "/home/bob")),
        (":staff", user(0, 50, home: "/root")),
        ("eve", user(1003, 1003, [10], home: "")),
        ("1", user(1, 0)),
        ("1:1", user(1, 1)),
        ("7", user(7, 0)),
        ("0001000", user(1000, 1001, [50, 29], home: "/home/bob")),
        ("2147483647:2147483647", user(2_147_483_647, 2_147_483_647)),
    ])
    func `is found by name and by number`(text: String, expected: ContainerUser) throws {
        #expect(try Root(passwd: passwd, group: group).resolve(text) == expected)
    }

    @Test func `gets groups beyond its own`() throws {
        let root = try Root(passwd: passwd, group: group)
        let added = try root.resolve("bob", additionalGroups: ["wheel", "29", "4000"])
        #expect(added.user.additionalGids == [50, 29, 10, 4000])
        #expect(root.failure(additionalGroups: ["nobody"]).hasPrefix("group `nobody`: /etc/group: has no such group"))
    }

    @Test func `needs no files as a number`() throws {
        let root = try Root()
        #expect(try root.resolve("5:6") == user(5, 6))
        #expect(try root.resolve("") == user(0, 0))
        let text = "user `bob`: /etc/passwd: has no such user; give a number, or add the user to the image"
        #expect(root.failure() == text)
    }

    @Test(
        arguments: [
            "2147483648", "4294967295", "4294967296", "4294967297", "18446744073709551616", "-1", "+1", "-0",
            "99999999999999999999999999999999999999999999999999",
        ]
    )
    func `a number out of range is refused and never taken for a name`(text: String) throws {
        let root = try Root(passwd: passwd, group: group)
        let shown = text.prefix(32)
        #expect(root.failure(text) == "user `\(text)`: `\(shown)` is not an id: they go from 0 to 2147483647")
        #expect(root.failure("bob:\(text)").hasPrefix("group `\(text)`: `\(shown)` is not an id"))
        #expect(root.failure(additionalGroups: [text]).contains("is not an id"))
    }

    @Test(
        arguments: [
            ("bob:x:4294967296:0::/:\n", ":1: `4294967296` is not an id: they go from 0 to 2147483647"),
            ("root:x:0:0::/:\nbob:x::0::/:\n", ":2: `` is not an id"),
            ("bob:x:abc:0::/:", ":1: `abc` is not an id"),
            ("\n\nbob:x:1:-5::/:", ":3: `-5` is not an id: they go from 0 to 2147483647"),
            ("bob:x:1", ":1: has 3 fields: it lacks the id"),
            ("bob", ":1: has 1 fields: it lacks the id"),
            ("bob:x:0x0:0::/:", ":1: `0x0` is not an id"),
        ]
    )
    func `an entry without sense is an error with its line, and not root`(passwd: String, message: String) throws {
        #expect(try Root(passwd: passwd).failure() == "user `bob`: /etc/passwd\(message)")
    }

    @Test func `an entry of another without sense does no harm`() throws {
        let root = try Root(passwd: "eve:x:99999999999:0::/:\n:::\n\u{0}\nbob:x:5:6::/b:\n")
        #expect(try root.resolve("bob") == user(5, 6, home: "/b"))
        #expect(try root.resolve("5") == user(5, 6, home: "/b"))
    }

    @Test func `a group without sense is an error with its line`() throws {
        let root = try Root(passwd: "bob:x:5:6::/b:\n", group: "a:x:1:\nstaff:x:4294967296:bob\n")
        let text = "/etc/group:2: `4294967296` is not an id: they go from 0 to 2147483647"
        #expect(root.failure("bob") == "user `bob`: \(text)")
        #expect(root.failure("bob:staff") == "group `staff`: \(text)")
    }
}

@Suite struct `Hostile files of users` {
    @Test(arguments: ["passwd", "group"])
    func `a FIFO, a folder, a device and a socket are refused at once`(name: String) throws {
        for kind in [S_IFIFO, S_IFCHR, S_IFSOCK] {
            let root = try Root()
            // The device is /dev/zero, which never ends.
            try #require(mknod(root.scratch / "etc/\(name)", kind | 0o666, kind == S_IFCHR ? 0x105 : 0) == 0)
            #expect(root.failure("0") == "/etc/\(name): is not a regular file")
        }
        let root = try Root()
        try makeFolder(root.scratch / "etc/\(name)")
        #expect(root.failure("0") == "/etc/\(name): is not a regular file")
    }

    @Test(arguments: ["passwd", "group"])
    func `a file of terabytes and a line without end are refused`(name: String) throws {
        let root = try Root(passwd: passwd, group: group)
        try #require(truncate(root.scratch / "etc/\(name)", 1 << 40) == 0)
        #expect(root.failure() == "/etc/\(name): is larger than 1048576 bytes")
        let long = try Root(passwd: passwd, group: group)
        try long.scratch.write("etc/\(name)", "a:x:1:2::/:\n" + String(repeating: "a", count: 65_537) + "\n")
        #expect(long.failure() == "user `bob`: /etc/\(name):2: is longer than 65536 bytes" || name == "group")
        try long.scratch.write("etc/passwd", passwd)
        #expect(long.failure("bob:nobody").contains(":2: is longer than 65536 bytes") == (name == "group"))
    }

    @Test func `links stay inside the container`() throws {
        let root = try Root(passwd: nil, group: group)
        try root.scratch.write("real", "bob:x:77:78::/in:\n")
        let outside = try Scratch()
        try outside.write("passwd", "bob:x:0:0::/out:\n")
        for target in ["/real", "../../../../real", "../real"] {
            unlink(root.scratch / "etc/passwd")
            try root.scratch.link("etc/passwd", to: target)
            #expect(try root.resolve("bob:1") == user(77, 1, home: "/in"))
        }
        // A path of the host leads nowhere inside.
        unlink(root.scratch / "etc/passwd")
        try root.scratch.link("etc/passwd", to: outside / "passwd")
        #expect(root.failure().contains("has no such user"))
        unlink(root.scratch / "etc/passwd")
        try root.scratch.link("etc/passwd", to: "passwd")
        #expect(root.failure() == "/etc/passwd: cannot be read: openat2: too many levels of symbolic links")
    }

    @Test func `more groups than the kernel takes are refused`() throws {
        let lines = (1...70_000).map { "g:x:\($0):b\n" }.joined()
        let root = try Root(passwd: "b:x:1:1::/:\n", group: lines)
        #expect(lines.utf8.count < 1 << 20)
        #expect(root.failure("b") == "user `b`: is in 70000 groups, more than Linux has for a process")
    }

    @Test func `the ids are those that a program inside has`() throws {
        let files = [("etc/passwd", passwd), ("etc/group", group)]
        var container = try TestContainer(["sh", "-c", "id -u; id -g; id -G"], files: files)
        let database = try UserDatabase(root: container.root)
        let user = try ContainerUser("bob", in: database)
        container.specification.process?.user = user.user
        let ids = try container.run().output.split(whereSeparator: \.isWhitespace).compactMap { UInt32($0) }
        #expect(ids.prefix(2) == [1000, 1001])
        #expect(Set(ids.dropFirst(2)) == [1001, 50, 29])
    }
}
