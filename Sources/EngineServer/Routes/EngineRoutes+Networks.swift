// SPDX-License-Identifier: Apache-2.0

import EngineAPI

extension EngineRoutes {
    /// The networks that are there always: what lists of clients ask for.
    var networks: [Route] {
        [
            Route("GET", "networks") { request, response in
                let filters = try request.query.filters([
                    "dangling", "driver", "id", "label", "name", "scope", "type",
                ])
                try await response.send(json: try NetworkInspection.builtin.filter { try $0.fits(filters) })
            },
            Route("GET", "networks/{id}") { request, response in
                let reference = request["id"]
                let found = NetworkInspection.builtin.first {
                    $0.name == reference || ObjectID.isPrefix(reference) && $0.id.hasPrefix(reference)
                }
                guard let found else { throw EngineError(.notFound, "network \(reference) not found") }
                try await response.send(json: found)
            },
        ]
    }
}

extension NetworkInspection {
    /// Whether the network is one of those that filters ask for.
    fileprivate func fits(_ filters: Filters) throws(EngineError) -> Bool {
        // Not one of them can be removed, whether used or not.
        if try filters.boolean("dangling") == true { return false }
        func accepts(_ key: String, _ fits: (String) -> Bool) -> Bool {
            filters[key].isEmpty || filters[key].contains(where: fits)
        }
        return accepts("driver") { $0 == driver } && accepts("id") { id.hasPrefix($0) }
            && accepts("type") { $0 == "builtin" }
            && accepts("name") { name.contains($0) } && accepts("scope") { $0 == scope } && filters.accept(labels: [:])
    }
}
