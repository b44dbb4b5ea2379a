// SPDX-License-Identifier: Apache-2.0

import Runtime
import RuntimeSupport
import Synchronization
import Testing

/// Who becomes the parent of the processes that a test starts.
///
/// Each suite with the trait ``Testing/Trait/everyLauncher`` runs in this process, in this process by a supervisor, and by
/// a keeper: whatever launches containers has to pass the very same tests.
enum Launchers {
    /// Those whose parts all belong to this process, for tests that count what it has.
    static let inProcess: [any Launcher] = [EmbeddedLauncher()]

    /// Whether the running test's containers are children of this process.
    static var isInProcess: Bool {
        let launcher = (current as? NumberingLauncher)?.launcher ?? current
        return launcher is EmbeddedLauncher || launcher is EmbeddedSupervisor
    }

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
        try await Launchers.$current.withValue(EmbeddedLauncher()) { try await function() }
        let supervised = NumberingLauncher(launcher: try EmbeddedSupervisor())
        try await Launchers.$current.withValue(supervised) { try await function() }
        let keeper = try TestKeeper()
        let launcher = NumberingLauncher(launcher: KeeperLauncher(keeper.client))
        try await Launchers.$current.withValue(launcher) { try await function() }
        // Not before the test is over: with it the keeper ends.
        withExtendedLifetime(keeper) {}
    }
}

/// Gives each process a name of its own, which most tests do not care to think of.
private final class NumberingLauncher: Launcher {
    let launcher: any Launcher
    private let count = Mutex(0)

    init(launcher: any Launcher) {
        self.launcher = launcher
    }

    var deathSignal: Int32? { launcher.deathSignal }

    func launch(_ plan: Plan, name: String) throws(LaunchError) -> StartingProcess {
        let number = count.withLock { count in
            count += 1
            return count
        }
        return try launcher.launch(plan, name: "\(name) \(number)")
    }
}

extension Trait where Self == EveryLauncher {
    /// Runs a test once for each launcher, which ``Launchers/current`` names.
    static var everyLauncher: Self { Self() }
}
