// SPDX-License-Identifier: Apache-2.0

/// Orders the vertices of each level so that few arrows cross.
///
/// Barycentre sweeps down and up, each followed by swaps of neighbours, until four sweeps in a row bring nothing.
struct CrossingReduction {
    private var graph: LayeredGraph
    private var position: [Int]
    /// The steps taken, which bound the work and let a test watch its growth.
    private(set) var operations = 0
    private let operationLimit: Int

    private static let sweepLimit = 24

    private init(_ graph: LayeredGraph, operationLimit: Int) {
        self.graph = graph
        self.operationLimit = operationLimit
        position = Array(repeating: 0, count: graph.level.count)
        for layer in graph.layers {
            for (index, vertex) in layer.enumerated() { position[vertex] = index }
        }
    }

    /// Improves the order of `graph` in place and returns the steps that it took.
    static func improve(_ graph: inout LayeredGraph, operationLimit: Int = 20_000_000) -> Int {
        var reduction = CrossingReduction(graph, operationLimit: operationLimit)
        reduction.run()
        graph.layers = reduction.graph.layers
        return reduction.operations
    }

    /// The number of crossings in the present order.
    static func crossings(_ graph: LayeredGraph) -> Int {
        var reduction = CrossingReduction(graph, operationLimit: .max)
        return reduction.countCrossings()
    }

    private mutating func run() {
        let given = graph.layers
        let unordered = countCrossings()
        orderDepthFirst()
        var (fewest, best) = descend()
        // Small graphs are worth a second attempt from the given order.
        if fewest > 0, graph.level.count < 600 {
            restore(given)
            let second = descend()
            if second.crossings < fewest { (fewest, best) = second }
        }
        // The depth-first order is the more even one, so it wins where it crosses no more.
        restore(fewest <= unordered ? best : given)
        centreTrunks()
    }

    private mutating func restore(_ layers: [[Int]]) {
        for depth in layers.indices { setLayer(depth, layers[depth]) }
    }

    /// Sweeps from the present order until that no longer helps, and returns the best order on the way.
    private mutating func descend() -> (crossings: Int, layers: [[Int]]) {
        var best = (crossings: countCrossings(), layers: graph.layers)
        var idle = 0
        for sweep in 0..<Self.sweepLimit where best.crossings > 0 && idle < 4 && operations < operationLimit {
            if sweep > 0 { self.sweep(downwards: sweep % 2 == 1) }
            transpose()
            let count = countCrossings()
            idle += 1
            if count < best.crossings {
                best = (count, graph.layers)
                idle = 0
            }
        }
        return best
    }

    /// Starts with the order in which a depth-first walk from the top finds the vertices.
    private mutating func orderDepthFirst() {
        var height = Array(repeating: 0, count: graph.level.count)
        for trunk in graph.trunks {
            for (index, vertex) in trunk.vertices.enumerated() { height[vertex] = trunk.vertices.count - 1 - index }
        }
        var seen = Array(repeating: false, count: graph.level.count)
        var layers = Array(repeating: [Int](), count: graph.layers.count)
        for start in graph.layers.joined() where !seen[start] {
            var stack = [start]
            while let vertex = stack.popLast() {
                guard !seen[vertex] else { continue }
                seen[vertex] = true
                layers[graph.level[vertex]].append(vertex)
                for next in nested(graph.down[vertex], height).reversed() where !seen[next] { stack.append(next) }
                operations += 1 + graph.down[vertex].count
            }
        }
        for depth in layers.indices { setLayer(depth, layers[depth]) }
    }

