// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import TestSupport

/// wharf with an engine of the benchmark's own.
struct WharfSubject {
    private let engine: BenchEngine

    init(_ engine: BenchEngine) throws {
        self.engine = engine
    }

    /// Runs a command on a project.
    ///
    /// - Returns: How many seconds it took.
    func run(_ project: GeneratedProject, _ arguments: [String]) throws -> Double {
        try engine.run(["-f", project.file, "--progress", "quiet"] + arguments)
    }

    /// The resident memory of engine and keeper, in bytes.
    func memory() throws -> Int {
        let (own, keeper) = try engine.processes()
        return try own.memory() + keeper.memory()
    }
}

/// Docker Compose with a daemon that somebody else starts and stops.
struct ComposeSubject {
    private let compose: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - compose: The path of Docker Compose.
    ///   - docker: The path of docker's command.
    ///   - socket: The socket of the daemon.
    ///   - archive: The tree of the image.
    /// - Throws: Where the image cannot be had.
    init(compose: String, docker: String, socket: String, archive: String) throws {
        self.compose = compose
        environment = [
            "DOCKER_HOST": "unix://\(socket)", "HOME": "/nonexistent", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        var imported = Command(docker, ["import", archive, BenchEngine.image])
        imported.environment = environment
        try imported.succeed()
    }

    /// Runs a command on a project.
    ///
    /// A `down` that fails is run once more, as its user would: dockerd refuses at times to remove a network whose containers
    /// have gone, since it has not noticed that yet. Where it never does, the network goes with the daemon at the end.
    ///
    /// - Returns: How many seconds it took, the first time where it was run twice.
    func run(_ project: GeneratedProject, _ arguments: [String]) throws -> Double {
        var command = Command(compose, ["-f", project.file, "--progress", "quiet"] + arguments)
        command.environment = environment
        let first = try command.run()
        let seconds = first.duration / .seconds(1)
        if first.end == .exit(0) { return seconds }
        if arguments.first == "down" {
            let second = try command.run()
            if second.end == .exit(0) || second.errors.contains("has active endpoints") { return seconds }
        }
        throw SystemFailure(message: "\(compose): \(first.errors)")
    }

    /// The resident memory of the daemon, containerd and their helpers, in bytes: of those in this network, which has no others.
    func memory() throws -> Int {
        var buffer = [CChar](repeating: 0, count: 256)
        func network(of process: String) -> String {
            let count = readlink("/proc/\(process)/ns/net", &buffer, buffer.count)
            return count < 0 ? "" : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let own = network(of: "self")
        let helpers: Set = ["dockerd", "containerd", "containerd-shim", "docker-proxy", "containerd-shim-runc-v2"]
        return names(in: "/proc").reduce(0) { sum, process in
            guard let pid = Int(process), network(of: process) == own,
                let name = try? readText("/proc/\(process)/comm"),
                helpers.contains(where: { $0.prefix(15) == name.dropLast() })
            else { return sum }
            return sum + ((try? RunningProcess(pid: pid).memory()) ?? 0)
        }
    }
}
