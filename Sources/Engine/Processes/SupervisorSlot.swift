// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Runtime
import Synchronization

/// The supervisor of the moment: a keeper that died is replaced by another one.
final class SupervisorSlot: Launcher {
    private struct State {
        var current: any Supervisor
        /// How many have gone, and how many of them have been replaced.
        var losses = 0
        var replacements = 0
        /// Kept with the next replacement.
        var replacement = Promise<Void>()
    }

    private let state: Mutex<State>

    /// How many supervisors something is tried with: more than die one after the other by any chance.
    private static let attempts = 10
    /// How long whoever needs a supervisor waits for another one.
    private static let patience = Duration.seconds(10)

    init(_ supervisor: any Supervisor) {
        state = Mutex(State(current: supervisor))
    }

    var current: any Supervisor { state.withLock { $0.current } }

    /// How many have gone by now: who finds another number than before has missed a replacement.
    var losses: Int { state.withLock { $0.losses } }

    /// Notes that the current one has gone.
    func lose() {
        state.withLock { $0.losses += 1 }
    }

    /// Puts another one in its place, which knows all processes that run.
    func replace(by supervisor: any Supervisor) {
        let waiting = state.withLock { state in
            state.current = supervisor
            state.replacements = state.losses
            defer { state.replacement = Promise() }
            return state.replacement
        }
        waiting.keep(())
    }

    /// Waits until what has gone since then is replaced.
    ///
    /// - Parameter losses: How many had gone.
    /// - Returns: False where there was no other one in time.
    /// - Throws: `CancellationError`.
    func waitForReplacement(after losses: Int) async throws -> Bool {
        let replacement = state.withLock { state in
            state.losses > losses && state.replacements == state.losses ? nil : state.replacement
        }
        guard let replacement else { return true }
        return try await replacement.value(within: Self.patience) != nil
    }

    /// Runs something that needs the supervisor, again where the supervisor went away meanwhile.
    ///
    /// - Parameter body: What to run, on a thread of its own; it leaves nothing where it fails.
    /// - Returns: What it returns.
    /// - Throws: What it throws, and `LaunchError.keeper` where supervisors went away again and again.
    func retrying<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        for _ in 1...Self.attempts {
            let losses = losses
            do {
                return try await BlockingCall.run(body)
            } catch {
                // What a supervisor says no more about a start looks like many an error: the start counts as failed
                // only where the supervisor is still there.
                let isLost = try await BlockingCall.run { Self.isLoss(error) || !self.current.isServing }
                guard isLost || self.losses != losses else { throw error }
                // Whoever watches the supervisor notices the loss by itself, maybe a moment later than this.
                guard try await waitForReplacement(after: losses) else { throw error }
            }
        }
        throw LaunchError.keeper(.noAnswer("start a process"))
    }

    /// Whether an error says that the supervisor has gone.
    private static func isLoss(_ error: any Error) -> Bool {
        switch error {
        case KeeperError.unreachable(let error), LaunchError.keeper(.unreachable(let error)):
            // This process has no descriptor left to reach it with: another supervisor would not help.
            error.number != EMFILE && error.number != ENFILE
        case KeeperError.noAnswer, LaunchError.keeper(.noAnswer): true
        default: false
        }
    }

    var deathSignal: Int32? { current.deathSignal }

    func launch(_ plan: Plan, name: String) throws(LaunchError) -> StartingProcess {
        try current.launch(plan, name: name)
    }

    /// Closes the input that is held for a process; a supervisor that has gone holds none.
    func releaseInput(of name: String) {
        try? current.release(RunningProcess.HeldTag.input, of: name)
    }

    /// Forgets a process that has ended; a supervisor that has gone keeps none.
    func forget(_ name: String) {
        try? current.forget(name)
    }
}
