// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// The explanation of colours below the picture: kinds of arrow, then networks.
struct SVGLegend {
    private enum Sample {
        case line(EdgeStyle)
        case network(Int)
        case nothing
    }

    private struct Item {
        var sample: Sample
        var text: String
        var place = Point(x: 0, y: 0)

        var width: Double {
            let mark =
                switch sample {
                case .line: 30.0
                case .network: 13.0
                case .nothing: 0.0
                }
            return mark + TextMetrics.width(text, size: 11)
        }
    }

    private var groups: [[Item]]
    private(set) var height = 0.0

    private static let networkLimit = 24
    private static let lineHeight = 19.0

    /// The legend of what the picture shows; `labelled` says that words stand at all arrows that need one.
    init(graph: ServiceGraph, styles: Set<EdgeStyle>, labelled: Bool) {
        var other: [String] = []
        for dependency in graph.dependencies {
            if case .other(let name) = dependency.condition, !other.contains(name) { other.append(name) }
        }
        let shown = labelled && styles.count == 1 ? [] : styles
        let arrows = shown.sorted { $0.rank < $1.rank }.map { style in
            Item(sample: .line(style), text: Self.words(style, other: other))
        }
        var networks: [Item] = []
        if graph.networks.count > 1 {
            networks = graph.networks.prefix(Self.networkLimit).enumerated().map { index, network in
                let name = TextMetrics.fit(TextCells.printable(network.name), into: 160, size: 11)
                return Item(sample: .network(index), text: network.isExternal ? "\(name) (external)" : name)
            }
            let hidden = graph.networks.count - networks.count
            if hidden > 0 { networks.append(Item(sample: .nothing, text: "and \(hidden) more networks")) }
        }
        groups = [arrows, networks].filter { !$0.isEmpty }
    }

    private static func words(_ style: EdgeStyle, other: [String]) -> String {
        let condition =
            switch style.tone {
            case .started: "waits until started"
            case .healthy: "until healthy"
            case .completed: "until completed"
            case .other: TextMetrics.fit(TextCells.printable(other.joined(separator: ", ")), into: 160, size: 11)
            case .cyclic: "closes a cycle"
            }
        let remarks = [style.isOptional ? "optional" : nil, style.isImplied ? "implied" : nil].compactMap(\.self)
        return remarks.isEmpty ? condition : "\(condition), \(remarks.joined(separator: ", "))"
    }

    /// Sets the items in lines of at most `width`.
    mutating func arrange(width: Double) {
        var y = 0.0
        for group in groups.indices {
            var x = 0.0
            for index in groups[group].indices {
                let needed = groups[group][index].width
                if x > 0, x + needed > width {
                    x = 0
                    y += Self.lineHeight
                }
                groups[group][index].place = Point(x: x, y: y)
                x += needed + 20
            }
            y += Self.lineHeight + 3
        }
        height = max(0, y - 10)
    }

    func draw(at corner: Point) -> String {
        var text = ""
        for item in groups.joined() {
            let place = item.place.moved(by: corner)
            var x = place.x
            switch item.sample {
            case .line(let style):
                let y = SVGText.number(place.y + 1)
                text += "<g class=\"\(style.className)\"><path class=\"line\" d=\"M\(SVGText.number(x)) \(y)h17\"/>"
                text += "<path class=\"head\" d=\"M\(SVGText.number(x + 23)) \(y)l-7.5 -3.6v7.2z\"/></g>"
                x += 30
            case .network(let index):
                text += SVGIcons.dot(index, at: Point(x: x + 4, y: place.y + 1), title: nil)
                x += 13
            case .nothing: break
            }
            let position = "x=\"\(SVGText.number(x))\" y=\"\(SVGText.number(place.y + 5))\""
            text += "<text class=\"note\" \(position)>\(SVGText.escaped(item.text))</text>\n"
        }
        return text
    }
}
