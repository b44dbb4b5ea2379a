// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What `docker cp` does with the same arguments is what each expectation here was compared with.
@Suite struct `A copy` {
    /// Answers with the archive of a folder that a shell makes.
    private func copy(
        _ source: String,
        to target: String,
        isFolder: Bool,
        making script: String
    ) async throws -> (outcome: Command.Outcome, folder: Scratch) {
        let (remote, here) = (try Scratch(), try Scratch())
        let made = try Command("/bin/sh", ["-ec", script], in: remote.path).run()
        try #require(made.end == .exit(0), "\(made.errors)")
        let archive = try readBytes(remote / "tar.out")
        try here.write("folder/file", "there before")
        let mode = isFolder ? 1 << 31 | 0o755 : 0o644
        let status = #"{"name":"x","size":1,"mode":\#(mode),"mtime":"2026-01-01T00:00:00Z","linkTarget":""}"#
        let result = try await Wharf.run(["cp", "box:" + source, target], in: here.path) { peer in
            let conversation = try peer.accept()
            let request = try conversation.request()
            let header = "X-Docker-Container-Path-Stat: \(base64(Array(status.utf8)))"
            conversation.send("HTTP/1.1 200 OK\r\n\(header)\r\nContent-Length: \(archive.count)\r\n\r\n")
            conversation.send(archive)
            return request.firstLine
        }
        return (result.command, here)
    }

    private static let tree = "mkdir -p d/sub; echo a > d/a; echo b > d/sub/b; ln -s a d/link; chmod 4755 d/a"

    @Test(arguments: [
        ("/d", "folder", "folder/d/sub/b"), ("/d", "new", "new/sub/b"), ("/d", "./folder/", "folder/d/sub/b"),
        ("/d", "folder/new", "folder/new/sub/b"),
    ])
    func `of a folder goes where docker puts it`(source: String, target: String, place: String) async throws {
        let result = try await copy(source, to: target, isFolder: true, making: Self.tree + "; tar -cf tar.out d")
        #expect(result.outcome.end == .exit(0), "\(result.outcome.errors)")
        #expect(try result.folder.text(place) == "b\n")
        #expect(try result.folder.text("folder/file") == "there before")
    }

    @Test func `of a folder's content goes right into the folder, without rights to lend`() async throws {
        let making = Self.tree + "; tar -C d -cf tar.out ./"
        let result = try await copy("/d/.", to: "folder", isFolder: true, making: making)
        #expect(result.outcome.end == .exit(0), "\(result.outcome.errors)")
        #expect(try result.folder.text("folder/sub/b") == "b\n")
        let mode = try Command("/usr/bin/stat", ["-c", "%a", result.folder / "folder/a"]).run().output
        #expect(mode == "755\n")
    }

    @Test(arguments: [
        ("/f", "folder/", "folder/f"), ("/f", "folder/file", "folder/file"), ("/f", "other", "other"),
    ])
    func `of a file goes where docker puts it`(source: String, target: String, place: String) async throws {
        let result = try await copy(source, to: target, isFolder: false, making: "echo new > f; tar -cf tar.out f")
        #expect(result.outcome.end == .exit(0), "\(result.outcome.errors)")
        #expect(try result.folder.text(place) == "new\n")
    }

    @Test(arguments: [
        ("/d", "folder/file", true, "cannot copy a folder onto the file"),
        ("/f", "missing/", false, "does not exist"),
        ("/f", "missing/x", false, "no such file or directory"),
    ])
    func `to an impossible place is refused`(
        source: String,
        target: String,
        isFolder: Bool,
        words: String
    ) async throws {
        let making = Self.tree + "; echo x > f; tar -cf tar.out \(source.dropFirst())"
        let result = try await copy(source, to: target, isFolder: isFolder, making: making)
        #expect(result.outcome.end == .exit(1))
        #expect(result.outcome.errors.contains(words), "\(result.outcome.errors)")
    }

