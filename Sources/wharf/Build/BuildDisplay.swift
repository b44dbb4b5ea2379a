// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import Terminal

/// Shows what happens in a build, on standard error.
struct BuildDisplay {
    /// How it is shown.
    enum Form: String, CaseIterable {
        case plain
        case quiet
        case rawjson
    }

    private let form: Form
    /// What stands before the name of each step: the service.
    private let title: String
    private let start = ContinuousClock.now
    private var begun: [Int: ContinuousClock.Instant] = [:]
    private var names: [Int: String] = [:]
    /// The steps that were told of last, so that what belongs together is seen to.
    private var last: Int?
    private var failed: String?

    init(_ form: Form, title: String = "") {
        self.form = form
        self.title = title
    }

    /// Shows an event.
    mutating func show(_ event: BuildEvent) {
        switch form {
        case .quiet: return
        case .rawjson: OutputStream.error.write(Self.json(event))
        case .plain: showPlain(event)
        }
    }

    private static func json(_ event: BuildEvent) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(event)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
    }

    private mutating func showPlain(_ event: BuildEvent) {
        if let step = event.step { show(step) }
        if let output = event.output { show(output) }
        if let warning = event.warning { OutputStream.error.write("warning: \(Self.printable(warning))\n") }
        if let image = event.image {
            var text = "\(prefix)=> image \(image.id)\n"
            for name in image.names { text += "\(prefix)=> named \(name)\n" }
            OutputStream.error.write(text)
        }
    }

    private var prefix: String { title.isEmpty ? "" : "[\(title)] " }

    private mutating func show(_ step: BuildEvent.Step) {
        var text = ""
        if step.state == .started, begun[step.number] == nil {
            begun[step.number] = .now
            names[step.number] = step.name
            text = "#\(step.number) \(prefix)\(Self.printable(step.name))\n"
        } else if let reason = step.reason {
            text = "#\(step.number) not cached: \(Self.printable(reason))\n"
        }
        switch step.state {
        case .started: break
        case .cached: text += "#\(step.number) CACHED\n\n"
        case .done: text += "#\(step.number) DONE \(Self.seconds(step.seconds ?? 0))s\n\n"
        case .failed:
            failed = step.name
            text += "#\(step.number) ERROR\n\n"
        case .cancelled: text += "#\(step.number) CANCELED\n\n"
        }
        separate(step.number)
        OutputStream.error.write(text)
        if step.state != .started { last = nil }
    }

    private mutating func show(_ output: BuildEvent.Output) {
        separate(output.step)
        let time = (ContinuousClock.now - (begun[output.step] ?? start)).components
        let seconds = Double(time.seconds) + Double(time.attoseconds) / 1e18
        var text = ""
        for line in output.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            // Of a line that was written over, the last state counts.
            let shown = line.split(separator: "\r").last ?? ""
            text += "#\(output.step) \(Self.seconds(seconds, digits: 3)) \(Self.printable(String(shown)))\n"
        }
        OutputStream.error.write(text)
    }

    /// Says which step goes on, where another one was told of before.
    private mutating func separate(_ number: Int) {
        if let last, last != number {
            OutputStream.error.write("\n")
            if let name = names[number] { OutputStream.error.write("#\(number) \(prefix)\(Self.printable(name))\n") }
        }
        last = number
    }

    /// Shows why there is no image.
    ///
    /// - Parameters:
    ///   - failure: The failure.
    ///   - dockerfile: The file as errors call it.
    /// - Returns: What is said of it in one line.
    func text(of failure: BuildEvent.Failure, in dockerfile: String) -> String {
        if let lines = failure.lines, form != .rawjson {
            var text = "------\n"
            if let failed { text += " > \(prefix)\(Self.printable(failed)):\n" }
            text += lines.map { Self.printable($0) + "\n" }.joined() + "------\n"
            OutputStream.error.write(text)
        }
        let place = failure.line.map { "\(dockerfile):\($0): " } ?? ""
        return "\(place)\(prefix)\(Self.printable(failure.message))"
    }

    private static func seconds(_ value: Double, digits: Int = 1) -> String {
        let scale = digits == 1 ? 10.0 : 1000.0
        let number = Int((value * scale).rounded())
        let (whole, rest) = number.quotientAndRemainder(dividingBy: Int(scale))
        let text = String(rest)
        return "\(whole).\(String(repeating: "0", count: max(0, digits - text.count)))\(text)"
    }

    /// Without what a terminal would obey.
    private static func printable(_ text: String) -> String {
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control && scalar != "\t"
            if isControl && scalar == "\n" { view.append(" ") } else { view.append(isControl ? "\u{FFFD}" : scalar) }
        }
        return String(view)
    }
}
