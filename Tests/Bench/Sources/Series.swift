// SPDX-License-Identifier: Apache-2.0

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

    /// Runs all series in turn, so that what else the machine does hits all of them alike.
    ///
    /// The first run of each does not count.
    static func interleave(_ series: inout [Self], runs: Int) throws {
        for run in 0...runs {
            for index in series.indices {
                let outcome = try series[index].command.run()
                guard outcome.end == .exit(0) else {
                    throw SystemFailure(message: "\(series[index].command.program): \(outcome.errors)")
                }
                if run > 0 { series[index].outcomes.append(outcome) }
            }
        }
    }
}

private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let (lower, upper) = ((sorted.count - 1) / 2, sorted.count / 2)
    return sorted.isEmpty ? .nan : (sorted[lower] + sorted[upper]) / 2
}
