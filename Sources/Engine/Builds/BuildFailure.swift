// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI

/// Why a step of a build has failed.
struct BuildFailure: Error, Sendable, CustomStringConvertible {
    var message: String
    /// The exit status of its program.
    var exitStatus: Int32?
    /// Its command line.
    var command: String?
    /// The last lines that it has written.
    var lines: [String] = []
    /// Where its instruction is.
    var place: SourcePlace?

    var description: String { message }

    init(_ message: String, exitStatus: Int32? = nil, lines: [String] = []) {
        (self.message, self.exitStatus, self.lines) = (message, exitStatus, lines)
    }

    /// An error of a step.
    init(_ error: any Error, at place: SourcePlace?, of step: String) {
        if let failure = error as? BuildFailure {
            self = failure
        } else {
            self.init("\(step): \((error as? EngineError)?.message ?? "\(error)")")
        }
        self.place = self.place ?? place
    }

    /// What the client is told.
    var told: BuildEvent.Failure {
        var told = BuildEvent.Failure(
            message: message,
            exitStatus: exitStatus,
            lines: lines.isEmpty ? nil : lines,
            line: place?.line
        )
        told.command = command
        return told
    }
}
