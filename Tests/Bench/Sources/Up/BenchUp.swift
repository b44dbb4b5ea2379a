// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import TestSupport

/// Measures whole projects next to Docker Compose.
///
///     bench-up COMPOSE DOCKER SOCKET default|many|SERVICES...
///
/// COMPOSE and DOCKER are the paths of docker's commands and SOCKET that of its daemon.
@main
enum BenchUp {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-up: \(error)")
            exit(1)
        }
    }

    /// The sizes that are measured where none are named, and how often each is.
    private static let sizes = [(1, 7), (10, 5), (50, 5), (200, 1)]
    /// The size at which the memory is told.
    private static let weighedSize = 50

    private static func run() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 5 else {
            throw SystemFailure(message: "usage: bench-up COMPOSE DOCKER SOCKET default|many|SERVICES...")
        }
        let sizes =
            arguments[4] == "default"
            ? Self.sizes : arguments[4...].compactMap { Int($0) }.map { ($0, $0 > 50 ? 1 : 5) }
        let scratch = try Scratch()
        let wharf = try WharfSubject(BenchEngine(in: scratch))
        let compose = try ComposeSubject(
            compose: arguments[1],
            docker: arguments[2],
            socket: arguments[3],
            archive: scratch / "busybox.tar"
        )
        for (size, rounds) in sizes { try measure(size, rounds, wharf, compose, scratch) }
        if ["default", "many"].contains(arguments[4]) { try measureMany(wharf, scratch) }
    }

    // MARK: Side by side

    private static func measure(
        _ size: Int,
        _ rounds: Int,
        _ wharf: WharfSubject,
        _ compose: ComposeSubject,
        _ scratch: Scratch
    ) throws {
        let (own, other) = ("wharf", "Docker Compose")
        var comparison = Comparison(
            of: [own, other],
            in: GeneratedProject.stepNames,
            title: "\(size) service\(size == 1 ? "" : "s")"
        )
        var weights: (wharf: Int, compose: Int) = (0, 0)
        for round in 0..<rounds {
            let project = GeneratedProject(services: size, in: scratch, name: "up\(size)r\(round)")
            for (step, arguments) in project.steps {
                try project.write(forStep: step)
                try MachineLoad.waitUntilQuiet()
                comparison.append(try wharf.run(project, arguments), of: own, in: step)
                try MachineLoad.waitUntilQuiet()
                comparison.append(try compose.run(project, arguments), of: other, in: step)
                if step == "up -d", size == weighedSize { weights = (try wharf.memory(), try compose.memory()) }
            }
        }
        print(comparison)
        guard size == weighedSize else { return }
        let (ours, theirs) = (Double(weights.wharf) / 1_048_576, Double(weights.compose) / 1_048_576)
        print(
            "memory besides the workload: \(decimal(ours, 1)) MiB, Docker's \(decimal(theirs, 1)) MiB, ",
            terminator: ""
        )
        print("\(decimal(theirs / ours, 1)) times as much\n")
    }

    // MARK: Many

    /// 1,000 containers in one project: whether the last hundred cost as much as the first.
    private static func measureMany(_ wharf: WharfSubject, _ scratch: Scratch) throws {
        let (first, rest) = (100, 900)
        var table = Table(["containers of one project", "up -d", "each"])
        let project = GeneratedProject(services: first + rest, in: scratch, name: "many", isFlat: true)
        try project.write(forStep: "up -d")
        let names = (1...first).map { "s\($0)" }
        let begin = try wharf.run(project, ["up", "-d"] + names)
        table.append(["the first \(first)", milliseconds(begin), milliseconds(begin / Double(first))])
        let end = try wharf.run(project, ["up", "-d"])
        table.append(["\(rest) more", milliseconds(end), milliseconds(end / Double(rest))])
        print(table)
        let memory = Double(try wharf.memory()) / 1_048_576
        print(
            "each of the \(rest) takes \(decimal(end / Double(rest) / (begin / Double(first)), 2)) times as long; ",
            terminator: ""
        )
        print("engine and keeper have \(decimal(memory, 1)) MiB")
        print("down in \(milliseconds(try wharf.run(project, ["down"])))")
    }
}
