// SPDX-License-Identifier: Apache-2.0

import BenchKit
import TestSupport

/// A command of one program that is run several times.
struct Series {
    var command: Command
    private var outcomes: [Command.Outcome] = []

    init(_ command: Command) {
        self.command = command
    }

    /// The output of the last run.
    var output: String { outcomes.last?.output ?? "" }

    /// The median of the times in seconds.
    var seconds: Double {
        median(outcomes.map { $0.duration / .seconds(1) })
    }

    /// The median of the peaks of memory in MB.
    var megabytes: Double {
        median(outcomes.map { Double($0.peakMemory) / 1_000_000 })
    }

    /// Runs all series in turn, block by block, so that a change of the machine's speed meets each of them.
    ///
    /// The first run of a block is not counted: it finds the caches full of the other program.
    ///
    /// - Parameters:
    ///   - series: The series, to which the outcomes are added.
    ///   - blocks: How many blocks each series gets.
    ///   - runs: How many runs of a block count.
    /// - Throws: ``SystemFailure`` where a program cannot be run or fails.
    static func alternate(_ series: inout [Self], blocks: Int, of runs: Int) throws {
        for _ in 0..<blocks {
            for index in series.indices {
                for run in 0...runs {
                    let outcome = try series[index].command.run()
                    guard outcome.end == .exit(0) else {
                        throw SystemFailure(message: "\(series[index].command.program) failed: \(outcome.errors)")
                    }
                    if run > 0 { series[index].outcomes.append(outcome) }
                }
            }
        }
    }
}
