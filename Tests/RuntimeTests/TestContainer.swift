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

        /// The lines of the output.
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    let scratch: Scratch
    /// The root as a detached mount of overlayfs.
    let root: Descriptor
    var specification: RuntimeSpec
    var request: LaunchRequest

    /// A container that runs a command of busybox with Docker's defaults.
    ///
    /// - Parameters:
    ///   - arguments: The program and its arguments.
    ///   - files: Files that the image has besides busybox.
    ///   - links: Symbolic links that the image has.
    /// - Throws: Why there is no root for it.
    init(
        _ arguments: [String] = ["true"],
        files: [(path: String, content: String)] = [],
        links: [(path: String, target: String)] = []
    ) throws {
        let scratch = try Scratch()
        chmod(scratch.path, 0o755)
        for folder in ["image", "upper", "work"] where mkdir(scratch / folder, 0o755) != 0 {
            throw SystemFailure("create", scratch / folder)
        }
        for file in files { try scratch.write("image/" + file.path, file.content) }
        for link in links {
            if let slash = link.path.lastIndex(of: "/") { try makeFolder(scratch / "image/\(link.path[..<slash])") }
            try scratch.link("image/" + link.path, to: link.target)
        }
        let tree = try Descriptor.newMount(
            "overlay",
            parameters: [
                ("lowerdir", .text("\(scratch / "image"):\(try Image.base())")),
                ("upperdir", .text(scratch / "upper")),
                ("workdir", .text(scratch / "work")),
            ]
        )
        self.scratch = scratch
        root = tree
        specification = RuntimeSpec.containerDefault(arguments, hostname: "box")
        request = LaunchRequest(specification)
        request.root = root.number
    }

    /// The path of the files that this image has besides those that all share.
    var image: String { scratch / "image" }

    /// The path of what the container has changed.
    var changes: String { scratch / "upper" }

    /// The part of the specification that concerns Linux.
    var linux: RuntimeSpec.Linux {
        get { specification.linux ?? RuntimeSpec.Linux() }
        set { specification.linux = newValue }
    }

    /// The program.
    var process: RuntimeSpec.Process {
        get { specification.process ?? RuntimeSpec.Process() }
        set { specification.process = newValue }
    }

    /// Adds a bind mount.
    mutating func bind(_ source: String, _ destination: String, _ options: [String] = []) {
        let options = ["rbind"] + options
        specification.mounts.append(.init(destination: destination, type: "bind", source: source, options: options))
    }

    /// Gives the container a user namespace of its own.
    mutating func mapUsers(to first: UInt32 = 100_000, size: UInt32 = 65_536) {
        linux.namespaces.append(.init(.user))
        linux.uidMappings = [.init(containerID: 0, hostID: first, size: size)]
        linux.gidMappings = linux.uidMappings
        // Docker's range has groups that the map has not.
        if linux.sysctl["net.ipv4.ping_group_range"] != nil {
            linux.sysctl["net.ipv4.ping_group_range"] = "0 \(size - 1)"
        }
        giveRoot(to: first)
    }

    /// Makes a user the owner of the root, so that the root of a user namespace can make places for mounts in it.
    func giveRoot(to user: UInt32) {
        fchownat(root.number, "", user, user, emptyPath)
    }

    /// Runs the container to its end.
    ///
    /// - Returns: How it ended and what it wrote to its output and error streams.
    /// - Throws: Why it did not start.
    mutating func run() throws -> Outcome {
        let pipe = try Pipe()
        let container = try start(writingTo: pipe.writer.number)
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        return Outcome(end: try container.process.wait(), output: output)
    }

    /// Starts the container.
    ///
    /// - Parameters:
    ///   - output: Where it writes to, errors too; nil for nowhere.
    ///   - input: Where it reads from; nil for nothing.
    /// - Returns: The container, whose program runs.
    /// - Throws: Why it did not start.
    mutating func start(writingTo output: Int32? = nil, readingFrom input: Int32? = nil) throws -> Container {
        try Container.start(finishedRequest(writingTo: output, readingFrom: input), by: Launchers.current)
    }

    /// Creates the container before the gate of its request.
    mutating func create(writingTo output: Int32? = nil) throws -> StartingProcess {
        try Container.create(finishedRequest(writingTo: output, readingFrom: nil), by: Launchers.current)
    }

    /// The request with everything that was changed of the specification.
    mutating func finishedRequest(writingTo output: Int32?, readingFrom input: Int32?) -> LaunchRequest {
        request.specification = specification
        if request.streams != .terminal {
            let stream = output.map { StandardStream.descriptor($0) } ?? .null
            let source = input.map { StandardStream.descriptor($0) } ?? .null
            request.streams = .streams(input: source, output: stream, error: stream)
        }
        return request
    }

    /// Starts the container, and ends it after the body.
    ///
    /// - Parameters:
    ///   - arguments: The program; without one it waits.
    ///   - output: Where it writes to; nil for nowhere.
    ///   - body: What to do while it runs; it gets the container.
    /// - Returns: What the body returned.
    /// - Throws: What the body threw, or why it did not start.
    mutating func whileRunning<Result>(
        _ arguments: [String] = ["cat"],
        writingTo output: Int32? = nil,
        _ body: (borrowing Container) throws -> Result
    ) throws -> Result {
        process.args = arguments
        let gate = try Pipe()
        let container = try start(writingTo: output, readingFrom: gate.reader.number)
        let result = Swift.Result { try body(container) }
        try? container.process.signal(SIGKILL)
        _ = try container.process.wait()
        return try result.get()
    }

    /// The end of a container that runs a script of the shell.
    ///
    /// - Parameters:
    ///   - script: The script.
    ///   - files: Files that the image has besides busybox.
    ///   - links: Symbolic links that the image has.
    ///   - change: Changes the specification and the request.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: Why it did not start.
    static func sh(
        _ script: String,
        files: [(path: String, content: String)] = [],
        links: [(path: String, target: String)] = [],
        _ change: (inout TestContainer) throws -> Void = { _ in }
    ) throws -> Outcome {
        var container = try TestContainer(["sh", "-c", script], files: files, links: links)
        try change(&container)
        return try container.run()
    }
}

