// SPDX-License-Identifier: Apache-2.0

/// The places of all services and arrows of a graph, with the upper left corner at the origin.
struct GraphLayout {
    private(set) var size: Size
    private(set) var direction: Direction
    /// The box of each service.
    private(set) var boxes: [Rect]
    private(set) var lines: [Line] = []
    private(set) var crossings = 0
    /// Services and dummies.
    private(set) var vertices = 0
    /// The steps of crossing reduction, the costliest phase.
    private(set) var operations = 0

    /// The width to height that pictures aim at.
    private static let aspect = 1.5
    private static let componentGap = 44.0
    private static let gridGap = 20.0

    /// Lays `graph` out both ways, downwards and to the right, and keeps the one that fits a page better.
    init(_ graph: ServiceGraph, sizes: [Size], labelled: Bool) {
        let topology = Topology(graph)
        let components = topology.components()
        let ranks = LayerAssignment.tightened(topology)
        let down = GraphLayout(topology, components, ranks, sizes, .down, labelled)
        let right = GraphLayout(topology, components, ranks, sizes, .right, labelled)
        self = right.badness < down.badness ? right : down
    }

    /// The width of the page of the right shape that holds the picture.
    private var badness: Double {
        max(size.width, size.height * Self.aspect)
    }

    private init(
        _ topology: Topology,
        _ components: [[Int]],
        _ ranks: [Int],
        _ sizes: [Size],
        _ direction: Direction,
        _ labelled: Bool
    ) {
        self.direction = direction
        size = Size(width: 0, height: 0)
        boxes = sizes.map { Rect(x: 0, y: 0, width: $0.width, height: $0.height) }
        let layouts = components.filter { $0.count > 1 }.map { members in
            let limit = Self.levelLimit(members.count, sizes: sizes, direction: direction, labelled: labelled)
            let levels = LayerAssignment.levels(of: members, ranks: ranks, topology: topology, limit: limit)
            return ComponentLayout(
                levels: levels,
                topology: topology,
                sizes: sizes,
                direction: direction,
                labelled: labelled
            )
        }
        let isolated = components.filter { $0.count == 1 }.map { $0[0] }
        let packings = Self.widthLimits(layouts).map { limit in
            var packed = self
            packed.pack(layouts, isolated: isolated, limit: limit)
            return packed
        }
        if let best = packings.min(by: { $0.badness < $1.badness }) { self = best }
    }

    /// The widths of rows of components that are worth a try: that of the widest, and that of a well-shaped page.
    private static func widthLimits(_ layouts: [ComponentLayout]) -> [Double] {
        let area = layouts.reduce(0.0) { $0 + ($1.size.width + componentGap) * ($1.size.height + componentGap) }
        let widest = layouts.map(\.size.width).max() ?? 0
        return [widest, max(widest, (area * aspect).squareRoot())]
    }

    /// How many services a level may hold before it is split, by the shape of the page.
    private static func levelLimit(_ count: Int, sizes: [Size], direction: Direction, labelled: Bool) -> Int {
        let spacing = ComponentLayout.Spacing(direction, labelled: labelled)
        let widest = sizes.map(\.width).max() ?? 1
        let tallest = sizes.map(\.height).max() ?? 1
        let fill: Double
        switch direction {
        case .down: fill = aspect * (tallest + spacing.levels) / (widest + spacing.boxes)
        case .right: fill = (widest + spacing.levels) / (tallest + spacing.boxes) / aspect
        }
        // Levels are seldom full, and a split costs longer arrows: hence the allowance.
        return max(6, Int((Double(count) * fill).squareRoot() * 1.5))
    }

    /// Sets components side by side in rows, the highest first, and after them the services without any arrow.
    private mutating func pack(_ layouts: [ComponentLayout], isolated: [Int], limit: Double) {
        let order = layouts.indices.sorted { one, two in
            (-layouts[one].size.height, one) < (-layouts[two].size.height, two)
        }
        var corner = Point(x: 0, y: 0)
        var rowHeight = 0.0
        for index in order {
            let layout = layouts[index]
            if corner.x > 0, corner.x + layout.size.width > limit {
                corner = Point(x: 0, y: corner.y + rowHeight + Self.componentGap)
                rowHeight = 0
            }
            place(layout, at: corner)
            size.width = max(size.width, corner.x + layout.size.width)
            corner.x += layout.size.width + Self.componentGap
            rowHeight = max(rowHeight, layout.size.height)
            size.height = max(size.height, corner.y + rowHeight)
        }
        lines.sort { $0.dependency < $1.dependency }
        arrangeGrid(of: isolated, besideRow: corner, height: rowHeight)
    }

    private mutating func place(_ layout: ComponentLayout, at corner: Point) {
        for (member, box) in zip(layout.members, layout.boxes) {
            boxes[member] = box.moved(by: corner)
        }
        lines += layout.lines.map { $0.moved(by: corner) }
        crossings += layout.crossings
        vertices += layout.vertices
        operations += layout.operations
    }

    /// Sets services without any arrow in a grid: in the free end of the last row if they fit there, or else below.
    private mutating func arrangeGrid(of services: [Int], besideRow free: Point, height: Double) {
        guard let tallest = services.map({ boxes[$0].height }).max(),
            let width = services.map({ boxes[$0].width }).max()
        else { return }
        vertices += services.count
        let cell = Size(width: width + Self.gridGap, height: tallest + Self.gridGap)
        let beside = Int((size.width - free.x + Self.gridGap) / cell.width)
        if height > 0, beside > 0 {
            let rows = Int((height + Self.gridGap) / cell.height)
            if rows > 0, (services.count + beside - 1) / beside <= rows {
                // The grid grows to the right only as far as its height asks.
                let columns = (services.count + rows - 1) / rows
                return setGrid(of: services, at: free, columns: columns, cell: cell)
            }
        }
        let area = Double(services.count) * cell.width * cell.height
        let target = max(size.width, (area * Self.aspect).squareRoot())
        let columns = max(1, Int((target + Self.gridGap) / cell.width))
        let top = size.height > 0 ? size.height + Self.componentGap : 0
        setGrid(of: services, at: Point(x: 0, y: top), columns: columns, cell: cell)
    }

    private mutating func setGrid(of services: [Int], at corner: Point, columns: Int, cell: Size) {
        var top = corner.y
        for row in stride(from: 0, to: services.count, by: columns) {
            let members = services[row..<min(row + columns, services.count)]
            let height = members.map { boxes[$0].height }.max() ?? 0
            for (column, service) in members.enumerated() {
                boxes[service].x = corner.x + Double(column) * cell.width
                boxes[service].y = top
                boxes[service].height = height
                size.width = max(size.width, boxes[service].maxX)
            }
            size.height = max(size.height, top + height)
            top += height + Self.gridGap
        }
    }
}
