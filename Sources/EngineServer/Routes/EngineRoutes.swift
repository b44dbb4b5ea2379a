// SPDX-License-Identifier: Apache-2.0

package import Engine
import EngineAPI

/// The operations of the engine as routes, one extension for each subject.
package struct EngineRoutes: Sendable {
    let engine: Engine
    let upRequests = BodyMemo<ProjectUpRequest>()
    /// Ends the engine's process.
    let stop: @Sendable () -> Void

    /// The routes of an engine.
    ///
    /// - Parameters:
    ///   - engine: What they are answered by.
    ///   - stop: Called when a client asks for the end of the engine's process, after the answer.
    package init(_ engine: Engine, stop: @escaping @Sendable () -> Void) {
        self.engine = engine
        self.stop = stop
    }

    /// All of them.
    package var router: Router { Router(all) }

    /// All of them, the more special ones first.
    var all: [Route] {
        system + projects + containers + containerStreams + containerFiles + execs + images + imageArchives + builds
            + networks + volumes + missing
    }
}
