// SPDX-License-Identifier: Apache-2.0

/// What `GET /wharf/v1/engine` tells of the engine's process; `POST /wharf/v1/engine/stop` ends it, containers go on.
package struct EngineStatus: Codable, Equatable, Sendable {
    package var version: String
    package var pid: Int32
    package var started: Timestamp
    /// The folders of ``EngineLocation``.
    package var data: String
    package var runtime: String
    /// Nil where the engine is embedded: then its containers end with it.
    package var keeperPID: Int32?
    package var containers: Int
    package var containersRunning: Int
    package var images: Int
    /// Resident memory in bytes, of the engine and of the keeper.
    package var memory: Int64
    package var keeperMemory: Int64?

    package init(version: String, pid: Int32, started: Timestamp, data: String, runtime: String) {
        self.version = version
        self.pid = pid
        self.started = started
        self.data = data
        self.runtime = runtime
        keeperPID = nil
        containers = 0
        containersRunning = 0
        images = 0
        memory = 0
        keeperMemory = nil
    }
}
