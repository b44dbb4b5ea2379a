// SPDX-License-Identifier: Apache-2.0

/// One component in levels, with a dummy vertex wherever an arrow crosses a level.
///
/// Arrows of one style to one service share their dummies: they run as one trunk from where they meet. That keeps the
/// picture calm, and the number of dummies below levels × services instead of levels × arrows.
struct LayeredGraph {
    /// Services first, by the order of `members`, then dummies.
    private(set) var level: [Int]
    /// The vertices of each level in their order.
    var layers: [[Int]]
    private(set) var up: [[Int]]
    private(set) var down: [[Int]]
    /// The services by their index in the graph.
    let members: [Int]
    /// The dummies of a trunk from above, and the service at its end last.
    private(set) var trunks: [Trunk] = []
    private(set) var branches: [Branch] = []

    /// The line that arrows of one style to one service share.
    struct Trunk {
        var vertices: [Int]
        var style: EdgeStyle
        var isReversed: Bool
    }

    /// How one arrow reaches its trunk.
    struct Branch {
        /// The index of the arc in the topology.
        var arc: Int
        var from: Int
        var trunk: Int
        /// The place in the trunk where it comes in.
        var offset: Int
        /// Whether it has no dummies for want of room and runs straight to the end.
        var isDirect: Bool
    }

    init(levels: [[Int]], topology: Topology, dummyLimit: Int) {
        var members: [Int] = []
        var level: [Int] = []
        var local: [Int: Int] = [:]
        for (depth, services) in levels.enumerated() {
            for service in services {
                local[service] = members.count
                members.append(service)
                level.append(depth)
            }
        }
        self.members = members
        self.level = level
        up = Array(repeating: [], count: members.count)
        down = up
        layers = Array(repeating: [], count: levels.count)
        for vertex in members.indices {
            layers[level[vertex]].append(vertex)
        }
        for vertex in members.indices {
            addTrunks(to: vertex, topology: topology, local: local, dummyLimit: dummyLimit)
        }
    }

    var isEmpty: Bool { level.isEmpty }

    func isDummy(_ vertex: Int) -> Bool { vertex >= members.count }

    private mutating func addTrunks(to target: Int, topology: Topology, local: [Int: Int], dummyLimit: Int) {
        let arcs = topology.incoming[members[target]].compactMap { index in
            local[topology.arcs[index].from].map { (index: index, from: $0) }
        }
        let sorted = arcs.sorted { one, two in
            let (a, b) = (topology.arcs[one.index], topology.arcs[two.index])
            return (a.style.rank, level[one.from], one.from, one.index)
                < (b.style.rank, level[two.from], two.from, two.index)
        }
        var style: EdgeStyle?
        for (index, from) in sorted {
            let arc = topology.arcs[index]
            let length = level[target] - level[from]
            let isNew = arc.style != style
            var isDirect = false
            if isNew {
                // The first arrow of a style is the longest, so its trunk serves all others.
                style = arc.style
                let fits = level.count - members.count + length <= dummyLimit
                let dummies = fits ? addDummies(between: level[from] + 1, and: level[target]) : []
                trunks.append(Trunk(vertices: dummies + [target], style: arc.style, isReversed: arc.isReversed))
                linkTrunk(trunks.count - 1)
            }
            let trunk = trunks.count - 1
            let offset = max(0, trunks[trunk].vertices.count - length)
            isDirect = trunks[trunk].vertices.count < length
            branches.append(Branch(arc: index, from: from, trunk: trunk, offset: offset, isDirect: isDirect))
            if !isDirect { link(from, trunks[trunk].vertices[offset]) }
        }
    }

    private mutating func addDummies(between first: Int, and last: Int) -> [Int] {
        (first..<max(first, last)).map { depth in
            level.append(depth)
            up.append([])
            down.append([])
            layers[depth].append(level.count - 1)
            return level.count - 1
        }
    }

    private mutating func linkTrunk(_ index: Int) {
        let vertices = trunks[index].vertices
        for (upper, lower) in zip(vertices, vertices.dropFirst()) {
            link(upper, lower)
        }
    }

    private mutating func link(_ upper: Int, _ lower: Int) {
        down[upper].append(lower)
        up[lower].append(upper)
    }
}
