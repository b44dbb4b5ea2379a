// SPDX-License-Identifier: Apache-2.0

/// Ranks of services such that each one ranks above all that it depends on.
enum LayerAssignment {
    /// The length of the longest chain of dependencies below each service: the order of starting.
    static func longestPath(_ topology: Topology) -> [Int] {
        var rank = Array(repeating: 0, count: topology.count)
        for vertex in startingOrder(topology) {
            for arc in topology.incoming[vertex] {
                let dependant = topology.arcs[arc].from
                rank[dependant] = max(rank[dependant], rank[vertex] + 1)
            }
        }
        return rank
    }

    /// Ranks with short arrows: a service moves up to its dependants where that lengthens no more than it shortens.
    static func tightened(_ topology: Topology) -> [Int] {
        var rank = longestPath(topology)
        let order = startingOrder(topology).reversed()
        for _ in 0..<4 {
            var moved = false
            for vertex in order {
                let above = topology.incoming[vertex]
                guard !above.isEmpty, above.count >= topology.outgoing[vertex].count else { continue }
                var ceiling = Int.max
                for arc in above {
                    ceiling = min(ceiling, rank[topology.arcs[arc].from] - 1)
                }
                if ceiling > rank[vertex] {
                    rank[vertex] = ceiling
                    moved = true
                }
            }
            if !moved { break }
        }
        return rank
    }

    /// The services with each one after all that it depends on.
    private static func startingOrder(_ topology: Topology) -> [Int] {
        var waiting = topology.outgoing.map(\.count)
        var order = (0..<topology.count).filter { waiting[$0] == 0 }
        var next = 0
        while next < order.count {
            for arc in topology.incoming[order[next]] {
                let dependant = topology.arcs[arc].from
                waiting[dependant] -= 1
                if waiting[dependant] == 0 { order.append(dependant) }
            }
            next += 1
        }
        return order
    }

    /// Levels from the top, counted from 0, for the members of one component.
    ///
    /// A level with more than `limit` services is split into several of like size. Services of one level never
    /// depend on each other, so any split keeps all arrows pointing down.
    static func levels(of members: [Int], ranks: [Int], topology: Topology, limit: Int) -> [[Int]] {
        guard let low = members.map({ ranks[$0] }).min(), let high = members.map({ ranks[$0] }).max() else { return [] }
        var levels = Array(repeating: [Int](), count: high - low + 1)
        for member in members {
            levels[high - ranks[member]].append(member)
        }
        return levels.filter { !$0.isEmpty }.flatMap { split($0, topology: topology, limit: max(1, limit)) }
    }

    private static func split(_ level: [Int], topology: Topology, limit: Int) -> [[Int]] {
        guard level.count > limit else { return [level] }
        // Those that more arrows reach go up, those that more arrows leave go down: both shorten arrows.
        let pull = level.map { topology.outgoing[$0].count - topology.incoming[$0].count }
        let sorted = level.indices.sorted { (pull[$0], $0) < (pull[$1], $1) }.map { level[$0] }
        let parts = (level.count + limit - 1) / limit
        return (0..<parts).map { part in
            Array(sorted[(part * level.count / parts)..<((part + 1) * level.count / parts)])
        }
    }
}
