// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// A timeline as a self-contained SVG picture that follows the light or dark theme of its viewer.
///
/// Each container is a group with the attributes `data-service` and `data-container`, so that a page can find them.
package enum TimelineSVG {
    package static func render(_ timeline: Timeline) -> String {
        TimelinePicture(timeline).text
    }
}

/// One picture in the making.
private struct TimelinePicture {
    let timeline: Timeline
    private(set) var text = ""
    private let names: [String]
    /// The width of the names, and of what is said behind the bars.
    private let nameWidth: Double
    private let remarkWidth: Double

    private static let margin = 28.0
    private static let headerHeight = 58.0
    private static let scaleHeight = 22.0
    private static let rowHeight = 26.0
    private static let barHeight = 14.0
    private static let chartWidth = 560.0
    private static let gap = 12.0
    private static let legend = [
        ("created", "created"), ("starting", "others wait for it"), ("ready", "runs"), ("chain", "longest chain"),
    ]

    init(_ timeline: Timeline) {
        self.timeline = timeline
        names = timeline.bars.map {
            TextMetrics.fit(TextCells.printable($0.name), into: 180, size: NodeBox.nameSize, bold: true)
        }
        nameWidth = names.map { TextMetrics.width($0, size: NodeBox.nameSize, bold: true) }.max() ?? 0
        remarkWidth = timeline.bars.map { TextMetrics.width(timeline.remark($0), size: 11) }.max() ?? 0
        compose()
    }

    private var left: Double { Self.margin + nameWidth + Self.gap }
    private var top: Double { Self.margin + Self.headerHeight + Self.scaleHeight }
    private var bottom: Double { top + Double(timeline.bars.count) * Self.rowHeight }
    private var width: Double { left + Self.chartWidth + Self.gap + remarkWidth + Self.margin }

    private mutating func compose() {
        let sentences = lines(of: timeline.summary)
        let legendTop = bottom + (timeline.bars.isEmpty ? 0 : 24)
        let height = legendTop + 14 + Double(sentences.count) * 17 + Self.margin
        open(height: height)
        let project = timeline.project.isEmpty ? "start" : timeline.project
        let title = TextMetrics.fit(TextCells.printable(project), into: width - 2 * Self.margin, size: 18, bold: true)
        element("text", "class=\"project\" x=\"\(number(Self.margin))\" y=\"\(number(Self.margin + 14))\"", title)
        let note = timeline.path.last.map { "ready after \(Timeline.seconds($0.end))" } ?? "not ready"
        element("text", "class=\"note\" x=\"\(number(Self.margin))\" y=\"\(number(Self.margin + 33))\"", note)
        drawScale()
        for index in timeline.bars.indices { draw(index) }
        drawChain()
        if !timeline.bars.isEmpty { drawLegend(y: legendTop) }
        for (index, line) in sentences.enumerated() {
            let y = legendTop + 26 + Double(index) * 17
            element("text", "class=\"note\" x=\"\(number(Self.margin))\" y=\"\(number(y))\"", line)
        }
        text += "</svg>\n"
    }

    private mutating func open(height: Double) {
        let (width, height) = (number(width), number(height))
        text += "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wharf-graph wharf-timeline\" role=\"img\""
        text += " width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\">\n"
        element("title", nil, "The start of \(timeline.project)")
        element("desc", nil, timeline.summary)
        text += "<style>\n\(SVGStyle.sheet)\(Self.sheet)</style>\n"
        text += "<rect class=\"page\" width=\"\(width)\" height=\"\(height)\" rx=\"10\"/>\n"
    }

    private func number(_ value: Double) -> String { SVGText.number(value) }

    private mutating func element(_ name: String, _ attributes: String?, _ content: String) {
        text += "<\(name)\(attributes.map { " \($0)" } ?? "")>\(SVGText.escaped(content))</\(name)>\n"
    }

    /// The horizontal place of a moment.
    private func x(_ time: Int64) -> Double {
        guard timeline.length > 0 else { return left }
        return left + min(1, max(0, Double(time) / Double(timeline.length))) * Self.chartWidth
    }

    private func middle(_ bar: Int) -> Double { top + (Double(bar) + 0.5) * Self.rowHeight }

    // MARK: Parts

    private mutating func drawScale() {
        guard !timeline.bars.isEmpty else { return }
        let step = timeline.tick(atMost: 8)
        for time in stride(from: 0, through: timeline.length, by: Int64.Stride(step)) {
            let place = number(x(time))
            text += "<path class=\"grid\" d=\"M\(place) \(number(top - 4))V\(number(bottom))\"/>"
            element("text", "class=\"mark\" x=\"\(place)\" y=\"\(number(top - 9))\"", Timeline.mark(time))
        }
    }

