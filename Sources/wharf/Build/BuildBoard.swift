// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Terminal

/// Draws the steps of builds in their place on a terminal, each that goes on with the last lines of its program.
struct BuildBoard: Sendable {
    private let progress: Progress

    /// A board on standard error.
    ///
    /// - Parameter colour: The user's wish about colour.
    init(colour: ColourChoice) {
        let stream = OutputStream.error
        progress = Progress(
            .terminal,
            title: "Building",
            style: stream.style(colour),
            display: ProgressDisplay(stream)
        )
    }

    /// Shows that a step begins or ends.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - title: The service; empty for none.
    func show(_ step: BuildEvent.Step, of title: String) {
        let (status, state): (String, ProgressEvent.State) =
            switch step.state {
            case .started: ("", .working)
            case .cached: ("CACHED", .done)
            case .done: ("DONE", .done)
            case .failed: ("ERROR", .failed)
            case .cancelled: ("CANCELED", .warning)
            }
        let kind = ProgressEvent.Kind(title)
        let detail = step.reason.map { "not cached: \($0)" }
        progress.update(ProgressEvent(kind, step.name, status, state, detail: detail))
    }

    /// Shows what a step writes.
    ///
    /// - Parameters:
    ///   - text: More of its output.
    ///   - step: The name of the step.
    ///   - title: The service; empty for none.
    func append(_ text: String, to step: String, of title: String) {
        progress.append(text, to: ProgressEvent(ProgressEvent.Kind(title), step, "", .working).id)
    }

    /// Shows that there is an image.
    func show(_ image: BuildEvent.Image) {
        progress.update(ProgressEvent(.image, image.names.first ?? image.id, "Built", .done))
    }

    /// Prints a text above what is drawn.
    func print(_ text: String) { progress.print(Array(text.utf8)) }

    /// Leaves every step with its last state.
    func finish() { progress.finish() }
}
