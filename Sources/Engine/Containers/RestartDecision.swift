// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// Whether and when a container that has ended is started again.
struct RestartDecision: Equatable, Sendable {
    /// How long to wait; nil where it is not started again.
    let delay: Duration?

    /// The first pause, which doubles with each restart up to the longest.
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(60)
    /// A run that was at least that long has been a success, so that the pauses start anew.
    private static let goodRun = Duration.seconds(10)

    /// Decides as Docker does.
    ///
    /// - Parameters:
    ///   - policy: The container's policy.
    ///   - exitStatus: How it ended.
    ///   - wasStopped: Whether a user stopped it.
    ///   - restarts: How often it was started again since its user started it.
    ///   - pauses: How often in a row without a good run.
    ///   - run: How long it ran.
    init(
        _ policy: RestartPolicy,
        exitStatus: Int32,
        wasStopped: Bool,
        restarts: Int,
        pauses: Int,
        run: Duration
    ) {
        let wantsRestart =
            switch policy.name {
            case "always", "unless-stopped": true
            case "on-failure":
                exitStatus != 0 && (policy.maximumRetryCount == 0 || restarts < policy.maximumRetryCount)
            default: false
            }
        guard wantsRestart, !wasStopped else {
            delay = nil
            return
        }
        let exponent = run >= Self.goodRun ? 0 : min(pauses, 16)
        delay = min(Self.longestPause, Self.shortestPause * (1 << exponent))
    }

    /// Whether a container that ended without an engine is started by the next one.
    static func startsWithEngine(_ policy: RestartPolicy, wasStopped: Bool, wasRunning: Bool) -> Bool {
        switch policy.name {
        case "always", "unless-stopped": !wasStopped
        case "on-failure": wasRunning && !wasStopped
        default: false
        }
    }
}