    private mutating func draw(_ index: Int) {
        let bar = timeline.bars[index]
        let y = middle(index)
        let kind = bar.isCritical ? "row critical" : "row"
        text += "<g class=\"\(kind)\" data-service=\"\(SVGText.escaped(bar.service))\""
        text += " data-container=\"\(SVGText.escaped(bar.container))\">\n"
        element("title", nil, "\(bar.name): \(timeline.remark(bar))")
        element("text", "class=\"name\" x=\"\(number(Self.margin))\" y=\"\(number(y + 4.5))\"", names[index])
        for segment in timeline.segments(bar) {
            let (begin, end) = (x(segment.begin), max(x(segment.begin) + 2, x(segment.end)))
            let height = segment.kind == .created ? 4 : Self.barHeight
            text += "<rect class=\"\(segment.kind.rawValue)\" x=\"\(number(begin))\" y=\"\(number(y - height / 2))\""
            text += " width=\"\(number(end - begin))\" height=\"\(number(height))\" rx=\"2\"/>\n"
        }
        let place = number(left + Self.chartWidth + Self.gap)
        element("text", "class=\"note\" x=\"\(place)\" y=\"\(number(y + 4))\"", timeline.remark(bar))
        text += "</g>\n"
    }

    /// Lines from what was waited for to what could start then.
    private mutating func drawChain() {
        for (step, next) in zip(timeline.path, timeline.path.dropFirst()) {
            let (from, to) = (middle(step.bar), middle(next.bar))
            let (begin, end) = (x(step.end), x(timeline.bars[next.bar].started ?? next.begin))
            let side = to > from ? 1.0 : -1.0
            let tip = to - side * (Self.barHeight / 2 + 1)
            text += "<g class=\"chain\"><path class=\"line\" d=\"M\(number(begin)) \(number(from))"
            text += "V\(number(tip - side * 7))H\(number(end))V\(number(tip))\"/>"
            text += "<path class=\"head\" d=\"M\(number(end)) \(number(tip))l-3 \(number(-side * 6))h6z\"/></g>\n"
        }
    }

    private mutating func drawLegend(y: Double) {
        var place = Self.margin
        for (kind, words) in Self.legend {
            if kind == "chain" {
                text += "<g class=\"chain\"><path class=\"line\" d=\"M\(number(place)) \(number(y))h18\"/></g>"
            } else {
                let height = kind == "created" ? 4 : 10.0
                text += "<rect class=\"\(kind)\" x=\"\(number(place))\" y=\"\(number(y - height / 2))\""
                text += " width=\"18\" height=\"\(number(height))\" rx=\"2\"/>"
            }
            element("text", "class=\"note\" x=\"\(number(place + 25))\" y=\"\(number(y + 4))\"", words)
            place += 25 + TextMetrics.width(words, size: 11) + 20
        }
    }

    private func lines(of sentence: String) -> [String] {
        var lines: [String] = []
        for word in sentence.split(separator: " ").map(String.init) {
            let longer = (lines.last.map { "\($0) " } ?? "") + word
            if !lines.isEmpty, TextMetrics.width(longer, size: 11) <= width - 2 * Self.margin {
                lines[lines.count - 1] = longer
            } else {
                lines.append(TextMetrics.fit(word, into: width - 2 * Self.margin, size: 11))
            }
        }
        return lines
    }

    private static let sheet = """
        .wharf-timeline .grid{stroke:#d0d7de;stroke-width:1;fill:none}
        .wharf-timeline .mark{font-size:10px;fill:#59636e;text-anchor:middle}
        .wharf-timeline .created{fill:#c3cad2}
        .wharf-timeline .starting{fill:#f2b84b}
        .wharf-timeline .ready{fill:#2f9e58}
        .wharf-timeline .name{font-weight:400}
        .wharf-timeline .critical .name{font-weight:600}
        .wharf-timeline .chain .line{stroke:#cf222e}
        .wharf-timeline .chain .head{fill:#cf222e}
        @media (prefers-color-scheme:dark){
        .wharf-timeline .grid{stroke:#30363d}
        .wharf-timeline .mark{fill:#9198a1}
        .wharf-timeline .created{fill:#4b535d}
        .wharf-timeline .starting{fill:#c48a1c}
        .wharf-timeline .ready{fill:#3fb950}
        .wharf-timeline .chain .line{stroke:#ff7b72}
        .wharf-timeline .chain .head{fill:#ff7b72}
        }

        """
}
