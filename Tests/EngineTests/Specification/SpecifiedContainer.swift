// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import OCI
import Runtime
import Seccomp
import Store
import Synchronization
import TestSupport

@testable import Engine

private let nextNumber = Atomic(0)
private let filters = SeccompFilterCache()

/// A container that is really run from a request: busybox over overlayfs, with a control group of its own.
final class SpecifiedContainer: Sendable {
    /// How a program ended, and what it wrote.
    struct Outcome: Equatable {
        var end: ProcessEnd
        var output: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    let scratch: Scratch
    let root: Descriptor
    let snapshot: ContainerSnapshot
    let specification: ContainerSpecification
    let resources: HostResources

    /// Makes everything that the container needs.
    ///
    /// - Parameters:
    ///   - json: The request; `SCRATCH` in it stands for a folder of the test.
    ///   - scratch: That folder.
    ///   - change: Changes the context.
    /// - Throws: What the request asks for in vain.
    init(
        _ json: String,
        in scratch: Scratch,
        _ change: (inout SpecificationBuilder.Context) -> Void = { _ in }
    ) throws {
        self.scratch = scratch
        try Self.makeImage(scratch)
        let folder = "box-\(nextNumber.add(1, ordering: .relaxed).newValue)"
        for name in ["", "/upper", "/work"] where mkdir(scratch / (folder + name), 0o755) != 0 {
            throw SystemFailure("create", scratch / (folder + name))
        }
        let trees = try ControlGroupHierarchies.discover()
        var own = trees
        own.parent = ["wharf-engine-test-\(getpid())"]
        let request = try Sample.settled(json.replacing("SCRATCH", with: scratch.path), on: .current(trees))
        var snapshot = try Sample.snapshot()
        snapshot.definition.request = request
        snapshot.folder = ContainerFolder(path: scratch / folder)
        self.snapshot = snapshot
        root = try Descriptor.newMount(
            "overlay",
            parameters: [
                ("lowerdir", .text(scratch / "image")), ("upperdir", .text(scratch / "\(folder)/upper")),
                ("workdir", .text(scratch / "\(folder)/work")),
            ]
        )
        var context = SpecificationBuilder.Context()
        context.host = .current()
        change(&context)
        var specification = try SpecificationBuilder.specification(of: snapshot, context)
        try specification.makeSources()
        try specification.files?.write(to: Descriptor.open(snapshot.folder.path, O_RDONLY | O_DIRECTORY))
        try specification.complete(with: root)
        self.specification = specification
        resources = try HostResources.prepare(
            for: specification.runtime,
            named: folder,
            in: own,
            profile: specification.seccomp.profile,
            filters: filters
        )
    }

    deinit {
        do {
            try resources.killAll()
            try resources.remove()
        } catch {
            print("cannot clean up: \(error)")
        }
    }

    private static func makeImage(_ scratch: Scratch) throws {
        chmod(scratch.path, 0o755)
        if mkdir(scratch / "image", 0o755) != 0 { return }
        for folder in ["bin", "etc", "tmp", "data"] where mkdir(scratch / "image/\(folder)", 0o755) != 0 {
            throw SystemFailure("create", scratch / "image/\(folder)")
        }
        try writeFile(scratch / "image/bin/busybox", readBytes("/bin/busybox"))
        chmod(scratch / "image/bin/busybox", 0o755)
        for name in [
            "cat", "df", "env", "grep", "hostname", "id", "ls", "mount", "sh", "sleep", "stat", "touch", "true", "wc",
        ] {
            try scratch.link("image/bin/\(name)", to: "busybox")
        }
        try scratch.write("image/bin/plain", "#!/bin/sh\n")
        chmod(scratch / "image/bin/plain", 0o644)
        try scratch.write("image/etc/passwd", "root:x:0:0::/root:/bin/sh\nuser:x:1000:100::/home/user:/bin/sh\n")
        try scratch.write("image/etc/group", "root:x:0:\nusers:x:100:\nwheel:x:10:user\naudio:x:29:\n")
        for name in ["passwd", "group"] { chmod(scratch / "image/etc/\(name)", 0o644) }
    }

    /// Starts the container, its output into a pipe; the reader is at its end when every process has gone.
    func start(writingTo output: Int32) throws -> Container {
        var request = LaunchRequest(specification.runtime)
        request.root = root.number
        request.hasInit = specification.hasInit
        let writer = StandardStream.descriptor(output)
        request.streams = .streams(input: .null, output: writer, error: writer)
        do {
            return try resources.start(request, by: EmbeddedLauncher())
        } catch {
            throw EngineError(starting: error)
        }
    }

    /// Runs the container to its end.
    func run() throws -> Outcome {
        let pipe = try Pipe()
        let container = try start(writingTo: pipe.writer.number)
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try allBytes(reader)
        }
        return Outcome(end: try container.process.wait(), output: output)
    }

    /// Runs a program in the container, which runs.
    func exec(_ exec: ExecCreateRequest, in container: borrowing Container) throws -> Outcome {
        try exec.check()
        let inside = try Descriptor.open("/proc/\(container.process.pid)/root", OpenFlags.pathOnly | O_DIRECTORY)
        let process = try exec.process(in: snapshot.definition, specification.runtime, root: inside)
        var request = ExecRequest(process, in: specification.runtime)
        let pipe = try Pipe()
        let writer = StandardStream.descriptor(pipe.writer.number)
        request.streams = .streams(input: .null, output: writer, error: writer)
        let joined: Runtime.Process
        do {
            joined = try resources.exec(request, in: container)
        } catch {
            throw EngineError(starting: error, joins: true)
        }
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try allBytes(reader)
        }
        return Outcome(end: try joined.wait(), output: output)
    }

    /// Does something while a script of the container waits.
    func whileRunning<Result>(_ body: (borrowing Container) throws -> Result) throws -> Result {
        let pipe = try Pipe()
        let container = try start(writingTo: pipe.writer.number)
        let result = Swift.Result { try body(container) }
        try? container.process.signal(SIGKILL)
        _ = try container.process.wait()
        return try result.get()
    }

    /// The outcome of a script of the shell in a container.
    ///
    /// - Parameters:
    ///   - script: The script.
    ///   - config: Further fields of the request.
    ///   - host: The fields of its `HostConfig`.
    /// - Returns: How it ended and what it wrote.
    /// - Throws: Why it did not start.
    static func sh(_ script: String, config: String = "", host: String = "") throws -> Outcome {
        try SpecifiedContainer(json(script, config: config, host: host), in: Scratch()).run()
    }

    /// A request for a script of the shell.
    static func json(_ script: String, config: String = "", host: String = "") -> String {
        let hostFields =
            host.contains("NetworkMode") ? host : "\"NetworkMode\":\"none\"" + (host.isEmpty ? "" : "," + host)
        let script = script.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return
            "{\"Cmd\":[\"sh\",\"-c\",\"\(script)\"],\(config.isEmpty ? "" : config + ",")\"HostConfig\":{\(hostFields)}}"
    }
}

/// Everything that comes out of a pipe, until its last writer has gone.
private func allBytes(_ reader: borrowing Descriptor) throws -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let length = read(reader.number, &chunk, chunk.count)
        if length < 0, errno == EINTR { continue }
        guard length >= 0 else { throw SystemFailure("read", "a pipe") }
        if length == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<length]
    }
}
