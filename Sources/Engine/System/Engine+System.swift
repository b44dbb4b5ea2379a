// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Glibc
import Images
import Linux
import Runtime

extension Engine {
    /// The process of the engine, and what it has.
    package func status() async throws -> EngineStatus {
        var status = EngineStatus(
            version: ProductVersion.number,
            pid: getpid(),
            started: started,
            data: location.data,
            runtime: location.runtime
        )
        for unit in containers.all {
            status.containers += 1
            if await unit.isRunning { status.containersRunning += 1 }
        }
        let images = images
        status.images = try await BlockingCall.run { try images.list().images.count }
        status.memory = ResidentMemory.bytes(of: getpid()) ?? 0
        if case .keeper = keeping {
            let client = KeeperClient(socket: location.keeperSocket)
            // There is none for a moment while one that was killed is replaced.
            if let pid = try? await BlockingCall.run({ try client.hello() }) {
                status.keeperPID = pid
                status.keeperMemory = ResidentMemory.bytes(of: pid)
            }
        }
        return status
    }

    /// What happens, and what happened before where that is asked for.
    ///
    /// - Parameters:
    ///   - since: From when on; nil for now.
    ///   - until: When the stream ends; nil for never.
    ///   - filters: Those of `GET /events`.
    /// - Returns: The events.
    /// - Throws: `badParameter` for a filter that there is not.
    package func events(since: Timestamp?, until: Timestamp?, _ filters: Filters) async throws -> EventStream {
        try hub.events(since: since, until: until, try EventFilter(filters))
    }
}

/// Events in the order in which they happened.
package typealias EventStream = PulledSequence<EngineEvent>
