// SPDX-License-Identifier: Apache-2.0

package import Reconciler

/// What the engine tells while it works on a project: one line of JSON each.
package enum ProjectEvent: Codable, Equatable, Sendable {
    /// What is going to be done, before anything is; where it has problems, nothing will be.
    case plan(Plan)
    case progress(ProjectProgress)
    case warning(Problem)
    /// A line of a hook's output.
    case hook(container: String, line: String)
    /// Something went wrong; what depends on it is not done.
    case failure(ProjectFailure)
    /// The container of `run` was made, and not started yet.
    case oneOff(id: String, name: String)
    /// The last line.
    case finished(ProjectOutcome)
}

/// How the work on a project ended.
package enum ProjectOutcome: String, Codable, Equatable, Sendable {
    /// Everything is as it was asked for.
    case done
    /// The plan had problems, and nothing was done.
    case refused
    /// Something failed.
    case failed
}

/// One thing of a project that changes.
package struct ProjectProgress: Codable, Equatable, Sendable {
    /// What it is.
    package enum Kind: String, Codable, Sendable {
        case network = "Network"
        case volume = "Volume"
        case container = "Container"
        case image = "Image"
    }

    /// How far it is.
    package enum State: String, Codable, Sendable {
        case working
        case done
        case warning
        case failed
    }

    package var kind: Kind
    package var name: String
    /// In a word, as Docker Compose has it: `Creating`, `Started`.
    package var status: String
    package var state: State
    /// What there is to be said besides: `Resource is still in use`.
    package var text: String?
    package var time: Timestamp
    package var service: String?
    /// The number of the action; nil for what is taken back.
    package var action: Int?

    package init(_ kind: Kind, _ name: String, _ status: String, _ state: State, at time: Timestamp) {
        self.kind = kind
        self.name = name
        self.status = status
        self.state = state
        self.time = time
    }
}

/// Why a part of the work on a project went wrong, with what a person needs to see at once.
package struct ProjectFailure: Codable, Equatable, Sendable {
    /// What was tried, on what, and what the answer was.
    package var message: String
    /// The container that it is about, by name.
    package var container: String?
    package var service: String?
    /// The status that the container ended with; nil where it did not.
    package var exitStatus: Int32?
    /// The last lines of its log.
    package var log: [String] = []
    /// The outputs of its last probes, the oldest first.
    package var probes: [String] = []
    /// What to do next.
    package var help: String?

    package init(_ message: String) {
        self.message = message
    }
}
