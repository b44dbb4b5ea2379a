// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// Text and figures as SVG spells them.
enum SVGText {
    /// `text` as content of an element or of an attribute in double quotes, without control characters.
    static func escaped(_ text: String) -> String {
        let clean = TextCells.printable(text)
        guard clean.utf8.contains(where: isSpecial) else { return clean }
        var result = ""
        for scalar in clean.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): true
        default: false
        }
    }

    /// `value` with at most one decimal.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let whole = tenths.magnitude / 10
        let rest = tenths.magnitude % 10
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
    }

    static func point(_ point: Point) -> String {
        "\(number(point.x)) \(number(point.y))"
    }

    /// The commands of a path through `steps`.
    static func path(from start: Point, _ steps: [Step]) -> String {
        var result = "M\(point(start))"
        for step in steps {
            switch step {
            case .line(let end): result += "L\(point(end))"
            case .curve(let one, let two, let end): result += "C\(point(one)) \(point(two)) \(point(end))"
            }
        }
        return result
    }
}
