// SPDX-License-Identifier: Apache-2.0

package import Reconciler

/// What the engine tells while it works on a project: one line of JSON each, an object with one key, which says what it is.
package enum ProjectEvent: Equatable, Sendable {
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

extension ProjectEvent: Codable {
    private enum Kind: String, CodingKey {
        case plan
        case progress
        case warning
        case hook
        case failure
        case oneOff
        case finished
    }

    /// The payload of `hook`.
    private struct HookLine: Codable {
        var container: String
        var line: String
    }

    /// The payload of `oneOff`.
    private struct OneOff: Codable {
        var id: String
        var name: String
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Kind.self)
        guard let kind = container.allKeys.first else {
            let text = "an event of a project of a kind that this program does not know"
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
        }
        switch kind {
        case .plan: self = .plan(try container.decode(Plan.self, forKey: kind))
        case .progress: self = .progress(try container.decode(ProjectProgress.self, forKey: kind))
        case .warning: self = .warning(try container.decode(Problem.self, forKey: kind))
        case .failure: self = .failure(try container.decode(ProjectFailure.self, forKey: kind))
        case .finished: self = .finished(try container.decode(ProjectOutcome.self, forKey: kind))
        case .hook:
            let hook = try container.decode(HookLine.self, forKey: kind)
            self = .hook(container: hook.container, line: hook.line)
        case .oneOff:
            let made = try container.decode(OneOff.self, forKey: kind)
            self = .oneOff(id: made.id, name: made.name)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Kind.self)
        switch self {
        case .plan(let plan): try container.encode(plan, forKey: .plan)
        case .progress(let progress): try container.encode(progress, forKey: .progress)
        case .warning(let problem): try container.encode(problem, forKey: .warning)
        case .failure(let failure): try container.encode(failure, forKey: .failure)
        case .finished(let outcome): try container.encode(outcome, forKey: .finished)
        case .hook(let name, let line): try container.encode(HookLine(container: name, line: line), forKey: .hook)
        case .oneOff(let id, let name): try container.encode(OneOff(id: id, name: name), forKey: .oneOff)
        }
    }
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
