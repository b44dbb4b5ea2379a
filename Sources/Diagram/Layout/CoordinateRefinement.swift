// SPDX-License-Identifier: Apache-2.0

/// Draws placed vertices together without changing their order.
///
/// The method of Brandes and Köpf keeps trunks straight at any price, so that large pictures come out with wide empty
/// areas. Here each level in turn takes the places nearest to the weighted means of its neighbours, in the sense of
/// least squares, and a last pass straightens trunks again where there is room.
struct CoordinateRefinement {
    private let graph: LayeredGraph
    private let extent: [Double]
    private let separation: (Int, Int) -> Double
    private var centre: [Double]

    /// How hard the pieces of a trunk hold on to each other: first loosely, so that long trunks move at all.
    private var stiffness = 1.0

    private static let looseSweeps = 16
    private static let stiffSweeps = 10

    /// The refined centres; the leftmost edge is at 0.
    static func refined(
        _ centres: [Double],
        graph: LayeredGraph,
        extent: [Double],
        separation: @escaping (Int, Int) -> Double
    ) -> [Double] {
        var refinement = CoordinateRefinement(graph, extent, separation, centres)
        for sweep in 0..<(looseSweeps + stiffSweeps) {
            refinement.stiffness = sweep < looseSweeps ? 1 : 6
            let depths = Array(graph.layers.indices)
            for depth in sweep % 2 == 0 ? depths : depths.reversed() { refinement.settle(depth) }
        }
        refinement.straighten()
        let low = refinement.centre.indices.map { refinement.centre[$0] - extent[$0] / 2 }.min() ?? 0
        return refinement.centre.map { $0 - low }
    }

    private init(
        _ graph: LayeredGraph,
        _ extent: [Double],
        _ separation: @escaping (Int, Int) -> Double,
        _ centre: [Double]
    ) {
        self.graph = graph
        self.extent = extent
        self.separation = separation
        self.centre = centre
    }

    private func weight(_ one: Int, _ two: Int) -> Double {
        switch (graph.isDummy(one), graph.isDummy(two)) {
        case (true, true): stiffness
        case (false, false): 1
        default: min(2, stiffness)
        }
    }

    /// Vertices pushed against each other, which move as one.
    fileprivate struct Block {
        var sum: Double
        var weight: Double
        var count: Int

        var place: Double { sum / weight }
    }

    /// Gives each vertex of a level the best place that keeps order and distance, by pooling adjacent violators.
    private mutating func settle(_ depth: Int) {
        let layer = graph.layers[depth]
        var blocks: [Block] = []
        var offset = 0.0
        var offsets: [Double] = []
        for (index, vertex) in layer.enumerated() {
            if index > 0 { offset += separation(layer[index - 1], vertex) }
            offsets.append(offset)
            // A slight pull to where it stands keeps what nothing pulls at and damps swinging.
            var block = Block(sum: 0.2 * (centre[vertex] - offset), weight: 0.2, count: 1)
            for other in graph.up[vertex] { block.add(centre[other] - offset, weight(vertex, other)) }
            for other in graph.down[vertex] { block.add(centre[other] - offset, weight(vertex, other)) }
            while let last = blocks.last, last.place > block.place {
                block = Block(
                    sum: block.sum + last.sum,
                    weight: block.weight + last.weight,
                    count: block.count + last.count
                )
                blocks.removeLast()
            }
            blocks.append(block)
        }
        var index = 0
        for block in blocks {
            for _ in 0..<block.count {
                centre[layer[index]] = block.place + offsets[index]
                index += 1
            }
        }
    }

    /// Sets the dummies of a trunk in one line where their neighbours leave room.
    private mutating func straighten() {
        var left = Array(repeating: -1, count: centre.count)
        var right = left
        for layer in graph.layers {
            for (one, two) in zip(layer, layer.dropFirst()) {
                right[one] = two
                left[two] = one
            }
        }
        for _ in 0..<2 {
            for trunk in graph.trunks where trunk.vertices.count > 1 {
                straighten(trunk, left: left, right: right)
            }
        }
    }

    /// Cuts a trunk into the fewest runs that fit one line each, greedily from above.
    private mutating func straighten(_ trunk: LayeredGraph.Trunk, left: [Int], right: [Int]) {
        var run: [Int] = []
        var room = (low: -Double.infinity, high: Double.infinity)
        for vertex in trunk.vertices.dropLast() {
            var own = (low: -Double.infinity, high: Double.infinity)
            if left[vertex] >= 0 { own.low = centre[left[vertex]] + separation(left[vertex], vertex) }
            if right[vertex] >= 0 { own.high = centre[right[vertex]] - separation(vertex, right[vertex]) }
            let both = (low: max(room.low, own.low), high: min(room.high, own.high))
            if both.low > both.high {
                align(run, within: room)
                run = []
                room = own
            } else {
                room = both
            }
            run.append(vertex)
        }
        align(run, within: room)
    }

    private mutating func align(_ run: [Int], within room: (low: Double, high: Double)) {
        guard !run.isEmpty, room.low <= room.high else { return }
        let mean = run.reduce(0.0) { $0 + centre[$1] } / Double(run.count)
        let place = max(room.low, min(room.high, mean))
        for vertex in run { centre[vertex] = place }
    }
}

extension CoordinateRefinement.Block {
    fileprivate mutating func add(_ place: Double, _ weight: Double) {
        sum += place * weight
        self.weight += weight
    }
}
