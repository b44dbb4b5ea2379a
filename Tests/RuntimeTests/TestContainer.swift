// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport

/// A container over a root of its own: busybox over overlayfs, its output in a pipe.
struct TestContainer: ~Copyable {
    /// How a container ended, and what it wrote.
    struct Outcome: Equatable {
        var end: ProcessEnd
        var output: String
    }

    let scratch: Scratch
    /// The root as a detached mount of overlayfs.
    let root: Descriptor
    var specification: RuntimeSpec
    var request: LaunchRequest

    /// A container that runs a command of busybox with Docker's defaults.
    init(_ arguments: [String] = ["true"], files: [(path: String, content: String)] = []) throws {
        let scratch = try Scratch()
        try Self.makeImage(in: scratch, files)
        let tree = try Self.overlay(in: scratch)
        self.scratch = scratch
        root = tree
        specification = RuntimeSpec.containerDefault(arguments, hostname: "box")
        request = LaunchRequest(specification)
        request.root = root.number
    }

    /// The path of the image's files.
    var image: String { scratch / "image" }

    /// The path of what the container has changed.
    var changes: String { scratch / "upper" }

    private static func makeImage(in scratch: Scratch, _ files: [(path: String, content: String)]) throws {
        for folder in ["image/bin", "image/etc", "image/tmp", "upper", "work"] { try makeFolder(scratch / folder) }
        guard link("/bin/busybox", scratch / "image/bin/busybox") == 0 || errno == EXDEV else {
            throw SystemFailure("link", "/bin/busybox")
        }
        if access(scratch / "image/bin/busybox", X_OK) != 0 {
            let copy = try Command("/bin/cp", ["/bin/busybox", scratch / "image/bin/busybox"]).run()
            guard copy.end == .exit(0) else { throw SystemFailure(message: copy.errors) }
        }
        for name in applets where symlink("busybox", scratch / "image/bin/\(name)") != 0 {
            throw SystemFailure("make a link", name)
        }
        try scratch.write("image/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        for file in files { try scratch.write("image/" + file.path, file.content) }
    }

    private static let applets = [
        "sh", "true", "false", "cat", "ls", "id", "hostname", "ps", "mount", "umount", "touch", "mkdir", "mknod",
        "stat",
        "sleep", "echo", "readlink", "grep", "tty", "stty", "kill", "pwd", "env", "chown", "chmod", "ip", "ln", "mv",
        "unshare", "dd", "head", "wc", "test", "sync", "rm",
    ]

    private static func overlay(in scratch: Scratch) throws -> Descriptor {
        try Descriptor.newMount(
            "overlay",
            parameters: [
                ("lowerdir", .text(scratch / "image")),
                ("upperdir", .text(scratch / "upper")),
                ("workdir", .text(scratch / "work")),
            ]
        )
    }

    /// Runs the container to its end.
    ///
    /// - Parameter launcher: Who becomes its parent.
    /// - Returns: How it ended and what it wrote to its output and error streams.
    /// - Throws: Why it did not start.
    mutating func run(by launcher: any Launcher = EmbeddedLauncher()) throws -> Outcome {
        let pipe = try Pipe()
        request.specification = specification
        request.streams = .streams(
            input: .null,
            output: .descriptor(pipe.writer.number),
            error: .descriptor(pipe.writer.number)
        )
        let container = try Container.start(request, by: launcher)
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        return Outcome(end: try container.process.wait(), output: output)
    }
}

/// Everything that comes out of a pipe, until its last writer has gone.
func readToEnd(_ reader: borrowing Descriptor) throws -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let length = read(reader.number, &chunk, chunk.count)
        if length < 0, errno == EINTR { continue }
        // A terminal whose last user has gone answers EIO.
        if length == 0 || length < 0 && errno == EIO { break }
        guard length > 0 else { throw SystemFailure("read", "a pipe") }
        bytes += chunk[..<length]
    }
    return String(decoding: bytes, as: UTF8.self)
}
