// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Glibc
import Reconciler
import Synchronization
import Terminal

/// Follows the engine's work on a project, and shows it as it happens.
final class ProjectWork: Sendable {
    let progress: Progress
    private let mode: ProgressMode
    private let style: TextStyle
    private let directory: String
    private let explains: Bool
    private let state = Mutex(State())

    private struct State {
        var oneOff: (id: String, name: String)?
        var plan: Plan?
    }

    /// The container of `run`, once it is there.
    var oneOff: (id: String, name: String)? { state.withLock(\.oneOff) }
    /// What the engine was going to do.
    var plan: Plan? { state.withLock(\.plan) }

    /// Work that is shown.
    ///
    /// - Parameters:
    ///   - global: How it is shown.
    ///   - title: What is done: `Running`, `Stopping`.
    ///   - environment: The variables of the project, which can say how as well; nil for those of the process alone.
    ///   - explains: Whether the reasons of actions are shown.
    ///   - isQuiet: Whether nothing is shown but failures.
    /// - Throws: ``CommandFailure`` where the form is none or cannot be had.
    init(
        _ global: GlobalOptions,
        title: String,
        environment: ProjectEnvironment? = nil,
        explains: Bool = false,
        isQuiet: Bool = false
    ) throws {
        func variable(_ name: String) -> String? { environment?[name] ?? getenv(name).map { String(cString: $0) } }
        let colour = global.colour(variable("COMPOSE_ANSI"))
        let stream: OutputStream = WantedProject.isTrue(variable("COMPOSE_STATUS_STDOUT")) ? .standard : .error
        do {
            let word = isQuiet ? "quiet" : global.progress ?? variable("COMPOSE_PROGRESS") ?? ""
            mode = try ProgressMode.choose(word, colour: colour, isTerminal: stream.isDrawable)
        } catch {
            throw CommandFailure(message: "\(error)")
        }
        style = stream.style(colour)
        progress = Progress(mode, title: title, style: style, display: ProgressDisplay(stream), isDryRun: global.dryRun)
        directory = (try? ProjectLoading.currentDirectory()) ?? "/"
        self.explains = explains
    }

    /// Reads the engine's answer to its end, and shows it.
    ///
    /// - Parameter response: The answer.
    /// - Throws: ``CommandFailure`` with exit status 1 where not everything was done.
    func follow(_ response: consuming Response) throws {
        defer { progress.finish() }
        var outcome: ProjectOutcome?
        while let event = try response.nextValue(ProjectEvent.self) {
            if case .finished(let how) = event { outcome = how }
            show(event)
        }
        switch outcome {
        case .done: return
        case .refused, .failed: throw CommandFailure()
        case nil:
            throw CommandFailure(
                message:
                    "the engine has gone away while it worked on the project: run the command again, it goes on where it was"
            )
        }
    }

    /// Whether what is shown is for people to read.
    var isForPeople: Bool { mode == .terminal || mode == .plain }

    /// Whether what is shown is drawn on a terminal.
    var drawsOnTerminal: Bool { mode == .terminal }

    /// Shows lines after the progress, where that is for people.
    func summarise(_ lines: [String]) {
        guard !lines.isEmpty, isForPeople else { return }
        progress.tell(lines.joined(separator: "\n"))
    }

    private func show(_ event: ProjectEvent) {
        switch event {
        case .plan(let plan): show(plan)
        case .progress(let change): show(change)
        case .warning(let problem): tell(problem, .warning)
        case .hook(let container, let line): progress.tell("\(container) ->  | \(line)")
        case .failure(let failure): show(failure)
        case .oneOff(let id, let name): state.withLock { $0.oneOff = (id, name) }
        case .finished: break
        }
    }

    private func show(_ plan: Plan) {
        state.withLock { $0.plan = plan }
        for warning in plan.warnings { tell(warning, .warning) }
        for problem in plan.problems { tell(problem, .error) }
        guard plan.problems.isEmpty else { return }
        let finished = Set(plan.finished)
        progress.update(
            plan.unchanged.map { ProgressEvent(.container, $0, finished.contains($0) ? "Exited" : "Running", .done) }
        )
        guard explains else { return }
        let text = PlanText(plan, from: directory, markup: PlanText.Markup(style))
        for line in text.changes { progress.tell(line) }
    }

    private func show(_ change: ProjectProgress) {
        let state: ProgressEvent.State =
            switch change.state {
            case .working: .working
            case .done: .done
            case .warning: .warning
            case .failed: .failed
            }
        let cause = change.action.flatMap { plan?.actions[$0 - 1].causes.first?.text }
        progress.update(
            ProgressEvent(
                ProgressEvent.Kind(change.kind.rawValue),
                change.name,
                change.status,
                state,
                detail: change.text,
                cause: cause
            )
        )
    }

    private func tell(_ problem: Problem, _ remark: Progress.Remark) {
        var text = problem.message
        if let location = problem.location { text = "\(place(location)): \(text)" }
        if let help = problem.help { text += "\n  help: \(help)" }
        let word = remark == .error ? style.red("error") : style.yellow("warning")
        progress.tell(text, remark, shownAs: "\(word): \(text)")
    }

    private func place(_ location: SourceLocation) -> String {
        let prefix = directory.hasSuffix("/") ? directory : directory + "/"
        let file = location.file.hasPrefix(prefix) ? String(location.file.dropFirst(prefix.count)) : location.file
        return "\(file):\(location.line):\(location.column)"
    }

    /// A failure with what was last heard of the container.
    private func show(_ failure: ProjectFailure) {
        var lines = ["\(style.red("error")): \(failure.message)"]
        if !failure.probes.isEmpty {
            lines.append("  the last probes of \(failure.container ?? ""):")
            for probe in failure.probes {
                lines += probe.split(separator: "\n", omittingEmptySubsequences: false).map {
                    "    " + Self.printable($0)
                }
            }
        }
        if !failure.log.isEmpty {
            lines.append("  the last lines of its log:")
            lines += failure.log.map { "    " + Self.printable($0[...]) }
        }
        if let help = failure.help { lines.append("  help: \(help)") }
        progress.tell(failure.message, .error, shownAs: lines.joined(separator: "\n"))
    }

    /// A line of a container without anything that a terminal would obey.
    private static func printable(_ line: Substring) -> String {
        String(line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F && !(0x80...0x9F).contains($0.value) })
    }
}

extension OutputStream {
    /// Whether it is a terminal that can be drawn on.
    var isDrawable: Bool {
        let kind = getenv("TERM").map { String(cString: $0) } ?? ""
        return isTerminal && kind != "dumb" && !kind.isEmpty
    }
}
