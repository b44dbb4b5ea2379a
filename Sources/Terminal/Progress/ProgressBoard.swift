// SPDX-License-Identifier: Apache-2.0

/// The things that a command works on, and the lines that show them.
struct ProgressBoard {
    /// What an event changes.
    enum Change: Comparable {
        case nothing
        /// The detail alone.
        case detail
        case status
    }

    /// What is drawn.
    struct Drawing: Equatable {
        /// Each with its colours and without its end.
        var lines: [String] = []
        /// The cells of the first line.
        var headerWidth = 0
    }

    private struct Item {
        var event: ProgressEvent
        var start: ContinuousClock.Instant
        /// When work on it ended; nil as long as it goes on.
        var end: ContinuousClock.Instant?
        /// How many changes there were before its last one.
        var change = 0
        /// What it writes while it is worked on.
        var output = OutputTail()
    }

    /// What is done, such as `Running`.
    var title: String
    /// Whether nothing is really done, which every line says.
    let isDryRun: Bool
    private var items: [Item] = []
    private var places: [String: Int] = [:]
    private var changes = 0

    /// One each for a tenth of a second.
    private static let spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
    private static let dryRunMark = "DRY-RUN MODE - "

    init(title: String, isDryRun: Bool = false) {
        self.title = title
        self.isDryRun = isDryRun
    }

    /// The cells before a name.
    private var indent: Int { 3 + (isDryRun ? Self.dryRunMark.count : 0) }

    var isEmpty: Bool { items.isEmpty }

    /// Whether time passes for one of the things.
    var isWorking: Bool { items.contains { $0.end == nil } }

    /// Takes in an event.
    mutating func apply(_ event: ProgressEvent) -> Change {
        let end = event.state == .working ? nil : event.time
        changes += 1
        guard let place = places[event.id] else {
            places[event.id] = items.count
            items.append(Item(event: event, start: event.time, end: end, change: changes))
            return .status
        }
        let last = items[place]
        items[place].event = event
        items[place].change = changes
        // What is told again once it has ended took no longer for that.
        items[place].end = end == nil ? nil : last.end ?? end
        if (last.event.status, last.event.state) != (event.status, event.state) { return .status }
        return last.event.detail == event.detail ? .nothing : .detail
    }

    /// Takes in what one of the things writes.
    ///
    /// - Returns: Whether it is shown.
    mutating func append(_ text: String, to id: String) -> Bool {
        guard let place = places[id], items[place].end == nil else { return false }
        items[place].output.append(text)
        return true
    }

    // MARK: Drawing

    /// The lines that fit a terminal.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - columns: The width of the terminal, of which one column stays free: many a terminal goes to the next line by
    ///     itself behind the last one.
    ///   - rows: Its height, of which two lines stay free; nil draws everything.
    ///   - style: Whether in colour.
    ///   - menu: The keys that may be pressed, below everything else.
    /// - Returns: The lines.
    func drawing(
        at now: ContinuousClock.Instant,
        columns: Int,
        rows: Int?,
        style: TextStyle,
        menu: KeyMenu? = nil
    ) -> Drawing {
        let width = max(1, columns - 1)
        let free = rows.map { $0 - 2 - (menu == nil ? 0 : 1) }
        var lines: [StyledLine] = []
        if !isEmpty, free.map({ $0 > 0 }) ?? true {
            lines = self.lines(at: now, room: free.map { $0 - 1 } ?? items.count, width: width)
        }
        if let menu, rows.map({ $0 > 2 }) ?? true { lines.append(menu.line) }
        for index in lines.indices { lines[index].cut(to: width) }
        return Drawing(lines: lines.map { $0.text(style) }, headerWidth: lines.first?.width ?? 0)
    }

    /// The title and the things.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - room: How many lines there are below the title.
    ///   - width: How many cells a line may have.
    /// - Returns: The lines, which may be wider.
    private func lines(at now: ContinuousClock.Instant, room: Int, width: Int) -> [StyledLine] {
        var shown = items
        var summary: StyledLine?
        if items.count > room {
            shown = Array(items.sorted(by: Self.isMoreUrgent).prefix(max(0, room - 1)))
            if room > 0 { summary = self.summary(without: shown) }
        }
        let names = nameWidth(width)
        var lines = [header]
        var free = max(0, room - shown.count - (summary == nil ? 0 : 1))
        for item in shown {
            lines.append(line(of: item, at: now, names: names, width: width))
            // Whatever has room, of the last things first.
            let output = item.end == nil ? item.output.lines.suffix(free) : []
            free -= output.count
            lines += output.map(outputLine)
        }
        if let summary { lines.append(summary) }
        return lines
    }

