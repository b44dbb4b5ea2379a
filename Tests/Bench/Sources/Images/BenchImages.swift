// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import RegistrySupport
import TestSupport

/// Measures images, from a registry, from an archive and from a Dockerfile, next to Docker and podman.
///
///     bench-images DOCKER SOCKET transfers|builds|all ROUNDS
///
/// DOCKER is the path of docker's command and SOCKET that of its daemon.
@main
enum BenchImages {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-images: \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let rounds = Int(arguments[4]), rounds > 0,
            ["transfers", "builds", "all"].contains(arguments[3])
        else { throw SystemFailure(message: "usage: bench-images DOCKER SOCKET transfers|builds|all ROUNDS") }
        let scratch = try Scratch()
        let wharf = Wharf(engine: try BenchEngine(in: scratch))
        let docker = Docker(command: arguments[1], socket: arguments[2], home: scratch.path)
        try docker.run(["import", scratch / "busybox.tar", BenchEngine.image])
        if arguments[3] != "builds" { try measureTransfers(wharf, [docker, Podman(in: scratch)], rounds, scratch) }
        if arguments[3] != "transfers" {
            try measureBuilds([wharf, docker.building(by: .buildKit), docker.building(by: .classic)], rounds, scratch)
        }
    }

    // MARK: Registries and archives

    private static func measureTransfers(
        _ wharf: Wharf,
        _ others: [any Mover],
        _ rounds: Int,
        _ scratch: Scratch
    ) throws {
        let registry = try TestRegistry()
        let image = try GeneratedImage(in: scratch)
        let (name, archive) = ("\(registry.address)/files:1", scratch / "files.tar")
        try wharf.run(["build", "--quiet", "--tag", name, image.folder])
        try wharf.run(["image", "push", "--quiet", name])
        try wharf.run(["image", "save", "--output", archive, name])
        try wharf.forgetBuilds()
        let movers = [wharf] + others
        var comparison = Comparison(of: movers.map(\.name), in: ["pull", "load"])
        for _ in 0..<rounds {
            for mover in movers {
                try mover.forget(name)
                try MachineLoad.waitUntilQuiet()
                comparison.append(try mover.pull(name) + mover.create(name), of: mover.name, in: "pull")
                try mover.forget(name)
                try MachineLoad.waitUntilQuiet()
                comparison.append(try mover.load(archive) + mover.create(name), of: mover.name, in: "load")
            }
        }
        let size = "\(GeneratedImage.files) files, \(image.bytes >> 20) MiB"
        print("An image of \(size), in \(GeneratedImage.layers) layers, up to a container that can be started\n")
        print(comparison)
    }

    // MARK: Dockerfiles

    private static func measureBuilds(_ builders: [any Builder], _ rounds: Int, _ scratch: Scratch) throws {
        let context = try GeneratedContext(in: scratch)
        let steps = GeneratedContext.Step.allCases
        var comparison = Comparison(of: builders.map(\.name), in: steps.map(\.rawValue))
        for _ in 0..<rounds {
            for builder in builders {
                try builder.forgetBuilds()
                for step in steps {
                    try context.write(for: step)
                    try MachineLoad.waitUntilQuiet()
                    comparison.append(try builder.build(context.folder), of: builder.name, in: step.rawValue)
                }
            }
        }
        print("A build in two stages of \(GeneratedContext.files) files\n")
        print(comparison)
    }
}
