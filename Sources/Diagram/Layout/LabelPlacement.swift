// SPDX-License-Identifier: Apache-2.0

/// A word at an arrow.
struct Label {
    /// The index in ``ServiceGraph/dependencies``.
    var dependency: Int
    var text: String
    var frame: Rect
}

/// Finds room for words at arrows: never on a box or on another word, and on another arrow only when need be.
struct LabelPlacement {
    private let boxes: [Rect]
    private let samples: [[Point]]
    private var placed: [Label] = []

    private static let height = 13.0
    private static let fractions = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8]

    /// Labels for `lines`; one that finds no room is left out.
    static func labels(_ lines: [Line], boxes: [Rect], text: (Line) -> String?) -> [Label] {
        var placement = LabelPlacement(boxes: boxes, samples: lines.map { $0.samples(perStep: 12) })
        for (index, line) in lines.enumerated() {
            if let text = text(line) { placement.place(text, at: line, index) }
        }
        return placement.placed
    }

    private init(boxes: [Rect], samples: [[Point]]) {
        self.boxes = boxes
        self.samples = samples
    }

    private mutating func place(_ text: String, at line: Line, _ index: Int) {
        let width = TextMetrics.width(text, size: 10) + 8
        var best: (cost: Int, frame: Rect)?
        var from = line.start
        for step in line.steps {
            for fraction in Self.fractions {
                let point = step.point(at: fraction, from: from)
                let frame = Rect(
                    x: point.x - width / 2,
                    y: point.y - Self.height / 2,
                    width: width,
                    height: Self.height
                )
                guard let cost = cost(of: frame, index), cost < best?.cost ?? .max else { continue }
                best = (cost, frame)
            }
            from = step.end
        }
        if let best { placed.append(Label(dependency: line.dependency, text: text, frame: best.frame)) }
    }

    /// How much of other arrows `frame` covers; nil where it may not stand.
    private func cost(of frame: Rect, _ index: Int) -> Int? {
        let margin = frame.inset(by: -3)
        guard frame.x >= 0, frame.y >= 0, !boxes.contains(where: margin.overlaps),
            !placed.contains(where: { $0.frame.overlaps(frame) })
        else { return nil }
        var covered = 0
        for (other, points) in samples.enumerated() where other != index {
            for point in points where frame.contains(point) { covered += 1 }
        }
        return covered
    }
}
