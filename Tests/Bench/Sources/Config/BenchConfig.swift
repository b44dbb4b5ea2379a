// SPDX-License-Identifier: Apache-2.0

import BenchKit
import Glibc
import TestSupport

/// Compares `wharf config` with `docker-compose config`, and `wharf config` of one size with another.
///
///     bench-config WHARF [DOCKER-COMPOSE]
@main
enum BenchConfig {
    static func main() {
        do {
            try run()
        } catch {
            print("bench-config: \(error)")
            exit(1)
        }
    }

    private static func run() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let wharf = arguments.first, arguments.count <= 2 else {
            throw SystemFailure(message: "usage: bench-config WHARF [DOCKER-COMPOSE]")
        }
        let scratch = try Scratch()
        if let compose = arguments.dropFirst().first { try compare(wharf, with: compose, in: scratch) }
        try scale(wharf, in: scratch)
    }

    private static let small = """
        services:
          web:
            image: nginx:${TAG:-alpine}
            ports: ["8080:80"]
            depends_on: [db]
          db:
            image: postgres
            volumes: [data:/var/lib/postgresql/data]
        volumes:
          data:

        """

    /// Prints both programs side by side.
    private static func compare(_ wharf: String, with compose: String, in scratch: Scratch) throws {
        var table = Table([
            "wharf config", "wharf", "compose", "faster", "wharf", "compose", "memory", "output",
        ])
        let projects = [
            (name: "a small file", arguments: ["-f", try scratch.write("small/compose.yaml", small)], runs: 31),
            (name: "1,000 services", arguments: try GeneratedProject(services: 1_000).write(to: scratch), runs: 2),
        ]
        for project in projects {
            var series = [wharf, compose].map { Series(config(of: $0, project.arguments, in: scratch)) }
            try Series.alternate(&series, blocks: 4, of: project.runs)
            let (ours, theirs) = (series[0], series[1])
            table.append([
                project.name,
                milliseconds(ours.seconds),
                milliseconds(theirs.seconds),
                "\(decimal(theirs.seconds / ours.seconds, 1)) times",
                "\(decimal(ours.megabytes, 1)) MB",
                "\(decimal(theirs.megabytes, 1)) MB",
                decimal(ours.megabytes / theirs.megabytes, 2),
                ours.output == theirs.output ? "equal" : "different",
            ])
        }
        print(table)
    }

    /// Prints how time and memory grow with the number of services.
    private static func scale(_ wharf: String, in scratch: Scratch) throws {
        var table = Table(["wharf config", "time", "each more", "memory", "each more"])
        var series = try [100, 1_000, 10_000].map {
            Series(config(of: wharf, try GeneratedProject(services: $0).write(to: scratch), in: scratch))
        }
        try Series.alternate(&series, blocks: 2, of: 2)
        let base = series[0]
        for (index, services) in [100, 1_000, 10_000].enumerated() {
            let (current, more) = (series[index], Double(services - 100))
            table.append([
                "\(services) services",
                milliseconds(current.seconds),
                "\(decimal((current.seconds - base.seconds) / more * 1e6, 1)) µs",
                "\(decimal(current.megabytes, 1)) MB",
                "\(decimal((current.megabytes - base.megabytes) / more * 1e3, 1)) kB",
            ])
        }
        print(table)
    }

    private static func config(of program: String, _ files: [String], in scratch: Scratch) -> Command {
        var command = Command(program, files + ["config"], in: scratch.path)
        command.environment = ["PATH": "/usr/bin:/bin", "HOME": scratch.path, "MEASURE_WARM_UP": "1"]
        command.watchdogSeconds = 600
        return command
    }
}
