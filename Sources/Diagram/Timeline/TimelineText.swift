// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// A timeline as text for a terminal: a row for each container, with bars over time.
package enum TimelineText {
    /// What a piece of the text is, for instance for colours.
    package enum Role: Hashable, Sendable {
        case title
        case scale
        case name
        /// Of the longest chain.
        case critical
        case created
        case starting
        case ready
        case remark
        case failure
    }

    private static let legend = [
        (Role.created, "─", "created"), (.starting, "▒", "others wait"), (.ready, "█", "runs"),
        (.critical, "▶", "longest chain"),
    ]
    private static let widest = 160

    /// Renders a timeline.
    ///
    /// - Parameters:
    ///   - timeline: The timeline.
    ///   - width: The columns that a line may have; 50 at least.
    ///   - mark: Marks a piece of text up; what it adds must take no room on the screen.
    /// - Returns: The text.
    package static func render(
        _ timeline: Timeline,
        width: Int = 80,
        mark: (Role, String) -> String = { _, text in text }
    ) -> String {
        let width = min(max(50, width), widest)
        let names = timeline.bars.map { TextCells.printable($0.name) }
        let nameWidth = min(names.map(TextCells.width).max() ?? 0, width / 4)
        let remarks = timeline.bars.map(timeline.remark)
        let remarkWidth = min(remarks.map(TextCells.width).max() ?? 0, width / 3)
        // The mark of the chain, and two spaces each before and behind the bars.
        let room = width - nameWidth - remarkWidth - 6
        var text = mark(.title, TextCells.fit(TextCells.printable(timeline.project), to: width)) + "\n"
        let indent = String(repeating: " ", count: nameWidth + 4)
        if !timeline.bars.isEmpty { text += indent + mark(.scale, scale(timeline, room)) + "\n" }
        for (index, bar) in timeline.bars.enumerated() {
            let name = TextCells.padded(TextCells.fit(names[index], to: nameWidth), to: nameWidth)
            text += bar.isCritical ? mark(.critical, "▶ \(name)") : "  " + mark(.name, name)
            let cells = cells(timeline, bar, room)
            text += "  " + runs(cells, mark) + "  "
            let remark = TextCells.cut(remarks[index], to: remarkWidth)
            text += mark(hasFailed(bar) ? .failure : .remark, remark) + "\n"
        }
        if !timeline.bars.isEmpty {
            text += "\n" + legend.map { mark($0.0, $0.1) + " " + mark(.remark, $0.2) }.joined(separator: "  ") + "\n"
        }
        for line in wrapped(timeline.summary, width) { text += line + "\n" }
        return text
    }

    private static func hasFailed(_ bar: Timeline.Bar) -> Bool {
        if let end = bar.ended, end.status != 0 { return true }
        return bar.started == nil || bar.goal == .healthy && bar.healthy == nil
    }

    /// The marks of the time above the bars.
    private static func scale(_ timeline: Timeline, _ room: Int) -> String {
        let step = timeline.tick(atMost: max(1, room / 9))
        var line = ""
        var time: Int64 = 0
        while time <= timeline.length {
            let word = Timeline.mark(time)
            let place = cell(time, timeline, room)
            if place + word.count <= room, place >= line.count + (line.isEmpty ? 0 : 1) {
                line += String(repeating: " ", count: place - line.count) + word
            }
            time += step
        }
        return line
    }

    /// The column of a moment.
    private static func cell(_ time: Int64, _ timeline: Timeline, _ room: Int) -> Int {
        guard timeline.length > 0 else { return 0 }
        let share = Double(time) / Double(timeline.length)
        return min(max(0, Int(share * Double(room))), room - 1)
    }

    private static func cells(_ timeline: Timeline, _ bar: Timeline.Bar, _ room: Int) -> [Role?] {
        var cells = [Role?](repeating: nil, count: room)
        for segment in timeline.segments(bar) {
            let role: Role =
                switch segment.kind {
                case .created: .created
                case .starting: .starting
                case .ready: .ready
                }
            let begin = cell(segment.begin, timeline, room)
            let end = segment.end >= timeline.length ? room - 1 : cell(segment.end, timeline, room)
            // The last state of a moment is the one that is seen.
            for place in begin...max(begin, end) { cells[place] = role }
        }
        return cells
    }

    private static func runs(_ cells: [Role?], _ mark: (Role, String) -> String) -> String {
        var text = ""
        var rest = cells[...]
        while let first = rest.first {
            let run = rest.prefix { $0 == first }
            rest = rest.dropFirst(run.count)
            guard let role = first else {
                text += String(repeating: " ", count: run.count)
                continue
            }
            let glyph = legend.first { $0.0 == role }?.1 ?? " "
            text += mark(role, String(repeating: glyph, count: run.count))
        }
        return text
    }

    /// The words of a text in lines.
    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ").map({ TextCells.printable(String($0)) }) {
            if let last = lines.last, TextCells.width(last) + 1 + TextCells.width(word) <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(word)
            }
        }
        return lines
    }
}
