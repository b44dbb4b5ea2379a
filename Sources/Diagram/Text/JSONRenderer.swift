// SPDX-License-Identifier: Apache-2.0

import JSONTree

/// The graph as JSON, for other programs.
///
/// ```
/// {
///   "project": "shop",
///   "layers": [["db"], ["web"]],          names by the order of starting; those of one layer may start together
///   "services": [{
///     "name": "web",
///     "image": "nginx",                    or null
///     "build": "./web",                    or null
///     "layer": 1,                          the index in `layers`; null for one that the project lacks
///     "dependsOn": [{
///       "service": "db",
///       "condition": "service_healthy",    as in the compose file
///       "required": true,
///       "restart": false,
///       "implied": false                   whether it follows from another key, such as `links`
///     }],
///     "networks": ["default"],
///     "volumes": ["data"],                 named volumes only
///     "ports": ["8080→80"]                 published ports as the other formats show them
///   }],
///   "networks": [{"name": "default", "driver": null, "external": false}],
///   "volumes": [{"name": "data", "driver": null, "external": false}]
/// }
/// ```
///
/// Every key is always there. New keys may join; none changes its meaning.
package enum JSONRenderer {
    package static func render(_ graph: ServiceGraph) -> String {
        let layers = Layers(graph)
        var needs: [String: [JSON]] = [:]
        for dependency in graph.dependencies {
            needs[dependency.from, default: []].append(object(dependency))
        }
        let names = layers.layers.map { layer in
            JSON.strings(layer.filter { graph.services[$0].kind == .service }.map { graph.services[$0].name })
        }
        let services = graph.services.enumerated().map { index, service in
            object(service, layer: layers.rank[index], needs: needs[service.name] ?? [])
        }
        let networks = graph.networks.map { object($0.name, $0.driver, $0.isExternal) }
        let volumes = graph.volumes.map { object($0.name, $0.driver, $0.isExternal) }
        return
            ([
                "project": .string(graph.project),
                "layers": .array(names),
                "services": .array(services),
                "networks": .array(networks),
                "volumes": .array(volumes),
            ] as JSON).text(.drawing) + "\n"
    }

    private static func object(_ service: ServiceGraph.Service, layer: Int, needs: [JSON]) -> JSON {
        [
            "name": .string(service.name),
            "image": .optional(service.image),
            "build": .optional(service.build),
            "layer": service.kind == .missing ? .null : .integer(layer),
            "dependsOn": .array(needs),
            "networks": .strings(service.networks),
            "volumes": .strings(service.volumes),
            "ports": .strings(service.ports),
        ]
    }

    private static func object(_ dependency: ServiceGraph.Dependency) -> JSON {
        [
            "service": .string(dependency.to),
            "condition": .string(dependency.condition.composeName),
            "required": .bool(dependency.isRequired),
            "restart": .bool(dependency.restarts),
            "implied": .bool(dependency.isImplied),
        ]
    }

    private static func object(_ name: String, _ driver: String?, _ isExternal: Bool) -> JSON {
        ["name": .string(name), "driver": .optional(driver), "external": .bool(isExternal)]
    }
}

extension JSON.WritingStyle {
    /// Two spaces a level, lists of names on one line.
    fileprivate static let drawing: Self = {
        var style = Self(indent: 2)
        style.joinsPlainLists = true
        style.escapesControls = true
        return style
    }()
}

/// The services by the order of starting.
struct Layers {
    /// The layer of each service.
    let rank: [Int]
    private(set) var layers: [[Int]] = []

    init(_ graph: ServiceGraph) {
        rank = LayerAssignment.longestPath(Topology(graph))
        layers = Array(repeating: [], count: (rank.max() ?? -1) + 1)
        for (service, layer) in rank.enumerated() { layers[layer].append(service) }
    }
}
