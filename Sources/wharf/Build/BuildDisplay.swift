// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import JSONTree
import Synchronization
import Terminal

/// Shows what happens in builds, on standard error; several of them may go on side by side.
final class BuildDisplay: Sendable {
    /// How it is shown.
    enum Form: String, CaseIterable {
        case plain
        case quiet
        case rawjson
        /// Drawn in its place on a terminal.
        case tty
    }

    /// Writes text that is for people.
    typealias Writer = @Sendable (String) -> Void

    /// A step of one of the builds.
    private struct Step: Hashable {
        var title: String
        /// As the engine counts the steps of that build.
        var number: Int
    }

    private struct State {
        /// What steps are shown as: they are counted over all builds.
        var numbers: [Step: Int] = [:]
        var begun: [Step: ContinuousClock.Instant] = [:]
        var names: [Step: String] = [:]
        var ended: Set<Step> = []
        /// The step that was told of last, so that what belongs together is seen to.
        var last: Step?
        /// The steps that have failed, by the titles of their builds.
        var failed: [String: String] = [:]
        /// The builds that turned out to have something to do.
        var stale: Set<String> = []
        /// What is told of failures below all that is drawn.
        var ending = ""
    }

    private let form: Form
    /// Whether only that is shown which earlier builds have not done, with the reason.
    let tellsStale: Bool
    private let write: Writer
    /// Where steps are drawn; nil in other forms.
    private let board: BuildBoard?
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameters:
    ///   - form: How it is shown.
    ///   - colour: The user's wish about colour on a terminal.
    ///   - tellsStale: Whether only that is shown which earlier builds have not done, with the reason.
    ///   - write: Writes, where nothing is drawn.
    init(
        _ form: Form,
        colour: ColourChoice = .automatic,
        tellsStale: Bool = false,
        writingBy write: @escaping Writer = { OutputStream.error.write($0) }
    ) {
        (self.form, self.tellsStale) = (form, tellsStale)
        guard form == .tty else {
            (board, self.write) = (nil, write)
            return
        }
        let board = BuildBoard(colour: colour)
        (self.board, self.write) = (board, { board.print($0) })
    }

    /// Ends what is drawn; nothing is shown behind it.
    func finish() {
        board?.finish()
        let ending = state.withLock { state in
            defer { state.ending = "" }
            return state.ending
        }
        if !ending.isEmpty { OutputStream.error.write(ending) }
    }

    /// Shows an event.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - title: What stands before the name of each step: the service; empty for none.
    func show(_ event: BuildEvent, of title: String) {
        switch form {
        case .quiet: return
        case .rawjson: write(Self.json(event))
        case .plain, .tty: state.withLock { show(event, of: title, &$0) }
        }
    }

    /// Tells of a build that was ended since another one has failed.
    func showEnd(of title: String) {
        if !isForPeople { return }
        guard let board else { return write("\(Self.prefix(title))CANCELED\n") }
        state.withLock { state in
            for (step, name) in state.names where step.title == title && !state.ended.contains(step) {
                board.show(BuildEvent.Step(number: step.number, name: name, state: .cancelled), of: title)
            }
        }
    }

    /// Tells whether a build has made another image than the one before, where its steps have not told it.
    ///
    /// - Parameters:
    ///   - title: The build.
    ///   - before: The image that there was; nil for none.
    ///   - after: The one that there is.
    func showOutcome(of title: String, _ before: String?, _ after: String) {
        if !tellsStale || !isForPeople { return }
        let isTold = state.withLock { $0.stale.contains(title) }
        if before == after {
            write("\(Self.prefix(title))is up to date\n")
        } else if !isTold {
            let reason = before == nil ? "it had no image" : "what the image says of its containers changed"
            write("\(Self.prefix(title))is stale: \(reason)\n")
        }
    }

    private var isForPeople: Bool { form == .plain || form == .tty }

