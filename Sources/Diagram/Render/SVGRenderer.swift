// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// The graph as a self-contained SVG picture that follows the light or dark theme of its viewer.
///
/// Each service is a group with a `data-service` attribute, each arrow one with `data-from` and `data-to`, so that a
/// page can find them.
package enum SVGRenderer {
    package static func render(_ graph: ServiceGraph) -> String {
        SVGPicture(graph).text
    }
}

/// One picture in the making.
struct SVGPicture {
    let graph: ServiceGraph
    let nodes: [NodeBox]
    let layout: GraphLayout
    let labels: [Label]
    private(set) var text = ""
    /// The size of the whole picture.
    private(set) var size = Size(width: 0, height: 0)
    /// Where the layout's origin stands in the picture.
    private(set) var origin = Point(x: 0, y: 0)

    static let margin = 28.0
    private static let headerHeight = 58.0
    /// With more arrows than this, words would hide more than they tell: the legend explains the colours.
    private static let labelLimit = 26
    private static let leastWidth = 400.0

    init(_ graph: ServiceGraph) {
        self.graph = graph
        nodes = NodeBox.boxes(graph)
        let labelled =
            graph.dependencies.count <= Self.labelLimit && graph.dependencies.contains { Self.word($0) != nil }
        layout = GraphLayout(graph, sizes: nodes.map(\.size), labelled: labelled)
        labels =
            labelled
            ? LabelPlacement.labels(layout.lines, boxes: layout.boxes) { Self.word(graph.dependencies[$0.dependency]) }
            : []
        compose()
    }

    /// The word at an arrow; a plain start needs none.
    private static func word(_ dependency: ServiceGraph.Dependency) -> String? {
        let words = [
            dependency.condition == .started ? nil : dependency.condition.label,
            dependency.restarts ? "restart" : nil,
        ].compactMap(\.self)
        return words.isEmpty ? nil : TextMetrics.fit(words.joined(separator: ", "), into: 90, size: 10)
    }

    private mutating func compose() {
        let summary = GraphSummary(graph).counts
        let project = graph.project.isEmpty ? "services" : graph.project
        var legend = SVGLegend(
            graph: graph,
            styles: Set(layout.lines.map(\.style)),
            labelled: labels.count == layout.lines.count
        )
        let inner = max(
            Self.leastWidth - 2 * Self.margin,
            layout.size.width,
            TextMetrics.width(summary, size: 11)
        )
        legend.arrange(width: inner)
        size.width = inner + 2 * Self.margin
        origin = Point(x: (size.width - layout.size.width) / 2, y: Self.margin + Self.headerHeight)
        let below = origin.y + layout.size.height + (legend.height > 0 ? 30 : 0)
        size.height = below + legend.height + Self.margin
        open()
        let name = TextMetrics.fit(TextCells.printable(project), into: inner, size: 18, bold: true)
        element("text", "class=\"project\" x=\"\(Self.margin)\" y=\"\(Self.margin + 14)\"", name)
        element("text", "class=\"note\" x=\"\(Self.margin)\" y=\"\(Self.margin + 33)\"", summary)
        text += "<g transform=\"translate(\(SVGText.point(origin)))\">\n"
        for line in layout.lines where line.isDirect { draw(line) }
        for line in layout.lines where !line.isDirect { draw(line) }
        for service in graph.services.indices { draw(service) }
        for service in Topology(graph).loops { drawLoop(service) }
        for label in labels { draw(label) }
        text += "</g>\n"
        text += legend.draw(at: Point(x: Self.margin, y: below))
        text += "</svg>\n"
    }

    private mutating func open() {
        let (width, height) = (SVGText.number(size.width), SVGText.number(size.height))
        text += "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wharf-graph\" role=\"img\""
        text += " width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\">\n"
        element("title", nil, "Services of \(graph.project)")
        element("desc", nil, GraphSummary(graph).prose)
        text += "<style>\n\(SVGStyle.sheet)</style>\n"
        text += "<rect class=\"page\" width=\"\(width)\" height=\"\(height)\" rx=\"10\"/>\n"
    }

    private mutating func element(_ name: String, _ attributes: String?, _ content: String) {
        text += "<\(name)\(attributes.map { " \($0)" } ?? "")>\(SVGText.escaped(content))</\(name)>\n"
    }

    // MARK: Arrows

    private mutating func draw(_ line: Line) {
        let dependency = graph.dependencies[line.dependency]
        var classes = "edge \(line.style.className)"
        if line.isDirect { classes += " direct" }
        let names = (SVGText.escaped(dependency.from), SVGText.escaped(dependency.to))
        text += "<g class=\"\(classes)\" data-from=\"\(names.0)\" data-to=\"\(names.1)\">"
        let remark = GraphSummary.remark(on: dependency)
        text += "<title>\(names.0) → \(names.1): \(SVGText.escaped(remark))</title>"
        var start = line.start
        var steps = line.steps
        // The stroke ends inside the head, lest it blunt its tip.
        if line.isReversed {
            start = along(start, by: 5)
        } else if let last = steps.last, last.end == line.end {
            steps[steps.count - 1] = last.ending(at: along(line.end, by: -5))
        }
        text += "<path class=\"line\" d=\"\(SVGText.path(from: start, steps))\"/>"
        if line.isReversed {
            text += head(at: line.start, pointing: -1)
        } else if line.ownsTrunk {
            text += head(at: line.end, pointing: 1)
        }
        text += "</g>\n"
    }

    private func along(_ point: Point, by distance: Double) -> Point {
        point.moved(by: layout.direction.point(across: 0, along: distance))
    }

