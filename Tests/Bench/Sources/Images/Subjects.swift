// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import TestSupport

/// A program that brings images.
protocol Mover {
    var name: String { get }

    /// Removes an image, if it is there, with everything that only it uses.
    func forget(_ image: String) throws
    /// Pulls an image from a registry without TLS, and returns how many seconds that took.
    func pull(_ image: String) throws -> Double
    /// Loads the images of an archive, and returns how many seconds that took.
    func load(_ archive: String) throws -> Double
    /// Runs the command with some arguments, and returns how many seconds that took.
    @discardableResult
    func run(_ arguments: [String]) throws -> Double
}

extension Mover {
    /// Makes a container of an image, and removes it; returns how many seconds the first took.
    ///
    /// What a program has left for later when it brought the image is done by then.
    func create(_ image: String) throws -> Double {
        let container = "wharf-bench-created"
        let seconds = try run(["container", "create", "--name", container, "--network", "none", image, "true"])
        try run(["container", "rm", "--force", container])
        return seconds
    }
}

/// A program that makes images of Dockerfiles.
protocol Builder {
    var name: String { get }

    /// Removes what it made, and its cache.
    func forgetBuilds() throws
    /// Builds an image, and returns how many seconds that took.
    func build(_ context: String) throws -> Double
}

/// The name of what is built.
private let built = "wharf-bench-built"
/// No step needs a network, and Docker has none here to give.
private let buildOptions = ["build", "--quiet", "--network", "none", "--tag", built]

/// wharf with an engine of the benchmark's own.
struct Wharf: Mover, Builder {
    let name = "wharf"
    let engine: BenchEngine

    @discardableResult
    func run(_ arguments: [String]) throws -> Double { try engine.run(arguments) }

    func forget(_ image: String) throws { try run(["image", "rm", "--force", image]) }
    func pull(_ image: String) throws -> Double { try run(["image", "pull", "--quiet", image]) }
    func load(_ archive: String) throws -> Double { try run(["image", "load", "--quiet", "--input", archive]) }

    func forgetBuilds() throws {
        try run(["image", "rm", "--force", built])
        try run(["builder", "prune", "--all", "--force"])
    }

    func build(_ context: String) throws -> Double { try run(buildOptions + [context]) }
}

/// Docker's command with a daemon that somebody else starts and stops.
struct Docker: Mover, Builder {
    /// One of its two ways to build.
    enum Way: String {
        case classic = "Docker, classic"
        case buildKit = "Docker, BuildKit"
    }

    private let command: String
    private var environment: [String: String]
    private(set) var name = "Docker"

    init(command: String, socket: String, home: String) {
        self.command = command
        environment = ["DOCKER_HOST": "unix://\(socket)", "HOME": home, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    }

    /// The same command, told how to build.
    func building(by way: Way) -> Docker {
        var copy = self
        copy.name = way.rawValue
        copy.environment["DOCKER_BUILDKIT"] = way == .buildKit ? "1" : "0"
        return copy
    }

    @discardableResult
    func run(_ arguments: [String]) throws -> Double {
        try Command(command, arguments, environment: environment).succeed()
    }

    func forget(_ image: String) throws { try run(["image", "rm", "--force", image]) }
    func pull(_ image: String) throws -> Double { try run(["image", "pull", "--quiet", image]) }
    func load(_ archive: String) throws -> Double { try run(["load", "--quiet", "--input", archive]) }

    func forgetBuilds() throws {
        try run(["image", "rm", "--force", built])
        try run(["image", "prune", "--force"])
        try run(["builder", "prune", "--all", "--force"])
    }

    func build(_ context: String) throws -> Double { try run(buildOptions + [context]) }
}

/// podman with a store of the benchmark's own.
final class Podman: Mover {
    let name = "podman"
    private let root: String

    init(in scratch: Scratch) throws {
        // It takes no longer path than 50 bytes.
        root = scratch / "p"
        try makeFolder(root)
    }

    deinit {
        // It mounts its store onto itself.
        umount2(root + "/store/overlay", Int32(MNT_DETACH))
    }

    @discardableResult
    func run(_ arguments: [String]) throws -> Double {
        let places = ["--root", root + "/store", "--runroot", root + "/run", "--tmpdir", root + "/tmp"]
        var command = Command("/usr/bin/podman", places + ["--storage-driver", "overlay"] + arguments)
        command.environment = ["HOME": root, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        return try command.succeed()
    }

    func forget(_ image: String) throws { try run(["rmi", "--all", "--force"]) }
    func pull(_ image: String) throws -> Double { try run(["pull", "--quiet", "--tls-verify=false", image]) }
    func load(_ archive: String) throws -> Double { try run(["load", "--quiet", "--input", archive]) }
}
