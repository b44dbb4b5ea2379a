// SPDX-License-Identifier: Apache-2.0

/// A place in the picture; x grows to the right, y downwards.
struct Point: Hashable {
    var x: Double
    var y: Double

    func moved(by offset: Point) -> Point {
        Point(x: x + offset.x, y: y + offset.y)
    }
}

/// A width and a height.
struct Size: Hashable {
    var width: Double
    var height: Double
}

/// An upright rectangle.
struct Rect: Hashable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    var maxX: Double { x + width }
    var maxY: Double { y + height }

    func moved(by offset: Point) -> Rect {
        Rect(x: x + offset.x, y: y + offset.y, width: width, height: height)
    }

    func inset(by margin: Double) -> Rect {
        Rect(x: x + margin, y: y + margin, width: width - 2 * margin, height: height - 2 * margin)
    }

    func overlaps(_ other: Rect) -> Bool {
        x < other.maxX && other.x < maxX && y < other.maxY && other.y < maxY
    }

    func contains(_ point: Point) -> Bool {
        point.x >= x && point.x <= maxX && point.y >= y && point.y <= maxY
    }
}

/// One piece of a line, from where the piece before it ends.
enum Step: Hashable {
    case line(to: Point)
    case curve(Point, Point, to: Point)

    var end: Point {
        switch self {
        case .line(let end): end
        case .curve(_, _, let end): end
        }
    }

    func moved(by offset: Point) -> Step {
        switch self {
        case .line(let end): .line(to: end.moved(by: offset))
        case .curve(let one, let two, let end):
            .curve(one.moved(by: offset), two.moved(by: offset), to: end.moved(by: offset))
        }
    }

    /// The place at `fraction` of the way from `start`.
    func point(at fraction: Double, from start: Point) -> Point {
        let rest = 1 - fraction
        switch self {
        case .line(let end):
            return Point(x: start.x * rest + end.x * fraction, y: start.y * rest + end.y * fraction)
        case .curve(let one, let two, let end):
            let weights = (
                rest * rest * rest, 3 * rest * rest * fraction, 3 * rest * fraction * fraction,
                fraction * fraction * fraction
            )
            return Point(
                x: start.x * weights.0 + one.x * weights.1 + two.x * weights.2 + end.x * weights.3,
                y: start.y * weights.0 + one.y * weights.1 + two.y * weights.2 + end.y * weights.3
            )
        }
    }
}

/// Which way arrows run.
enum Direction: Hashable {
    case down
    case right

    /// Turns a place along and across the arrows into one of the picture.
    func point(across: Double, along: Double) -> Point {
        self == .down ? Point(x: across, y: along) : Point(x: along, y: across)
    }
}
