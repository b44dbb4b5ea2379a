// SPDX-License-Identifier: Apache-2.0

/// Draws the arrows of one component as smooth lines.
///
/// A line runs straight through the band of each level and bends only in the gaps between bands, where no box stands:
/// so it can touch no box but its own two.
struct EdgeRouting {
    let graph: LayeredGraph
    let topology: Topology
    let direction: Direction
    /// The centre of each vertex across the arrows.
    let across: [Double]
    /// The size of each vertex across the arrows.
    let extent: [Double]
    /// The size of each box along the arrows.
    let depth: [Double]
    /// Where the band of each level begins and ends.
    let bands: [(start: Double, end: Double)]

    func lines() -> [Line] {
        let starts = startPlaces()
        let ends = endPlaces()
        return graph.branches.indices.map { line($0, start: starts[$0], end: ends[graph.branches[$0].trunk]) }
            .sorted { $0.dependency < $1.dependency }
    }

    private func line(_ index: Int, start: Double, end: Double) -> Line {
        let branch = graph.branches[index]
        let trunk = graph.trunks[branch.trunk]
        let target = trunk.vertices[trunk.vertices.count - 1]
        let leave = bands[graph.level[branch.from]].start + depth[branch.from]
        let arrive = bands[graph.level[target]].start
        let owns = branch.offset == 0 && isOwner(index)
        var pen = Pen(direction: direction, across: start, along: leave)
        if branch.isDirect {
            pen.bend(across: end, along: arrive)
        } else {
            pen.go(along: bands[graph.level[branch.from]].end)
            for vertex in trunk.vertices.dropFirst(branch.offset) {
                let band = bands[graph.level[vertex]]
                pen.bend(across: vertex == target ? end : across[vertex], along: band.start)
                guard owns, vertex != target else { break }
                pen.go(along: band.end)
            }
        }
        let arc = topology.arcs[branch.arc]
        return Line(
            dependency: arc.dependency,
            style: arc.style,
            start: direction.point(across: start, along: leave),
            end: direction.point(across: end, along: arrive),
            steps: pen.steps,
            isReversed: arc.isReversed,
            ownsTrunk: owns,
            isDirect: branch.isDirect
        )
    }

    private func isOwner(_ index: Int) -> Bool {
        index == 0 || graph.branches[index - 1].trunk != graph.branches[index].trunk
    }

    /// Spreads the arrows that leave a box over its border, in the order of where they go.
    private func startPlaces() -> [Double] {
        var leaving = Array(repeating: [Int](), count: graph.members.count)
        for (index, branch) in graph.branches.enumerated() {
            leaving[branch.from].append(index)
        }
        var places = Array(repeating: 0.0, count: graph.branches.count)
        for (vertex, indices) in leaving.enumerated() {
            let sorted = indices.sorted { (across[next($0)], $0) < (across[next($1)], $1) }
            for (index, place) in zip(sorted, spread(sorted.count, on: vertex, distance: 9)) {
                places[index] = place
            }
        }
        return places
    }

    private func next(_ branch: Int) -> Int {
        let trunk = graph.trunks[graph.branches[branch].trunk].vertices
        return graph.branches[branch].isDirect ? trunk[trunk.count - 1] : trunk[graph.branches[branch].offset]
    }

    /// Spreads the trunks that reach a box over its border, in the order of where they come from.
    private func endPlaces() -> [Double] {
        var sums = Array(repeating: (sum: 0.0, count: 0), count: graph.trunks.count)
        for branch in graph.branches {
            let trunk = graph.trunks[branch.trunk].vertices
            let before = trunk.count > 1 && !branch.isDirect ? trunk[trunk.count - 2] : branch.from
            sums[branch.trunk].sum += across[before]
            sums[branch.trunk].count += 1
        }
        var arriving = Array(repeating: [Int](), count: graph.members.count)
        for (index, trunk) in graph.trunks.enumerated() {
            arriving[trunk.vertices[trunk.vertices.count - 1]].append(index)
        }
        var places = Array(repeating: 0.0, count: graph.trunks.count)
        for (vertex, indices) in arriving.enumerated() {
            let mean = { (index: Int) in sums[index].sum / Double(max(1, sums[index].count)) }
            let sorted = indices.sorted { (mean($0), $0) < (mean($1), $1) }
            for (index, place) in zip(sorted, spread(sorted.count, on: vertex, distance: 16)) {
                places[index] = place
            }
        }
        return places
    }

    private func spread(_ count: Int, on vertex: Int, distance: Double) -> [Double] {
        guard count > 1 else { return [across[vertex]] }
        let step = min(distance, (extent[vertex] - 24) / Double(count - 1))
        return (0..<count).map { across[vertex] + (Double($0) - Double(count - 1) / 2) * step }
    }
}

/// Collects the pieces of one line.
private struct Pen {
    let direction: Direction
    var across: Double
    var along: Double
    private(set) var steps: [Step] = []

    init(direction: Direction, across: Double, along: Double) {
        self.direction = direction
        self.across = across
        self.along = along
    }

    mutating func go(along next: Double) {
        guard next > along + 0.01 else { return }
        along = next
        steps.append(.line(to: direction.point(across: across, along: along)))
    }

    /// Moves to another place across in the shape of an S that begins and ends along the arrows.
    mutating func bend(across next: Double, along end: Double) {
        guard abs(next - across) > 0.05 else { return go(along: end) }
        let middle = (along + end) / 2
        steps.append(
            .curve(
                direction.point(across: across, along: middle),
                direction.point(across: next, along: middle),
                to: direction.point(across: next, along: end)
            )
        )
        across = next
        along = end
    }
}
