// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux

/// Probes a container again and again, as long as it runs and is not paused.
///
/// It holds no thread while it waits. The next monitor of the container begins when this one has finished, so that there is
/// never more than one probe.
final class HealthMonitor: Sendable {
    /// Kept where it is to stop: a probe under way is ended, and its result does not count.
    let stopped = Promise<Void>()
    /// Kept when nothing of it runs any more.
    let finished = Promise<Void>()
    private let predecessor: HealthMonitor?

    init(after predecessor: HealthMonitor?) {
        self.predecessor = predecessor?.finished.current == nil ? predecessor : nil
    }

    /// Probes until it is stopped, or the task is cancelled.
    func run(_ container: ContainerUnit) async {
        defer { finished.keep(()) }
        try? await predecessor?.finished.value()
        while let delay = await container.probeDelay(for: self) {
            let isStopped = (try? await stopped.value(within: delay)) != nil
            guard !isStopped, !Task.isCancelled, let probe = await container.beginProbe(for: self) else { return }
            let result = await probe.result(until: stopped)
            if Task.isCancelled { return }
            await container.probeEnded(result, for: self)
        }
    }
}
