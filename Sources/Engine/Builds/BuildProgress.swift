// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Synchronization

/// Tells what happens in a build, with a number for each step.
final class BuildProgress: Sendable {
    /// How many steps have begun.
    private final class Count: Sendable {
        let value = Mutex(0)
    }

    private let report: Engine.BuildReport
    private let count: Count
    /// What stands before the names of steps.
    private let prefix: String

    init(_ report: @escaping Engine.BuildReport) {
        (self.report, count, prefix) = (report, Count(), "")
    }

    /// The same for one of several platforms.
    init(_ other: BuildProgress, for platform: String) {
        (report, count, prefix) = (other.report, other.count, "\(platform) ")
    }

    /// Tells of anything.
    func tell(_ event: BuildEvent) async { await report(event) }

    /// Tells that a step begins.
    ///
    /// - Parameter name: What it is called.
    /// - Returns: Tells of the rest of it.
    func begin(_ name: String) async -> Step {
        let name = prefix + name
        let number = count.value.withLock { count in
            count += 1
            return count
        }
        await report(.step(BuildEvent.Step(number: number, name: name, state: .started)))
        return Step(number: number, name: name, report: report)
    }

    /// A step that has begun.
    struct Step: Sendable {
        let number: Int
        let name: String
        private let start = ContinuousClock.now
        private let report: Engine.BuildReport

        init(number: Int, name: String, report: @escaping Engine.BuildReport) {
            (self.number, self.name, self.report) = (number, name, report)
        }

        /// Tells how it has ended.
        func end(_ state: BuildEvent.Step.State, reason: String? = nil) async {
            let time = (ContinuousClock.now - start).components
            let seconds = Double(time.seconds) + Double(time.attoseconds) / 1e18
            await report(
                .step(BuildEvent.Step(number: number, name: name, state: state, seconds: seconds, reason: reason))
            )
        }

        /// Tells why it is done although there is a cache.
        func explain(_ reason: String) async {
            await report(.step(BuildEvent.Step(number: number, name: name, state: .started, reason: reason)))
        }

        /// Tells what its program writes.
        func write(_ text: String, isError: Bool) async {
            await report(.output(BuildEvent.Output(step: number, text: text, isError: isError)))
        }
    }
}
