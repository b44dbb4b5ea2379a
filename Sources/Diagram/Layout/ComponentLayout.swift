// SPDX-License-Identifier: Apache-2.0

/// The places of the services of one component, with its upper left corner at the origin.
struct ComponentLayout {
    private(set) var size: Size
    /// The box of each service of ``members``.
    private(set) var boxes: [Rect]
    private(set) var members: [Int]
    private(set) var lines: [Line]
    private(set) var crossings: Int
    private(set) var vertices: Int
    private(set) var operations: Int

    /// The room that a picture needs.
    struct Spacing {
        var boxes: Double
        /// The least room between levels.
        var levels: Double

        /// The usual room, with more between levels where arrows carry words.
        init(_ direction: Direction, labelled: Bool) {
            switch direction {
            case .down: (boxes, levels) = (28, labelled ? 76 : 56)
            case .right: (boxes, levels) = (20, labelled ? 92 : 64)
            }
        }
    }

    init(levels: [[Int]], topology: Topology, sizes: [Size], direction: Direction, labelled: Bool) {
        let spacing = Spacing(direction, labelled: labelled)
        var graph = LayeredGraph(levels: levels, topology: topology, dummyLimit: 20_000)
        operations = CrossingReduction.improve(&graph)
        crossings = CrossingReduction.crossings(graph)
        vertices = graph.level.count
        members = graph.members

        let own = graph.members.map { sizes[$0] }
        let extent = graph.level.indices.map { vertex in
            graph.isDummy(vertex) ? 0 : direction == .down ? own[vertex].width : own[vertex].height
        }
        let depth = own.map { direction == .down ? $0.height : $0.width }
        let gaps = CoordinateAssignment.Gaps(boxes: spacing.boxes, boxAndLine: 16, lines: 12)
        let across = CoordinateAssignment.centres(graph, extent: extent, gaps: gaps)
        let bands = Self.bands(graph, across: across, depth: depth, gap: spacing.levels)
        let routing = EdgeRouting(
            graph: graph,
            topology: topology,
            direction: direction,
            across: across,
            extent: extent,
            depth: depth,
            bands: bands
        )
        lines = routing.lines()
        boxes = graph.members.indices.map { vertex in
            let corner = direction.point(
                across: across[vertex] - extent[vertex] / 2,
                along: bands[graph.level[vertex]].start
            )
            return Rect(x: corner.x, y: corner.y, width: own[vertex].width, height: own[vertex].height)
        }
        let breadth = graph.level.indices.map { across[$0] + extent[$0] / 2 }.max() ?? 0
        let corner = direction.point(across: breadth, along: bands.last?.end ?? 0)
        size = Size(width: corner.x, height: corner.y)
    }

    /// Stacks the levels, with more room where arrows go far aside so that they do not run too steep.
    private static func bands(
        _ graph: LayeredGraph,
        across: [Double],
        depth: [Double],
        gap: Double
    ) -> [(start: Double, end: Double)] {
        var bands: [(start: Double, end: Double)] = []
        var start = 0.0
        for layer in graph.layers {
            let thickness = layer.map { graph.isDummy($0) ? 0 : depth[$0] }.max() ?? 0
            bands.append((start, start + thickness))
            var aside = 0.0
            for vertex in layer {
                for next in graph.down[vertex] { aside = max(aside, abs(across[next] - across[vertex])) }
            }
            start += thickness + min(max(gap, aside * 0.2), max(gap, 150))
        }
        return bands
    }
}
