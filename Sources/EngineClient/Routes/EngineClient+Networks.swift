// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

// A network is named by its name, by its identifier, or by the start of it.
extension EngineClient {
    package func listNetworks(_ filters: Filters = Filters()) throws -> [NetworkInspection] {
        try get([NetworkInspection].self, "/networks", ["filters": try filters.queryValue])
    }

    package func inspectNetwork(_ name: String) throws -> NetworkInspection {
        try get(NetworkInspection.self, "/networks/\(name)")
    }

    /// The JSON of an inspection as the engine writes it.
    ///
    /// - Parameters:
    ///   - name: The network.
    ///   - isVerbose: Whether services of a cluster are told of, which only other engines have.
    /// - Returns: The JSON.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func rawNetwork(_ name: String, isVerbose: Bool = false) throws -> [UInt8] {
        try getBytes("/networks/\(name)", ["verbose": isVerbose ? "true" : nil])
    }

    package func createNetwork(_ request: NetworkCreateRequest) throws -> NetworkCreateResponse {
        try post(NetworkCreateResponse.self, "/networks/create", body: try Self.json(request))
    }

    /// Removes a network that no container is in.
    package func removeNetwork(_ name: String) throws {
        try delete("/networks/\(name)")
    }

    /// Has a container in a network, from its next start on where it does not run.
    package func connectNetwork(_ name: String, _ request: NetworkConnectRequest) throws {
        try post("/networks/\(name)/connect", body: try Self.json(request))
    }

    /// Takes a container out of a network.
    package func disconnectNetwork(_ name: String, _ request: NetworkDisconnectRequest) throws {
        try post("/networks/\(name)/disconnect", body: try Self.json(request))
    }

    package func pruneNetworks(_ filters: Filters = Filters()) throws -> NetworksPruned {
        try post(NetworksPruned.self, "/networks/prune", ["filters": try filters.queryValue])
    }
}
