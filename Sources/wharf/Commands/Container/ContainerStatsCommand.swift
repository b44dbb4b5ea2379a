// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import Linux
import Terminal

/// `wharf container stats`: what containers use, drawn again as it changes.
final class ContainerStatsCommand {
    private let global: GlobalOptions
    private var showsAll = false
    private var format = ""
    private var isOnce = false
    private var isWhole = false
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("stats", summary: "Show what containers use.") { ContainerStatsCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container stats                  all that run, until Ctrl-C
                wharf container stats --no-stream web  once
                wharf container stats --no-stream --format json
                """,
            options: [
                .flag("all", short: "a", help: "Show also those that do not run.") { self.showsAll = $0 },
                .listFormat { self.format = $0 },
                .flag("no-stream", help: "Show it once.") { self.isOnce = $0 },
                .flag("no-trunc", help: "Cut nothing.") { self.isWhole = $0 },
            ],
            positionals: [
                .any(
                    "CONTAINER",
                    help: "The containers; all that run unless given.",
                    completion: .containers(of: global, onlyRunning: true)
                ) { self.names.append($0) }
            ],
            run: run
        )
    }

    /// How many containers are asked at a time; each answer takes the engine a second.
    private static let width = 64

    private func run() throws {
        let engine = try global.client()
        var screen = LiveTable()
        defer { screen.finish() }
        while true {
            let targets = names.isEmpty ? try engine.listContainers(showsAll: showsAll).map(\.id) : names
            let (rows, failures) = try sample(targets, engine)
            if !names.isEmpty, rows.isEmpty, let failure = failures.first { throw failure }
            let text = try Listing.statistics.text(rows.map { $0.row(truncates: !isWhole) }, format: format)
            if isOnce {
                OutputStream.standard.write(text)
                if let failure = failures.first { throw failure }
                return
            }
            screen.draw(text)
        }
    }

    private typealias Sampling = (rows: [StatisticsRow], failures: [any Error])

    /// Asks for the figures of all containers at once; a container that went away meanwhile has no row.
    private func sample(_ targets: [String], _ engine: EngineClient) throws -> Sampling {
        var sampling: Sampling = ([], [])
        var rest = targets[...]
        if rest.isEmpty, !isOnce { sleep(1) }
        while !rest.isEmpty {
            let group = Array(rest.prefix(Self.width))
            rest = rest.dropFirst(Self.width)
            let results = try Targets.results(of: group) { name in
                // The engine fills in the figures of a second ago.
                var response = try engine.statistics(of: name, streams: false)
                return try EngineClient.decode(ContainerStatistics.self, try response.bytes(limit: 1 << 20))
            }
            for (name, result) in zip(group, results) {
                switch result {
                case .success(let statistics):
                    var row = StatisticsRow(reference: name, id: statistics.id.isEmpty ? name : statistics.id)
                    row.name = statistics.name.hasPrefix("/") ? String(statistics.name.dropFirst()) : statistics.name
                    row.sample = StatisticsRow.Sample(statistics)
                    sampling.rows.append(row)
                case .failure(let error): sampling.failures.append(error)
                }
            }
        }
        return sampling
    }
}
