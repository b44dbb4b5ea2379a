// SPDX-License-Identifier: Apache-2.0

/// Places the vertices of each level along it: straight long arrows, no overlap, little width.
///
/// This is the method of Brandes and Köpf. It aligns each vertex with its median neighbour in four ways (from above or
/// below, leaning left or right), packs each alignment, and takes the mean of the middle two of the four places.
struct CoordinateAssignment {
    private let graph: LayeredGraph
    private let extent: [Double]
    private let gaps: Gaps
    private var conflicts: Set<Conflict> = []

    /// The least free room between neighbours.
    struct Gaps {
        var boxes: Double
        var boxAndLine: Double
        var lines: Double
    }

    private struct Conflict: Hashable {
        var upper: Int
        var lower: Int
    }

    private init(_ graph: LayeredGraph, extent: [Double], gaps: Gaps) {
        self.graph = graph
        self.extent = extent
        self.gaps = gaps
        findConflicts()
    }

    /// The centres of all vertices; the leftmost edge is at 0.
    ///
    /// The extent is the size of each vertex along its level.
    static func centres(_ graph: LayeredGraph, extent: [Double], gaps: Gaps) -> [Double] {
        guard !graph.isEmpty else { return [] }
        let assignment = CoordinateAssignment(graph, extent: extent, gaps: gaps)
        var candidates: [[Double]] = []
        for fromBelow in [false, true] {
            for leaningRight in [false, true] {
                candidates.append(assignment.candidate(fromBelow: fromBelow, leaningRight: leaningRight))
            }
        }
        return CoordinateRefinement.refined(
            assignment.balanced(candidates),
            graph: graph,
            extent: extent,
            separation: assignment.separation
        )
    }

    /// Finds the arrow pieces that cross a trunk: the trunk stays straight and they give way.
    private mutating func findConflicts() {
        guard graph.layers.count > 2 else { return }
        var position = Array(repeating: 0, count: graph.level.count)
        for layer in graph.layers {
            for (index, vertex) in layer.enumerated() { position[vertex] = index }
        }
        for depth in 1..<graph.layers.count {
            let lower = graph.layers[depth]
            var first = 0
            var scanned = 0
            for (index, vertex) in lower.enumerated() {
                let inner = graph.isDummy(vertex) ? graph.up[vertex].first(where: graph.isDummy) : nil
                guard inner != nil || index == lower.count - 1 else { continue }
                let last = inner.map { position[$0] } ?? graph.layers[depth - 1].count
                while scanned <= index {
                    let other = lower[scanned]
                    for upper in graph.up[other] where position[upper] < first || position[upper] > last {
                        if !(graph.isDummy(other) && graph.isDummy(upper)) {
                            conflicts.insert(Conflict(upper: upper, lower: other))
                        }
                    }
                    scanned += 1
                }
                first = last
            }
        }
    }

    private func separation(_ left: Int, _ right: Int) -> Double {
        let gap =
            switch (graph.isDummy(left), graph.isDummy(right)) {
            case (false, false): gaps.boxes
            case (true, true): gaps.lines
            default: gaps.boxAndLine
            }
        return (extent[left] + extent[right]) / 2 + gap
    }

    private func candidate(fromBelow: Bool, leaningRight: Bool) -> [Double] {
        var layers = fromBelow ? graph.layers.reversed() : graph.layers
        if leaningRight { layers = layers.map { $0.reversed() } }
        let root = align(layers, neighbours: fromBelow ? graph.down : graph.up, fromBelow: fromBelow)
        let places = compact(layers, root: root)
        return leaningRight ? places.map { -$0 } : places
    }

    /// Joins vertices into blocks that stand in one line; returns the first vertex of each one's block.
    private func align(_ layers: [[Int]], neighbours: [[Int]], fromBelow: Bool) -> [Int] {
        var position = Array(repeating: 0, count: graph.level.count)
        for layer in layers {
            for (index, vertex) in layer.enumerated() { position[vertex] = index }
        }
        var root = Array(graph.level.indices)
        for layer in layers.dropFirst() {
            var last = -1
            for vertex in layer {
                let sorted = neighbours[vertex].sorted { position[$0] < position[$1] }
                guard !sorted.isEmpty else { continue }
                for index in Set([(sorted.count - 1) / 2, sorted.count / 2]).sorted() where root[vertex] == vertex {
                    let median = sorted[index]
                    let conflict =
                        fromBelow
                        ? Conflict(upper: vertex, lower: median) : Conflict(upper: median, lower: vertex)
                    guard position[median] > last, !conflicts.contains(conflict) else { continue }
                    root[vertex] = root[median]
                    last = position[median]
                }
            }
        }
        return root
    }

    /// Packs blocks to the left, then lets each one move right as far as the next one allows.
    private func compact(_ layers: [[Int]], root: [Int]) -> [Double] {
        var after: [[(block: Int, distance: Double)]] = Array(repeating: [], count: root.count)
        var waiting = Array(repeating: 0, count: root.count)
        for layer in layers {
            for (left, right) in zip(layer, layer.dropFirst()) {
                after[root[left]].append((root[right], separation(left, right)))
                waiting[root[right]] += 1
            }
        }
        var place = Array(repeating: 0.0, count: root.count)
        var order = root.indices.filter { root[$0] == $0 && waiting[$0] == 0 }
        var next = 0
        while next < order.count {
            let block = order[next]
            next += 1
            for (other, distance) in after[block] {
                place[other] = max(place[other], place[block] + distance)
                waiting[other] -= 1
                if waiting[other] == 0 { order.append(other) }
            }
        }
        for block in order.reversed() {
            let room = after[block].map { place[$0.block] - $0.distance }.min()
            if let room { place[block] = max(place[block], room) }
        }
        return root.map { place[$0] }
    }

    /// Lines the four candidates up with the narrowest and takes the mean of the middle two.
    private func balanced(_ candidates: [[Double]]) -> [Double] {
        let bounds = candidates.map(bounds)
        let narrowest = bounds.min { $0.high - $0.low < $1.high - $1.low } ?? (0, 0)
        var centres = Array(repeating: 0.0, count: extent.count)
        for vertex in centres.indices {
            let values = candidates.indices.map { index in
                let shift =
                    index % 2 == 0
                    ? narrowest.low - bounds[index].low : narrowest.high - bounds[index].high
                return candidates[index][vertex] + shift
            }.sorted()
            centres[vertex] = (values[1] + values[2]) / 2
        }
        let low = self.bounds(centres).low
        return centres.map { $0 - low }
    }

    private func bounds(_ centres: [Double]) -> (low: Double, high: Double) {
        var low = Double.infinity
        var high = -Double.infinity
        for (vertex, centre) in centres.enumerated() {
            low = min(low, centre - extent[vertex] / 2)
            high = max(high, centre + extent[vertex] / 2)
        }
        return (low, high)
    }
}