    private func head(at tip: Point, pointing: Double) -> String {
        let left = tip.moved(by: layout.direction.point(across: -3.6, along: -7.5 * pointing))
        let right = tip.moved(by: layout.direction.point(across: 3.6, along: -7.5 * pointing))
        return "<path class=\"head\" d=\"M\(SVGText.point(tip))L\(SVGText.point(left))L\(SVGText.point(right))Z\"/>"
    }

    /// Draws the arrow of a service that depends on itself, at its upper right corner.
    private mutating func drawLoop(_ service: Int) {
        let box = layout.boxes[service]
        let (x, y) = (box.maxX, box.y)
        let start = Point(x: x - 22, y: y)
        let step = Step.curve(Point(x: x - 22, y: y - 20), Point(x: x + 18, y: y - 6), to: Point(x: x, y: y + 14))
        text += "<g class=\"edge cyclic\"><path class=\"line\" d=\"\(SVGText.path(from: start, [step]))\"/></g>\n"
    }

    private mutating func draw(_ label: Label) {
        let frame = label.frame
        let number = SVGText.number
        text += "<rect class=\"plate\" x=\"\(number(frame.x))\" y=\"\(number(frame.y))\""
        text += " width=\"\(number(frame.width))\" height=\"\(number(frame.height))\" rx=\"3\"/>"
        let place = "x=\"\(number(frame.x + frame.width / 2))\" y=\"\(number(frame.y + 10))\""
        element("text", "class=\"label\" \(place)", label.text)
    }

    // MARK: Boxes

    private mutating func draw(_ service: Int) {
        let node = nodes[service]
        let box = layout.boxes[service]
        let name = SVGText.escaped(graph.services[service].name)
        let kind = node.isMissing ? "service missing" : "service"
        text += "<g class=\"\(kind)\" data-service=\"\(name)\" transform=\"translate(\(SVGText.number(box.x))"
        text += " \(SVGText.number(box.y)))\">\n"
        let shortened = [node.name, node.subtitle, node.volumes].compactMap { $0 }.filter(\.isShortened)
        if !shortened.isEmpty || node.hiddenBadges > 0 {
            element("title", nil, tooltip(service))
        }
        text += "<rect class=\"box\" width=\"\(SVGText.number(box.width))\" height=\"\(SVGText.number(box.height))\""
        text += " rx=\"8\"/>\n"
        let left = SVGText.number(NodeBox.padding)
        element("text", "class=\"name\" x=\"\(left)\" y=\"22\"", node.name.text)
        drawDots(node, width: box.width)
        var y = 22.0
        if let subtitle = node.subtitle {
            y += 16
            element("text", "class=\"image\" x=\"\(left)\" y=\"\(SVGText.number(y))\"", subtitle.text)
        }
        if !node.badges.isEmpty {
            drawBadges(node, y: y + 8)
            y += 23
        }
        if let volumes = node.volumes {
            y += 18
            let icon = SVGIcons.volume(at: Point(x: NodeBox.padding, y: y - 9))
            text += "\(icon)\n"
            let x = SVGText.number(NodeBox.padding + NodeBox.iconWidth)
            element("text", "class=\"volume\" x=\"\(x)\" y=\"\(SVGText.number(y))\"", volumes.text)
        }
        text += "</g>\n"
    }

    private func tooltip(_ service: Int) -> String {
        let service = graph.services[service]
        var lines = [service.name]
        if let subtitle = service.subtitle { lines.append(subtitle) }
        if !service.ports.isEmpty { lines.append("ports \(service.ports.joined(separator: ", "))") }
        if !service.volumes.isEmpty { lines.append("volumes \(service.volumes.joined(separator: ", "))") }
        return lines.joined(separator: " · ")
    }

    private mutating func drawDots(_ node: NodeBox, width: Double) {
        for (index, network) in node.networks.enumerated() {
            let place = node.networks.count - 1 - index
            let x = width - NodeBox.padding - 3 - Double(place) * NodeBox.dotDistance
            let title = SVGText.escaped(graph.networks[network].name)
            text += SVGIcons.dot(network, at: Point(x: x, y: 17.5), title: title) + "\n"
        }
    }

    private mutating func drawBadges(_ node: NodeBox, y: Double) {
        var x = NodeBox.padding
        for badge in node.badges {
            text += "<rect class=\"badge\" x=\"\(SVGText.number(x))\" y=\"\(SVGText.number(y))\""
            text += " width=\"\(SVGText.number(badge.width))\" height=\"16\" rx=\"8\"/>"
            let middle = "x=\"\(SVGText.number(x + badge.width / 2))\" y=\"\(SVGText.number(y + 11.6))\""
            element("text", "class=\"port\" \(middle)", badge.text)
            x += badge.width + 4
        }
        guard node.hiddenBadges > 0 else { return }
        let place = "x=\"\(SVGText.number(x + 2))\" y=\"\(SVGText.number(y + 11.6))\""
        element("text", "class=\"volume\" \(place)", "+\(node.hiddenBadges)")
    }
}

extension Step {
    /// The same piece with another end, along the direction in which it arrives.
    fileprivate func ending(at end: Point) -> Step {
        switch self {
        case .line: .line(to: end)
        case .curve(let one, let two, _): .curve(one, two, to: end)
        }
    }
}

extension EdgeStyle {
    /// The classes of the style sheet.
    var className: String {
        let name =
            switch tone {
            case .started: "started"
            case .healthy: "healthy"
            case .completed: "completed"
            case .other: "other"
            case .cyclic: "cyclic"
            }
        return isOptional ? "\(name) optional" : isImplied ? "\(name) implied" : name
    }
}
