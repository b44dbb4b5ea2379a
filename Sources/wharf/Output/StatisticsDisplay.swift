// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import Terminal

/// What containers use as a list, drawn again as it changes.
struct StatisticsDisplay {
    var showsAll = false
    private var format = ""
    private var isOnce = false
    private var isWhole = false

    /// How many containers are asked at a time; each answer takes the engine a second.
    private static let width = 64

    /// The options of a command that shows such a list.
    ///
    /// - Parameter change: Changes the display that the command has.
    /// - Returns: The options.
    static func options(_ change: @escaping ((inout Self) -> Void) -> Void) -> [Option] {
        [
            .flag("all", short: "a", help: "Show also those that do not run.") { value in
                change { $0.showsAll = value }
            },
            .listFormat { value in change { $0.format = value } },
            .flag("no-stream", help: "Show it once.") { value in change { $0.isOnce = value } },
            .flag("no-trunc", help: "Cut nothing.") { value in change { $0.isWhole = value } },
        ]
    }

    /// Shows the list, again and again unless it is wanted once.
    ///
    /// - Parameters:
    ///   - engine: The engine.
    ///   - isFixed: Whether the containers were named, so that it is an error that none of them is there.
    ///   - targets: The containers.
    /// - Throws: What the client throws.
    func run(_ engine: EngineClient, isFixed: Bool, _ targets: () throws -> [String]) throws {
        var screen = LiveTable()
        defer { screen.finish() }
        while true {
            let (rows, failures) = try sample(try targets(), engine)
            if isFixed, rows.isEmpty, let failure = failures.first { throw failure }
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
        if targets.isEmpty, !isOnce { sleep(1) }
        let results = try Targets.results(of: targets, width: Self.width) { name in
            // The engine fills in the figures of a second ago.
            var response = try engine.statistics(of: name, streams: false)
            return try EngineClient.decode(ContainerStatistics.self, try response.bytes(limit: 1 << 20))
        }
        for (name, result) in zip(targets, results) {
            switch result {
            case .success(let statistics):
                var row = StatisticsRow(reference: name, id: statistics.id.isEmpty ? name : statistics.id)
                row.name = statistics.name.hasPrefix("/") ? String(statistics.name.dropFirst()) : statistics.name
                row.sample = StatisticsRow.Sample(statistics)
                sampling.rows.append(row)
            case .failure(let error): sampling.failures.append(error)
            }
        }
        return sampling
    }
}