extension Container {
    /// The end of a script that joins the container.
    ///
    /// - Parameters:
    ///   - script: The script of the shell.
    ///   - specification: What the container was started with.
    ///   - change: Changes the request.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: Why it did not start.
    borrowing func sh(
        _ script: String,
        in specification: RuntimeSpec,
        _ change: (inout ExecRequest) throws -> Void = { _ in }
    ) throws -> TestContainer.Outcome {
        var process = specification.process ?? RuntimeSpec.Process()
        process.args = ["sh", "-c", script]
        var request = ExecRequest(process, in: specification)
        let pipe = try Pipe()
        let stream = StandardStream.descriptor(pipe.writer.number)
        request.streams = .streams(input: .null, output: stream, error: stream)
        try change(&request)
        let joined = try exec(request)
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        return TestContainer.Outcome(end: try joined.wait(), output: output)
    }
}

/// Everything that comes out of a pipe, until its last writer has gone.
func readToEnd(_ reader: borrowing Descriptor) throws -> String {
    try readAll(reader) { _ in false }
}

/// What comes out of a pipe or a terminal, until its last writer has gone or the text is enough.
func readAll(_ reader: borrowing Descriptor, until isEnough: (String) -> Bool) throws -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let length = read(reader.number, &chunk, chunk.count)
        if length < 0, errno == EINTR { continue }
        // A terminal whose last user has gone answers EIO.
        if length == 0 || length < 0 && errno == EIO { break }
        guard length > 0 else { throw SystemFailure("read", "a pipe") }
        bytes += chunk[..<length]
        if isEnough(String(decoding: bytes, as: UTF8.self)) { break }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// The failure of a start, for tests that expect one.
func failure(of body: () throws -> Void) -> LaunchError? {
    do {
        try body()
        return nil
    } catch {
        return error as? LaunchError
    }
}

/// `AT_EMPTY_PATH` of fcntl.h, which needs `_GNU_SOURCE`.
private let emptyPath: Int32 = 0x1000

/// The text by which the kernel names a namespace, `net:[4026531840]` for example.
func namespace(_ kind: String, of process: String = "self") throws -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    let length = readlink("/proc/\(process)/ns/\(kind)", &buffer, buffer.count - 1)
    guard length > 0 else { throw SystemFailure("read", "/proc/\(process)/ns/\(kind)") }
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
