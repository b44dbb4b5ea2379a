// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Diagram

@Suite struct `Layout of a service graph` {
    @Test(arguments: Graphs.samples)
    func `every arrow leads to a lower rank`(graph: ServiceGraph) {
        let topology = Topology(graph)
        for ranks in [LayerAssignment.longestPath(topology), LayerAssignment.tightened(topology)] {
            for arc in topology.arcs { #expect(ranks[arc.from] > ranks[arc.to]) }
        }
    }

    @Test(arguments: Graphs.samples)
    func `tight ranks make arrows no longer`(graph: ServiceGraph) {
        let topology = Topology(graph)
        func length(_ ranks: [Int]) -> Int { topology.arcs.reduce(0) { $0 + ranks[$1.from] - ranks[$1.to] } }
        #expect(length(LayerAssignment.tightened(topology)) <= length(LayerAssignment.longestPath(topology)))
    }

    @Test func `a service that only the top needs moves up to it`() {
        let graph = ServiceGraph(
            project: "p",
            services: ["web", "api", "db", "assets"].map { .init(name: $0) },
            dependencies: [
                .init(from: "web", to: "api"), .init(from: "api", to: "db"), .init(from: "web", to: "assets"),
            ]
        )
        #expect(LayerAssignment.longestPath(Topology(graph)) == [2, 1, 0, 0])
        #expect(LayerAssignment.tightened(Topology(graph)) == [2, 1, 0, 1])
    }

    @Test func `a level beyond the limit is split into even parts`() {
        let graph = ServiceGraph(project: "p", services: (0..<10).map { .init(name: "s\($0)") })
        let levels = LayerAssignment.levels(
            of: Array(0..<10),
            ranks: Array(repeating: 0, count: 10),
            topology: Topology(graph),
            limit: 4
        )
        #expect(levels.map(\.count) == [3, 3, 4])
    }

    @Test func `arrows that close a cycle are turned round and no others`() {
        let topology = Topology(Graphs.cyclic)
        #expect(topology.arcs.filter(\.isReversed).map(\.dependency) == [2, 5])
        #expect(topology.loops == [3])
    }

    @Test(arguments: Graphs.samples)
    func `no two boxes overlap and all stand inside the picture`(graph: ServiceGraph) {
        let picture = SVGPicture(graph)
        let page = Rect(x: 0, y: 0, width: picture.size.width, height: picture.size.height).inset(by: 16)
        let boxes = picture.layout.boxes.map { $0.moved(by: picture.origin) }
        for (index, box) in boxes.enumerated() {
            #expect(page.contains(Point(x: box.x, y: box.y)) && page.contains(Point(x: box.maxX, y: box.maxY)))
            for other in boxes[(index + 1)...] { #expect(!box.inset(by: -4).overlaps(other)) }
        }
    }

    @Test(arguments: Graphs.samples)
    func `arrows end at the borders of their boxes`(graph: ServiceGraph) throws {
        let layout = SVGPicture(graph).layout
        for line in layout.lines {
            let dependency = graph.dependencies[line.dependency]
            let from = try #require(graph.services.firstIndex { $0.name == dependency.from })
            let to = try #require(graph.services.firstIndex { $0.name == dependency.to })
            let (upper, lower) = line.isReversed ? (to, from) : (from, to)
            expect(line.start, onBorderOf: layout.boxes[upper])
            expect(line.end, onBorderOf: layout.boxes[lower])
        }
    }

    private func expect(_ point: Point, onBorderOf box: Rect) {
        #expect(box.inset(by: -0.01).contains(point) && !box.inset(by: 0.01).contains(point))
    }

    @Test(arguments: Graphs.samples)
    func `arrows pass through no box`(graph: ServiceGraph) {
        let layout = SVGPicture(graph).layout
        for line in layout.lines where !line.isDirect {
            for point in line.samples(perStep: 16) {
                for box in layout.boxes { #expect(!box.inset(by: 0.1).contains(point)) }
            }
        }
    }

    @Test(arguments: Graphs.samples)
    func `words at arrows stand on no box and on no other word`(graph: ServiceGraph) {
        let picture = SVGPicture(graph)
        for (index, label) in picture.labels.enumerated() {
            for box in picture.layout.boxes { #expect(!box.overlaps(label.frame)) }
            for other in picture.labels[(index + 1)...] { #expect(!other.frame.overlaps(label.frame)) }
        }
    }

    @Test func `a box that stands behind a dependency of two levels pushes the arrow aside`() throws {
        let layout = SVGPicture(Graphs.shop).layout
        let long = try #require(layout.lines.first { $0.dependency == 0 })
        #expect(long.steps.count > 1)
    }

    @Test func `services without arrows form a grid`() {
        let graph = ServiceGraph(project: "p", services: (0..<40).map { .init(name: "s\($0)") })
        let layout = SVGPicture(graph).layout
        let rows = Set(layout.boxes.map(\.y)).count
        #expect(rows > 2 && rows < 20)
        #expect(layout.size.width < layout.size.height * 3)
    }

    @Test func `arrows of one style to one service share their trunk`() {
        var graph = Graphs.chain(4)
        graph.services += [.init(name: "x"), .init(name: "y")]
        graph.dependencies += [
            .init(from: "s3", to: "s0"), .init(from: "x", to: "s0"), .init(from: "x", to: "s2"),
        ]
        let topology = Topology(graph)
        let levels = LayerAssignment.levels(
            of: [0, 1, 2, 3, 4],
            ranks: LayerAssignment.tightened(topology),
            topology: topology,
            limit: 9
        )
        let layered = LayeredGraph(levels: levels, topology: topology, dummyLimit: 100)
        // Two arrows of three levels take two dummies together.
        #expect(layered.level.count == 7)
    }

    @Test func `a fan of several levels lies around its trunk`() {
        var graph = ServiceGraph(project: "p", services: (0..<200).map { .init(name: "s\($0)") })
        for index in 1..<200 { graph.dependencies.append(.init(from: "s\(index)", to: "s0")) }
        let layout = SVGPicture(graph).layout
        let hub = layout.boxes[0]
        let isDown = layout.direction == .down
        let middle = isDown ? hub.x + hub.width / 2 : hub.y + hub.height / 2
        let breadth = isDown ? layout.size.width : layout.size.height
        #expect(abs(middle - breadth / 2) < breadth / 20)
        #expect(max(layout.size.width, layout.size.height) < 3 * min(layout.size.width, layout.size.height))
    }

    @Test func `a graph too dense for dummies is drawn all the same`() {
        let topology = Topology(Graphs.complete(40))
        let levels = (0..<40).reversed().map { [$0] }
        let layered = LayeredGraph(levels: levels, topology: topology, dummyLimit: 50)
        #expect(layered.level.count <= 90)
        #expect(layered.branches.count == 780)
        #expect(layered.branches.contains { $0.isDirect })
    }
}

@Suite struct `Reduction of crossings` {
    private func layered(_ graph: ServiceGraph) -> [LayeredGraph] {
        let topology = Topology(graph)
        let ranks = LayerAssignment.tightened(topology)
        return topology.components().map { members in
            let levels = LayerAssignment.levels(of: members, ranks: ranks, topology: topology, limit: 12)
            return LayeredGraph(levels: levels, topology: topology, dummyLimit: 20_000)
        }
    }

    @Test(arguments: Graphs.samples)
    func `no order is worse than the one before`(graph: ServiceGraph) {
        for var component in layered(graph) {
            let before = CrossingReduction.crossings(component)
            _ = CrossingReduction.improve(&component)
            #expect(CrossingReduction.crossings(component) <= before)
        }
    }

    @Test func `two crossed arrows are uncrossed`() throws {
        let graph = ServiceGraph(
            project: "p",
            services: ["a", "b", "x", "y"].map { .init(name: $0) },
            dependencies: [
                .init(from: "a", to: "y"), .init(from: "b", to: "x"), .init(from: "b", to: "y"),
            ]
        )
        var component = try #require(layered(graph).first)
        #expect(CrossingReduction.crossings(component) == 1)
        _ = CrossingReduction.improve(&component)
        #expect(CrossingReduction.crossings(component) == 0)
    }

    @Test func `a large graph loses most of its crossings`() {
        var before = 0
        var after = 0
        for var component in layered(Graphs.random(120, fanOut: 3)) {
            before += CrossingReduction.crossings(component)
            _ = CrossingReduction.improve(&component)
            after += CrossingReduction.crossings(component)
        }
        #expect(after * 2 < before)
    }

    @Test func `work grows in step with the graph`() {
        // Twice the services may cost some more than twice the steps, but not four times.
        let small = GraphLayout(Graphs.random(200, fanOut: 2), sizes: sizes(200), labelled: false)
        let large = GraphLayout(Graphs.random(800, fanOut: 2), sizes: sizes(800), labelled: false)
        #expect(large.operations < small.operations * 16)
        #expect(large.vertices < small.vertices * 10)
    }

    @Test func `the limit of steps is kept`() throws {
        var component = try #require(layered(Graphs.random(200, fanOut: 6)).max { $0.level.count < $1.level.count })
        #expect(CrossingReduction.improve(&component, operationLimit: 20_000) < 60_000)
    }

    private func sizes(_ count: Int) -> [Size] {
        Array(repeating: Size(width: 150, height: 60), count: count)
    }
}
