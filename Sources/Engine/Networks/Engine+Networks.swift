// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

extension Engine {
    /// The networks, by their names.
    ///
    /// - Parameter filters: `name` as a part of it, `id` as its start, `label`, `driver`, `scope`, `type` and `dangling`.
    /// - Returns: Those that fit, without their containers.
    /// - Throws: `badParameter` for other filters.
    package func listNetworks(_ filters: Filters) async throws -> [NetworkInspection] {
        throw EngineError(.notImplemented, "networks")
    }

    /// A network with the containers that run in it.
    ///
    /// - Parameter reference: Its identifier, its name, or the start of the identifier.
    /// - Throws: `notFound`, or `badParameter` where several identifiers start so.
    package func inspectNetwork(_ reference: String) async throws -> NetworkInspection {
        throw EngineError(.notImplemented, "networks")
    }

    /// Makes a network.
    ///
    /// - Throws: `badParameter` with the field, or `conflict` where the name or the subnet is taken.
    package func createNetwork(_ request: NetworkCreateRequest) async throws -> NetworkCreateResponse {
        throw EngineError(.notImplemented, "networks")
    }

    /// Removes a network.
    ///
    /// - Throws: `notFound`, or `forbidden` where containers are in it, or where every engine has it.
    package func removeNetwork(_ reference: String) async throws {
        throw EngineError(.notImplemented, "networks")
    }

    /// Has a container in a network from now on, or from its next start on.
    package func connectNetwork(_ reference: String, _ request: NetworkConnectRequest) async throws {
        throw EngineError(.notImplemented, "networks")
    }

    /// Takes a container out of a network.
    package func disconnectNetwork(_ reference: String, _ request: NetworkDisconnectRequest) async throws {
        throw EngineError(.notImplemented, "networks")
    }

    /// Removes the networks that no container uses; the filters are `until` and `label`.
    package func pruneNetworks(_ filters: Filters) async throws -> NetworksPruned {
        throw EngineError(.notImplemented, "networks")
    }
}