    private var header: StyledLine {
        let count = items.count { $0.event.state == .done || $0.event.state == .warning }
        var line = StyledLine()
        line.append("[+] \(title) \(count)/\(items.count)", count == items.count ? .blue : nil)
        return line
    }

    /// How many cells the names get: enough for the longest, or what leaves a status and a time their place.
    private func nameWidth(_ width: Int) -> Int {
        let longest = items.map { TextCells.width(TextCells.printable($0.event.id)) }.max() ?? 0
        return min(longest, max(8, width - indent - 18))
    }

    private func line(of item: Item, at now: ContinuousClock.Instant, names: Int, width: Int) -> StyledLine {
        let (icon, iconPaint, paint) = mark(of: item, at: now)
        var line = StyledLine()
        line.append(" ")
        line.append(icon, iconPaint)
        line.append(" ")
        if isDryRun { line.append(Self.dryRunMark, .cyan) }
        line.append(TextCells.fit(TextCells.printable(item.event.id), to: names))
        line.pad(to: indent + names)
        line.append("  ")
        line.append(item.event.status, paint)
        if let detail = item.event.detail, !detail.isEmpty {
            line.append("  " + Self.singleLine(detail))
        }
        let timer = Self.seconds(from: item.start, to: item.end ?? now)
        let room = width - timer.count - 1
        guard room >= indent + names + 2 else { return line }
        line.cut(to: room)
        line.pad(to: room + 1)
        line.append(timer, .blue)
        return line
    }

    private func outputLine(_ text: String) -> StyledLine {
        var line = StyledLine()
        line.append(String(repeating: " ", count: indent + 2) + Self.singleLine(text), .faint)
        return line
    }

    private func mark(
        of item: Item,
        at now: ContinuousClock.Instant
    ) -> (String, TextStyle.Paint, TextStyle.Paint?) {
        switch item.event.state {
        case .working:
            let tenths = Int(max(.zero, now - item.start) / .milliseconds(100))
            return (Self.spinner[tenths % Self.spinner.count], .yellow, nil)
        case .done: return ("✔", .green, .green)
        case .warning: return ("!", .boldYellow, .boldYellow)
        case .failed: return ("✘", .boldRed, .boldRed)
        }
    }

    /// Seconds with one digit behind the point.
    private static func seconds(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) -> String {
        let tenths = Int(max(.zero, end - start) / .milliseconds(100))
        return "\(tenths / 10).\(tenths % 10)s"
    }

    // MARK: More things than lines

    /// What failed and what is worked on come first in the order in which they began, then what ended last.
    private static func isMoreUrgent(_ left: Item, _ right: Item) -> Bool {
        let (one, two) = (urgency(left), urgency(right))
        if one != two { return one < two }
        return one < 2 ? left.start < right.start : left.change > right.change
    }

    private static func urgency(_ item: Item) -> Int {
        switch item.event.state {
        case .failed: 0
        case .working: 1
        case .warning: 2
        case .done: 3
        }
    }

    /// What the things come to that have no line.
    private func summary(without shown: [Item]) -> StyledLine {
        func count(_ state: ProgressEvent.State) -> Int {
            items.count { $0.event.state == state } - shown.count { $0.event.state == state }
        }
        let counts = [
            (count(.failed), "failed", TextStyle.Paint.boldRed), (count(.working), "working", .yellow),
            (count(.warning), "with warnings", .boldYellow), (count(.done), "done", .green),
        ].filter { $0.0 > 0 }
        var line = StyledLine()
        line.append("   +\(items.count - shown.count) more")
        if let (_, word, paint) = counts.first, counts.count == 1 {
            line.append(" ")
            line.append(word, paint)
            return line
        }
        for (index, (count, word, paint)) in counts.enumerated() {
            line.append(index == 0 ? ": " : ", ")
            line.append("\(count) \(word)", paint)
        }
        return line
    }

    // MARK: Lines for programs

    /// An event as Docker Compose prints it where there is no terminal: nothing, the thing, the detail and the status, with a
    /// space between each.
    func plainLine(_ event: ProgressEvent) -> String {
        let parts = [isDryRun ? " " + Self.dryRunMark : "", event.id, event.detail ?? "", event.status]
        return parts.map { TextCells.printable(Self.singleLine($0)) }.joined(separator: " ") + "\n"
    }

    /// An event as an object in one line.
    func jsonLine(_ event: ProgressEvent) -> [UInt8] {
        var line = JSONLine()
        if isDryRun { line.add("dry-run", true) }
        line.add("id", event.id)
        if let detail = event.detail { line.add("text", detail) }
        line.add("status", event.status)
        if let cause = event.cause { line.add("cause", cause) }
        return line.ended()
    }

    private static func singleLine(_ text: String) -> String {
        text.contains(where: \.isNewline) ? text.split(whereSeparator: \.isNewline).joined(separator: " ") : text
    }
}