    @Test(arguments: [
        // A path that leads upwards.
        ("mkdir d; echo x > d/x; echo d > list", "--transform=s,d/x,d/../../escape,", "which is not written"),
        // A link that leads away, and a file behind it.
        ("mkdir -p d e/l; ln -s .. d/l; echo x > e/l/escape", "", "links are not followed"),
        // A second tree.
        ("mkdir d escape; echo x > escape/x", "", "which is not below"),
        ("mkdir d; mknod d/null c 1 3", "", "a device node"),
    ])
    func `is not led out of its folder`(script: String, transform: String, words: String) async throws {
        let pack =
            script.contains("e/l")
            ? "tar -cf t d; tar --transform='s,^e/,d/,' -rf t e/l/escape"
            : script.contains("escape;") ? "tar -cf t d escape" : "tar -cPf t \(transform) d"
        let making = "\(script); \(pack)"
        let (remote, here) = (try Scratch(), try Scratch())
        let made = try Command("/bin/sh", ["-ec", making], in: remote.path).run()
        try #require(made.end == .exit(0), "\(made.errors)")
        let archive = try readBytes(remote / "t")
        let status = #"{"name":"d","size":1,"mode":\#(1 << 31 | 0o755),"mtime":"2026-01-01T00:00:00Z","linkTarget":""}"#
        try here.write("inside/file", "")
        let result = try await Wharf.run(["cp", "box:/d", "inside"], in: here.path) { peer in
            let conversation = try peer.accept()
            _ = try conversation.request()
            let header = "X-Docker-Container-Path-Stat: \(base64(Array(status.utf8)))"
            conversation.send("HTTP/1.1 200 OK\r\n\(header)\r\nContent-Length: \(archive.count)\r\n\r\n")
            conversation.send(archive)
            return true
        }
        #expect(result.command.end == .exit(1))
        #expect(result.command.errors.contains(words), "\(result.command.errors)")
        #expect(names(in: here.path) == ["inside"])
        #expect(!names(in: here / "inside").contains("escape"))
    }

    @Test func `that is cut off is an error`() async throws {
        let status = #"{"name":"f","size":1,"mode":420,"mtime":"2026-01-01T00:00:00Z","linkTarget":""}"#
        let here = try Scratch()
        let result = try await Wharf.run(["cp", "box:/f", "f"], in: here.path) { peer in
            let conversation = try peer.accept()
            _ = try conversation.request()
            let header = "X-Docker-Container-Path-Stat: \(base64(Array(status.utf8)))"
            conversation.send("HTTP/1.1 200 OK\r\n\(header)\r\nContent-Length: 10240\r\n\r\nf")
            return true
        }
        #expect(result.command.end == .exit(1))
        #expect(result.command.errors.contains("ended too early"), "\(result.command.errors)")
    }

    @Test func `into a container sends a tar with the names of the destination`() async throws {
        let here = try Scratch()
        try here.write("src/a", "content of a")
        try here.write("src/sub/b", "content of b")
        let result = try await Wharf.run(["cp", "src", "box:/opt/new"], in: here.path) { peer in
            let head = try Wharf.reply(peer, "404 Not Found", "")
            let conversation = try peer.accept()
            let put = try conversation.request()
            conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return [head.firstLine, put]
        }
        #expect(result.command.end == .exit(0), "\(result.command.errors)")
        let seen = try #require(result.peer)
        #expect(seen[0] == "HEAD /v1.51/containers/box/archive?path=%2Fopt%2Fnew")
        #expect(seen[1].firstLine == "PUT /v1.51/containers/box/archive?path=%2Fopt&noOverwriteDirNonDir=true")
        #expect(seen[1].contains("new/sub/b\0") && seen[1].contains("content of b") && !seen[1].contains("src"))
    }

    @Test(arguments: [["a", "b"], ["a:/x", "b:/y"], ["-", "-"], ["-", "b"]])
    func `needs one side in a container`(arguments: [String]) throws {
        let outcome = try Command(Binaries.path(of: "wharf"), ["container", "cp"] + arguments).run()
        #expect(outcome.end == .exit(125))
    }
}
