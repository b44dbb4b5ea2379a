// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

extension EngineClient {
    /// What the engine says of itself in headers.
    package func ping() throws -> Ping {
        let response = try send(Request(.head, "/_ping"))
        return Ping(headers: response.head.headers.map { ($0.name, $0.value) })
    }

    package func version() throws -> EngineVersion { try get(EngineVersion.self, "/version") }

    package func information() throws -> EngineInformation { try get(EngineInformation.self, "/info") }

    /// What takes room on the disk.
    package func diskUsage() throws -> DiskUsage { try get(DiskUsage.self, "/system/df") }

    /// What happens, a line for each ``EngineEvent``.
    ///
    /// - Parameters:
    ///   - since: From when on, as a time that the engine reads; nil for now.
    ///   - until: Until when; nil for ever.
    ///   - filters: Those of `GET /events`.
    /// - Returns: The lines.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func events(since: String?, until: String?, _ filters: Filters = Filters()) throws -> Response {
        let query: RequestQuery = ["since": since, "until": until, "filters": try filters.queryValue]
        return try send(Request(.get, "/events", query))
    }

    /// The engine's process.
    package func status() throws -> EngineStatus { try get(EngineStatus.self, "/wharf/v1/engine") }

    /// Ends the engine's process; containers go on.
    package func stopEngine() throws { try post("/wharf/v1/engine/stop") }
}

extension Filters {
    /// The value of the query `filters`; nil where there are none.
    var queryValue: String? {
        get throws(ClientError) {
            if values.isEmpty { return nil }
            guard case .json(let bytes) = try EngineClient.json(self) else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// A flag in a query: absent where it is false.
func flag(_ value: Bool) -> String? { value ? "1" : nil }
