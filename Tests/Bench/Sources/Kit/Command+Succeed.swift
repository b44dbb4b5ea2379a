// SPDX-License-Identifier: Apache-2.0

package import TestSupport

extension Command {
    /// Runs the program, which has to end with status 0.
    ///
    /// - Returns: How many seconds it took.
    /// - Throws: What it said on its standard error if it ended in another way, or why it does not run.
    @discardableResult
    package func succeed() throws -> Double {
        let outcome = try run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: "\(program): \(outcome.errors)") }
        return outcome.duration / .seconds(1)
    }
}
