// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import Terminal

/// A copy as it is written on a command line.
struct CopyJob {
    private let direction: Direction
    private let options: CopyOptions
    /// Whether nothing is said of what was copied.
    private let isQuiet: Bool

    /// The two places as they were given.
    private let words: (source: String, destination: String)

    private enum Direction {
        case out(of: String, String, to: String?)
        case `in`(from: String?, to: String, String)
    }

    /// Reads the two places.
    ///
    /// - Parameters:
    ///   - source: `NAME:PATH`, a path, or `-`.
    ///   - destination: The same.
    ///   - options: How files are copied.
    ///   - isQuiet: Whether nothing is said of what was copied.
    /// - Throws: ``UsageError`` unless one of them is in a container and the other one is not.
    init(from source: String, to destination: String, _ options: CopyOptions, isQuiet: Bool) throws(UsageError) {
        self.options = options
        self.isQuiet = isQuiet
        words = (source, destination)
        switch (CopyPlace(source), CopyPlace(destination)) {
        case (.container(let name, let path), .stream): direction = .out(of: name, path, to: nil)
        case (.container(let name, let path), .here(let target)): direction = .out(of: name, path, to: target)
        case (.stream, .container(let name, let path)): direction = .in(from: nil, to: name, path)
        case (.here(let source), .container(let name, let path)): direction = .in(from: source, to: name, path)
        case (.container, .container):
            throw UsageError("copying from container to container is not supported; copy to this machine first")
        default: throw UsageError("the source or the destination must be in a container: NAME:PATH")
        }
    }

    /// Copies.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - origin: The container that a name stands for as the source.
    ///   - targets: The containers that a name stands for as the destination, one at least.
    ///   - progress: Where it is told as Docker Compose does; nil tells of it at the end, on a terminal.
    /// - Throws: ``CommandFailure``, and what client and files throw.
    func run(
        _ client: EngineClient,
        origin: (String) throws -> String,
        targets: (String) throws -> [String],
        progress: Progress? = nil
    ) throws {
        defer { progress?.finish() }
        // What is copied out only reads from the engine, and changes files here.
        if client.onlyAsks { throw ClientError.dryRun }
        switch direction {
        case .out(let name, let path, let target):
            if target == nil { try ArchiveOutput.check(nil, remedy: "name a folder") }
            let container = try origin(name)
            let copy = CopyOut(client: client, container: container, path: path, options: options)
            let text = "copy \(container):\(path) to \(words.destination)"
            try show(text, of: container, progress, target) {
                if let target { return try copy.copy(to: target) }
                try copy.stream()
                return nil
            }
        case .in(let source, let name, let path):
            let containers = try targets(name)
            if source == nil, containers.count > 1 {
                throw CommandFailure(
                    message: "standard input can be copied to one container only, and `\(name)` has "
                        + "\(containers.joined(separator: ", ")): choose one with `--index`"
                )
            }
            for container in containers {
                let copy = CopyIn(client: client, container: container, path: path, options: options)
                let target = "\(container):\(path)"
                try show("copy \(words.source) to \(target)", of: container, progress, source.map { _ in target }) {
                    if let source { return try copy.copy(from: source) }
                    try copy.stream()
                    return nil
                }
            }
        }
    }

    /// Copies, and tells of it.
    ///
    /// - Parameters:
    ///   - text: What is copied, in the words of Docker Compose.
    ///   - container: The container.
    ///   - progress: Where it is told from the start; nil tells of it at the end.
    ///   - target: Where it goes; nil for a stream.
    ///   - copy: Copies, and says how much.
    /// - Throws: What `copy` throws.
    private func show(
        _ text: String,
        of container: String,
        _ progress: Progress?,
        _ target: String?,
        _ copy: () throws -> Int64?
    ) throws {
        progress?.update(ProgressEvent(.unnamed, container, "Copying", .working, detail: text))
        let size = try copy()
        progress?.update(ProgressEvent(.unnamed, container, "Copied", .done, detail: text))
        if let target, let size { tell(size, target) }
    }

    private func tell(_ size: Int64, _ target: String) {
        if !isQuiet, OutputStream.error.isTerminal {
            OutputStream.error.write("copied \(size) bytes to \(target)\n")
        }
    }
}
