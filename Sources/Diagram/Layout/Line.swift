// SPDX-License-Identifier: Apache-2.0

/// The way of one arrow through the picture.
struct Line {
    /// The index in ``ServiceGraph/dependencies``.
    var dependency: Int
    var style: EdgeStyle
    /// Where it leaves the border of the upper box.
    var start: Point
    /// Where it reaches the border of the lower box, on its own or by a trunk that another line draws.
    var end: Point
    /// What this line draws itself; it stops short where it joins a trunk.
    var steps: [Step]
    /// Whether the head belongs at the start, since the arrow was turned round to break a cycle.
    var isReversed: Bool
    /// Whether this line draws the trunk, and with it the head at its end.
    var ownsTrunk: Bool
    /// Whether it passes behind boxes.
    var isDirect: Bool

    func moved(by offset: Point) -> Line {
        var line = self
        line.start = start.moved(by: offset)
        line.end = end.moved(by: offset)
        line.steps = steps.map { $0.moved(by: offset) }
        return line
    }

    /// Places along what the line draws, a few for each piece.
    func samples(perStep count: Int) -> [Point] {
        var places = [start]
        var from = start
        for step in steps {
            for index in 1...max(1, count) {
                places.append(step.point(at: Double(index) / Double(max(1, count)), from: from))
            }
            from = step.end
        }
        return places
    }
}
