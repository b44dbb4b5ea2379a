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
    /// - Throws: ``CommandFailure``, and what client and files throw.
    func run(
        _ client: EngineClient,
        origin: (String) throws -> String,
        targets: (String) throws -> [String]
    ) throws {
        // What is copied out only reads from the engine, and changes files here.
        if client.onlyAsks { throw ClientError.dryRun }
        switch direction {
        case .out(let name, let path, let target):
            if target == nil { try ArchiveOutput.check(nil, remedy: "name a folder") }
            let copy = CopyOut(client: client, container: try origin(name), path: path, options: options)
            guard let target else { return try copy.stream() }
            tell(try copy.copy(to: target), target)
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
                guard let source else { return try copy.stream() }
                tell(try copy.copy(from: source), "\(container):\(path)")
            }
        }
    }

    private func tell(_ size: Int64, _ target: String) {
        if !isQuiet, OutputStream.error.isTerminal {
            OutputStream.error.write("copied \(size) bytes to \(target)\n")
        }
    }
}