    /// Puts long trunks in the middle and what ends soon around them, in the given order otherwise.
    private func nested(_ vertices: [Int], _ height: [Int]) -> [Int] {
        guard let first = vertices.first, vertices.contains(where: { height[$0] != height[first] }) else {
            return vertices
        }
        var groups: [Int: [Int]] = [:]
        for vertex in vertices { groups[height[vertex], default: []].append(vertex) }
        var before: [Int] = []
        var after: [Int] = []
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            before += group.prefix((group.count + 1) / 2)
            after += group.dropFirst((group.count + 1) / 2).reversed()
        }
        return before + after.reversed()
    }

    /// Moves trunks into the middle of the services that join them, where that makes no difference to crossings.
    ///
    /// Otherwise a wide fan would lie to one side of its trunk, and a fan of several levels would become a staircase.
    private mutating func centreTrunks() {
        for depth in graph.layers.indices.dropLast() {
            let layer = graph.layers[depth]
            var ordered: [Int] = []
            var next = 0
            while next < layer.count {
                let ends = graph.down[layer[next]]
                var end = next + 1
                while ends.count == 1, end < layer.count, graph.down[layer[end]] == ends { end += 1 }
                // Services that nothing reaches can stand anywhere in the fan.
                let free = layer[next..<end].filter { graph.up[$0].isEmpty }
                let bound = layer[next..<end].filter { !graph.up[$0].isEmpty }
                ordered += free.prefix(free.count / 2) + bound + free.dropFirst(free.count / 2)
                next = end
            }
            setLayer(depth, ordered)
        }
    }

    private mutating func setLayer(_ depth: Int, _ vertices: [Int]) {
        graph.layers[depth] = vertices
        for (index, vertex) in vertices.enumerated() { position[vertex] = index }
    }

    private mutating func sweep(downwards: Bool) {
        let depths = Array(graph.layers.indices)
        for depth in downwards ? depths : depths.reversed() {
            let neighbours = downwards ? graph.up : graph.down
            orderByBarycentre(depth, neighbours)
        }
    }

    /// Sorts a level by the mean place of each vertex's neighbours; those without neighbours keep their places.
    private mutating func orderByBarycentre(_ depth: Int, _ neighbours: [[Int]]) {
        let layer = graph.layers[depth]
        var keyed: [(key: Double, index: Int)] = []
        for (index, vertex) in layer.enumerated() where !neighbours[vertex].isEmpty {
            var sum = 0
            for neighbour in neighbours[vertex] { sum += position[neighbour] }
            operations += neighbours[vertex].count
            keyed.append((Double(sum) / Double(neighbours[vertex].count), index))
        }
        let slots = keyed.map(\.index)
        keyed.sort { ($0.key, $0.index) < ($1.key, $1.index) }
        var ordered = layer
        for (slot, entry) in zip(slots, keyed) { ordered[slot] = layer[entry.index] }
        setLayer(depth, ordered)
    }

    /// Swaps neighbours of a level as long as that removes crossings.
    private mutating func transpose() {
        for _ in 0..<4 {
            var improved = false
            for depth in graph.layers.indices where operations < operationLimit {
                improved = transposeLayer(depth) || improved
            }
            if !improved { return }
        }
    }

    private mutating func transposeLayer(_ depth: Int) -> Bool {
        var layer = graph.layers[depth]
        var above = layer.map { vertex in graph.up[vertex].map { position[$0] }.sorted() }
        var below = layer.map { vertex in graph.down[vertex].map { position[$0] }.sorted() }
        var improved = false
        for _ in 0..<8 {
            var swapped = false
            for right in layer.indices.dropFirst() {
                let left = right - 1
                operations += above[left].count + above[right].count + below[left].count + below[right].count + 1
                let now = Self.inversions(above[left], above[right]) + Self.inversions(below[left], below[right])
                guard now > 0 else { continue }
                let then = Self.inversions(above[right], above[left]) + Self.inversions(below[right], below[left])
                guard then < now else { continue }
                layer.swapAt(left, right)
                above.swapAt(left, right)
                below.swapAt(left, right)
                swapped = true
            }
            if !swapped { break }
            improved = true
        }
        if improved { setLayer(depth, layer) }
        return improved
    }

    /// The pairs of an element of `left` that is greater than one of `right`, both sorted.
    private static func inversions(_ left: [Int], _ right: [Int]) -> Int {
        var count = 0
        var smaller = 0
        for value in left {
            while smaller < right.count, right[smaller] < value { smaller += 1 }
            count += smaller
        }
        return count
    }

    private mutating func countCrossings() -> Int {
        var total = 0
        for depth in graph.layers.indices.dropLast() {
            total += countCrossings(below: depth)
        }
        return total
    }

    /// Counts inversions of the lower ends with a binary indexed tree.
    private mutating func countCrossings(below depth: Int) -> Int {
        let size = graph.layers[depth + 1].count
        var tree = Array(repeating: 0, count: size + 1)
        var inserted = 0
        var total = 0
        for vertex in graph.layers[depth] {
            let ends = graph.down[vertex].map { position[$0] }.sorted()
            operations += ends.count
            for end in ends {
                var index = end + 1
                var notGreater = 0
                while index > 0 {
                    notGreater += tree[index]
                    index &= index - 1
                }
                total += inserted - notGreater
            }
            for end in ends {
                var index = end + 1
                while index <= size {
                    tree[index] += 1
                    index += index & -index
                }
                inserted += 1
            }
        }
        return total
    }
}
