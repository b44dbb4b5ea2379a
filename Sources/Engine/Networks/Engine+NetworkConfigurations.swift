// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// Networks that are none, but what others can be made of (`--config-only`, `--config-from`).
extension Engine {
    /// A request for a new network with what it takes from a configuration.
    ///
    /// - Parameter request: The request as it came.
    /// - Returns: The request, with the name of the configuration; nil where it names none.
    /// - Throws: `notFound`, or `forbidden` where that is none, or the request says itself what the configuration says.
    func completed(
        _ request: NetworkCreateRequest
    ) throws(EngineError) -> (request: NetworkCreateRequest, configuration: String?) {
        guard let reference = request.configFrom?.network, !reference.isEmpty, !request.isConfigOnly else {
            return (request, nil)
        }
        let source = try networks.find(reference)
        guard source.definition.isConfiguration == true else {
            throw EngineError(
                .forbidden,
                "\(source.name) is not a configuration network: name one that was made with --config-only"
            )
        }
        try Self.checkIsBare(request)
        var complete = request
        let definition = source.definition
        (complete.options, complete.labels) = (definition.options, definition.labels)
        (complete.enablesIPv4, complete.enablesIPv6) = (definition.hasIPv4, definition.hasIPv6)
        complete.ipam = source.inspection.ipam
        complete.configFrom = nil
        return (complete, source.name)
    }

    /// Checks that a request leaves to its configuration what is in there; the words are Docker's.
    private static func checkIsBare(_ request: NetworkCreateRequest) throws(EngineError) {
        let ipam = request.ipam
        let isBare =
            ["", "default"].contains(ipam?.driver ?? "") && (ipam?.options ?? [:]).isEmpty
            && (ipam?.config ?? []).allSatisfy { $0 == NetworkInspection.Range() } && (request.labels ?? [:]).isEmpty
            && request.enablesIPv4 != false && request.enablesIPv6 != true
        guard isBare else {
            throw EngineError(
                .forbidden,
                "user specified configurations are not supported if the network depends on a configuration network"
            )
        }
        guard (request.options ?? [:]).isEmpty else {
            throw EngineError(
                .forbidden,
                "network driver options are not supported if the network depends on a configuration network"
            )
        }
    }

    /// Checks that no network was made of one that is to go.
    func checkIsNoSource(_ network: HostNetworks.Network) throws(EngineError) {
        guard network.definition.isConfiguration == true else { return }
        let users = networks.all.filter { $0.definition.configuration == network.name }.map(\.name)
        if users.isEmpty { return }
        throw EngineError(
            .forbidden,
            "configuration network \"\(network.name)\" is in use by \(users.joined(separator: ", ")): remove these first"
        )
    }
}

extension HostNetworks.Network {
    /// Why no container can be in a configuration.
    func refusal(toTake container: String) -> EngineError {
        EngineError(
            .forbidden,
            "the container \(container) cannot be in \(name), which is a configuration for networks and none itself: make one "
                + "of it with `wharf network create --config-from \(name) NETWORK`"
        )
    }
}
