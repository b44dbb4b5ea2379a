// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport

/// What the processors of the machine do.
package enum MachineLoad {
    /// How long the processors have had little to do before something is measured, in samples of 50 ms each.
    private static let quietSamples = 6
    /// After that many samples it is measured all the same.
    private static let mostSamples = 200

    /// Waits until what was measured before has nothing left to do, so that nobody pays for another's leftovers.
    ///
    /// - Throws: What cannot be read.
    package static func waitUntilQuiet() throws {
        var (before, quiet) = (try ticks(), 0)
        for _ in 0..<mostSamples where quiet < quietSamples {
            // The kernel tells nobody when the processors come to rest.
            usleep(50_000)
            let now = try ticks()
            let isQuiet = (now.busy - before.busy) * 10 <= now.all - before.all
            (before, quiet) = (now, isQuiet ? quiet + 1 : 0)
        }
    }

    /// The ticks of all processors since the start of the machine, proc_stat(5): user, nice, system, idle, iowait and others.
    private static func ticks() throws -> (busy: Int, all: Int) {
        let line = try readText("/proc/stat").prefix { $0 != "\n" }
        let counts = line.split(separator: " ").dropFirst().prefix(8).compactMap { Int($0) }
        guard counts.count >= 5 else { throw SystemFailure(message: "/proc/stat tells nothing of the processors") }
        let all = counts.reduce(0, +)
        return (all - counts[3] - counts[4], all)
    }
}
