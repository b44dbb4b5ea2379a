// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

/// Who becomes the parent of the processes that a test starts.
///
/// Each suite with the trait ``Testing/Trait/everyLauncher`` runs once for each of ``all``: whatever launches
/// containers has to pass the very same tests.
enum Launchers {
    /// Every launcher there is.
    static var all: [any Launcher] { [EmbeddedLauncher()] }

    /// The one that the running test is to use.
    @TaskLocal static var current: any Launcher = EmbeddedLauncher()
}

/// Runs a test once for each launcher.
struct EveryLauncher: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    @concurrent func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        for launcher in Launchers.all {
            try await Launchers.$current.withValue(launcher) { try await function() }
        }
    }
}

extension Trait where Self == EveryLauncher {
    /// Runs a test once for each launcher, which ``Launchers/current`` names.
    static var everyLauncher: Self { Self() }
}
