// SPDX-License-Identifier: Apache-2.0

/// The graph in a few words.
struct GraphSummary {
    private let graph: ServiceGraph

    init(_ graph: ServiceGraph) {
        self.graph = graph
    }

    /// "5 services · 2 networks · 1 volume".
    var counts: String {
        var parts = [Self.count(graph.services.count, "service")]
        if !graph.networks.isEmpty { parts.append(Self.count(graph.networks.count, "network")) }
        if !graph.volumes.isEmpty { parts.append(Self.count(graph.volumes.count, "volume")) }
        return parts.joined(separator: " · ")
    }

    /// What the picture shows, for those who cannot see it.
    var prose: String {
        var byDependant: [String: [String]] = [:]
        for dependency in graph.dependencies {
            byDependant[dependency.from, default: []].append("\(dependency.to) (\(Self.remark(on: dependency)))")
        }
        var sentences = ["\(Self.count(graph.services.count, "service"))."]
        for service in graph.services.prefix(40) {
            guard let needs = byDependant[service.name] else { continue }
            sentences.append("\(service.name) depends on \(needs.prefix(12).joined(separator: ", ")).")
        }
        return sentences.joined(separator: " ")
    }

    /// "healthy, optional".
    static func remark(on dependency: ServiceGraph.Dependency) -> String {
        var words = [dependency.condition.label]
        if !dependency.isRequired { words.append("optional") }
        if dependency.restarts { words.append("restart") }
        if dependency.isImplied { words.append("implied") }
        return words.joined(separator: ", ")
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}
