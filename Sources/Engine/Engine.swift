// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

/// The engine: knows every container and image of its location, and does what clients ask for.
///
/// Its operations have the names and the shapes of the Docker Engine API; those on containers take an identifier, the start
/// of one, or a name. They throw ``EngineError`` in the words that clients look for.
package final class Engine: Sendable {
    package let location: EngineLocation

    init(location: EngineLocation) {
        self.location = location
    }

    /// Starts the engine of a location: takes over what runs there.
    ///
    /// - Parameters:
    ///   - location: The location, whose folders exist and whose lock the caller holds.
    ///   - keeperProgram: The program that keeps containers; nil keeps them in this process, with which they end.
    /// - Returns: The engine.
    /// - Throws: Why it cannot be started.
    package static func start(at location: EngineLocation, keeperProgram: String?) async throws -> Engine {
        Engine(location: location)
    }

    /// Whether nothing runs and nothing is to be done later, so that the process may end.
    package func isIdle() async -> Bool {
        true
    }

    /// Ends the work of this process; containers that a keeper keeps go on.
    package func stop() async {}
}
