// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

/// Something at a path that is no file of text.
private struct HostileFile: Sendable, CustomTestStringConvertible {
    var name: String
    var create: @Sendable (_ path: String) -> Bool

    var testDescription: String { name }

    static let all = [
        Self(name: "nothing") { _ in true },
        Self(name: "a folder") { mkdir($0, 0o700) == 0 },
        Self(name: "a dangling link") { symlink("nowhere", $0) == 0 },
        Self(name: "a link to itself") { symlink("hostile", $0) == 0 },
        Self(name: "a link through a file") { symlink("/etc/passwd/file", $0) == 0 },
        Self(name: "a link to /dev/zero") { symlink("/dev/zero", $0) == 0 },
        Self(name: "a link to /dev/urandom") { symlink("/dev/urandom", $0) == 0 },
        Self(name: "a link to the memory of the process") { symlink("/proc/self/mem", $0) == 0 },
        Self(name: "a socket") { createSocket(at: $0) },
        Self(name: "200 MB of zeroes") { write([], to: $0) && truncate($0, 200_000_000) == 0 },
        Self(name: "200 MB of text") { write(Array("KEY=value\n".utf8), times: 20_000_000, to: $0) },
        Self(name: "200 MB in one line") { write(Array("aaaaaaaaaa".utf8), times: 20_000_000, to: $0) },
        Self(name: "a program") { write(Array("\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\u{3}\0>\0".utf8), to: $0) },
        Self(name: "noise") { write(noise(count: 100_000), to: $0) },
    ]
}

/// A place of a project where a file is named.
private struct Place: Sendable {
    var name: String
    /// The text of `compose.yaml`; the hostile file is called `hostile`.
    var compose = "services: {web: {image: busybox}}\n"
    var arguments = ["-f", "compose.yaml"]

    static let all = [
        Self(name: "-f", arguments: ["-f", "hostile"]),
        Self(name: "the second -f", arguments: ["-f", "compose.yaml", "-f", "hostile"]),
        Self(name: "--env-file", arguments: ["--env-file", "hostile", "-f", "compose.yaml"]),
        Self(name: "include", compose: "include: [hostile]\nservices: {web: {image: busybox}}\n"),
        Self(
            name: "the override of an include",
            compose: "include: [{path: [other.yaml, hostile]}]\nservices: {web: {image: busybox}}\n"
        ),
        Self(
            name: "include.env_file",
            compose: "include: [{path: other.yaml, env_file: hostile}]\nservices: {web: {image: busybox}}\n"
        ),
        Self(name: "extends.file", compose: "services: {web: {extends: {file: hostile, service: web}}}\n"),
        Self(name: "env_file", compose: "services: {web: {image: busybox, env_file: hostile}}\n"),
        Self(
            name: "env_file in raw format",
            compose: "services: {web: {image: busybox, env_file: [{path: hostile, format: raw}]}}\n"
        ),
        Self(name: "label_file", compose: "services: {web: {image: busybox, label_file: hostile}}\n"),
    ]
}

@Suite struct `A hostile file` {
    @Test(arguments: HostileFile.all)
    private func `is refused by its name wherever it is named`(file: HostileFile) throws {
        // One folder for all places, since some of the files are large.
        let scratch = try Scratch()
        try scratch.write("other.yaml", "services: {db: {image: busybox}}\n")
        try #require(file.create(scratch / "hostile"))
        for place in Place.all {
            try scratch.write("compose.yaml", place.compose)
            try BadInput("\(file.name) as \(place.name)", .refused(naming: "hostile"), arguments: place.arguments) {
                _ in
            }.check(in: scratch)
        }
    }

    @Test(arguments: HostileFile.all)
    private func `does no harm as the .env that is read by itself`(file: HostileFile) throws {
        try BadInput(file.name, .any) {
            try $0.write("compose.yaml", "services: {web: {image: busybox}}\n")
            #expect(file.create($0 / ".env"))
        }.check()
    }

    @Test(arguments: HostileFile.all)
    private func `does no harm as the compose file that is found by itself`(file: HostileFile) throws {
        try BadInput(file.name, .any, arguments: ["-p", "test"]) {
            #expect(file.create($0 / "compose.yaml"))
        }.check()
    }

    @Test func `is no reason to wait where it is a pipe that nobody writes to`() throws {
        let scratch = try Scratch()
        try scratch.write("other.yaml", "services: {db: {image: busybox}}\n")
        try #require(mkfifo(scratch / "hostile", 0o600) == 0)
        for place in Place.all {
            try scratch.write("compose.yaml", place.compose)
            try BadInput("a pipe as \(place.name)", .any, arguments: place.arguments) { _ in }.check(in: scratch)
        }
    }

    @Test(arguments: ["/dev/zero", "/dev/urandom", "/dev/null", "/"])
    func `is refused as standard input`(path: String) throws {
        try BadInput(path, .refused(naming: "<stdin>"), arguments: ["-f", "-"], input: path) { _ in }.check()
    }

    @Test(arguments: ["/dev/zero", "/dev/urandom", "/proc/self/mem", "/", "/etc/passwd/file"])
    func `is refused by its own path`(path: String) throws {
        try BadInput(path, .refused(naming: path), arguments: ["-f", path]) { _ in }.check()
    }

    @Test func `is refused under a name longer than the system takes`() throws {
        let name = String(repeating: "long/", count: 2000)
        try BadInput("long name", .refused(naming: "long/long/"), arguments: ["-f", name]) { _ in }.check()
    }
}

private func write(_ bytes: [UInt8], times: Int = 1, to path: String) -> Bool {
    guard let file = fopen(path, "w") else { return false }
    defer { fclose(file) }
    for _ in 0..<times where fwrite(bytes, 1, bytes.count, file) != bytes.count { return false }
    return true
}

/// Bytes without a pattern, the same in every run.
private func noise(count: Int) -> [UInt8] {
    var state: UInt64 = 0x2545_f491_4f6c_dd1d
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}

private func createSocket(at path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
    }
}