    private static func json(_ event: BuildEvent) -> String {
        (try? JSON.encode(event)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
    }

    private func show(_ event: BuildEvent, of title: String, _ state: inout State) {
        if let step = event.step { show(step, of: title, &state) }
        if let output = event.output { show(output, of: title, &state) }
        if let warning = event.warning { write("warning: \(Self.prefix(title))\(Self.printable(warning))\n") }
        if let image = event.image, !tellsStale || state.stale.contains(title) {
            if let board { return board.show(image) }
            var text = "\(Self.prefix(title))=> image \(image.id)\n"
            for name in image.names { text += "\(Self.prefix(title))=> named \(name)\n" }
            write(text)
        }
    }

    private static func prefix(_ title: String) -> String { title.isEmpty ? "" : "[\(title)] " }

    private func show(_ event: BuildEvent.Step, of title: String, _ state: inout State) {
        let step = Step(title: title, number: event.number)
        let isNew = state.begun[step] == nil
        if isNew {
            state.begun[step] = .now
            state.names[step] = event.name
        }
        var text = ""
        if tellsStale, let reason = event.reason, state.stale.insert(title).inserted {
            let name = Self.printable(event.name)
            write("\(Self.prefix(title))is stale: \(name): \(Self.printable(reason))\n")
        }
        if tellsStale, !state.stale.contains(title), event.state != .failed { return }
        if event.state == .failed { state.failed[title] = event.name }
        if event.state != .started { state.ended.insert(step) }
        if let board { return board.show(event, of: title) }
        let number = Self.number(of: step, &state)
        if event.state == .started, isNew {
            text = "#\(number) \(Self.prefix(title))\(Self.printable(event.name))\n"
        } else if let reason = event.reason, !tellsStale {
            text = "#\(number) not cached: \(Self.printable(reason))\n"
        }
        switch event.state {
        case .started: break
        case .cached: text += "#\(number) CACHED\n\n"
        case .done: text += "#\(number) DONE \(Self.seconds(event.seconds ?? 0))s\n\n"
        case .failed: text += "#\(number) ERROR\n\n"
        case .cancelled: text += "#\(number) CANCELED\n\n"
        }
        separate(step, &state, isNamed: event.state == .started && isNew)
        write(text)
        if event.state != .started { state.last = nil }
    }

    private static func number(of step: Step, _ state: inout State) -> Int {
        if let known = state.numbers[step] { return known }
        let number = state.numbers.count + 1
        state.numbers[step] = number
        return number
    }

    private func show(_ output: BuildEvent.Output, of title: String, _ state: inout State) {
        let step = Step(title: title, number: output.step)
        if let board { return board.append(output.text, to: state.names[step] ?? "", of: title) }
        let number = Self.number(of: step, &state)
        separate(step, &state)
        let time = (ContinuousClock.now - (state.begun[step] ?? start)).components
        let seconds = Double(time.seconds) + Double(time.attoseconds) / 1e18
        var text = ""
        // Not as characters, of which `\r\n` is one.
        for line in output.text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            // Of a line that was written over, the last state counts.
            let shown = line.split(separator: "\r").last.map { String($0) } ?? ""
            text += "#\(number) \(Self.seconds(seconds, digits: 3)) \(Self.printable(shown))\n"
        }
        write(text)
    }

    /// Says which step goes on, where another one was told of before.
    private func separate(_ step: Step, _ state: inout State, isNamed: Bool = false) {
        if let last = state.last, last != step {
            write("\n")
            if !isNamed, let name = state.names[step] {
                let number = Self.number(of: step, &state)
                write("#\(number) \(Self.prefix(step.title))\(Self.printable(name))\n")
            }
        }
        state.last = step
    }

    /// Shows why there is no image.
    ///
    /// - Parameters:
    ///   - failure: The failure.
    ///   - title: The build.
    ///   - dockerfile: The file as errors call it.
    /// - Returns: What is said of it in one line.
    func text(of failure: BuildEvent.Failure, of title: String, in dockerfile: String) -> String {
        let prefix = Self.prefix(title)
        if let lines = failure.lines, form != .rawjson {
            var text = "------\n"
            if let failed = state.withLock({ $0.failed[title] }) { text += " > \(prefix)\(Self.printable(failed)):\n" }
            text += lines.map { Self.printable($0) + "\n" }.joined() + "------\n"
            if board == nil { write(text) } else { state.withLock { $0.ending += text } }
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
