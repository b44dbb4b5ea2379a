// SPDX-License-Identifier: Apache-2.0

import Compose

/// A plan as `wharf plan --json` prints it: flat, with stable names.
///
/// Keys that have no value are left out. The meaning of a key never changes; new keys may come.
///
/// ```json
/// {"project": "p", "has_changes": true,
///  "summary": {"create": 1, "replace": 0, "update": 0, "remove": 0, "start": 0, "stop": 0, "restart": 0},
///  "actions": [{"id": 1, "action": "create", "resource": {"kind": "container", "name": "p-web-1", "service": "web", "number": 1},
///               "causes": [{"text": "there is none yet"}], "after": []}],
///  "problems": [], "warnings": [], "unchanged": []}
/// ```
package struct PlanDocument: Encodable, Equatable, Sendable {
    package var project: String
    /// Whether anything would change; what only waits or is remembered is no change.
    package var hasChanges: Bool
    package var summary: PlanSummary
    package var actions: [Step]
    package var problems: [Notice]
    package var warnings: [Notice]
    /// The names of the containers that nothing is done to.
    package var unchanged: [String]

    private enum CodingKeys: String, CodingKey {
        case project
        case hasChanges = "has_changes"
        case summary
        case actions
        case problems
        case warnings
        case unchanged
    }

    package init(_ plan: Plan) {
        project = plan.project
        hasChanges = plan.hasChanges
        summary = PlanSummary(plan)
        actions = plan.actions.map { Step($0) }
        problems = plan.problems.map { Notice($0) }
        warnings = plan.warnings.map { Notice($0) }
        unchanged = plan.unchanged
    }
}

extension PlanDocument {
    /// One action.
    package struct Step: Encodable, Equatable, Sendable {
        /// From 1, in an order in which the actions could be done.
        package var id: Int
        /// `create`, `remove`, `update`, `connect`, `disconnect`, `start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `rename`,
        /// `wait` until a service is something, or `delay`.
        package var action: String
        /// What it is done to; none for a delay.
        package var resource: Resource?
        package var causes: [Reason]
        /// The actions that come before.
        package var after: [Int]
        /// The actions of which one has to fail for this one to be done; left out where it is done anyhow.
        package var onFailureOf: [Int]?
        /// The identifier of the container that the new one replaces.
        package var replaces: String?
        /// The name that a container gets, or the network that it joins, or the identifier of the network that it leaves.
        package var target: String?
        /// What is waited for: `started`, `healthy`, `completed`, `ready`.
        package var condition: String?
        /// Whether a wait that fails is only a warning.
        package var optional: Bool?
        /// How many of the containers that are waited for may fail.
        package var mayFail: Int?
        /// How long a delay is, or how long new containers are watched.
        package var milliseconds: Int?

        private enum CodingKeys: String, CodingKey {
            case id
            case action
            case resource
            case causes
            case after
            case onFailureOf = "on_failure_of"
            case replaces
            case target
            case condition
            case optional
            case mayFail = "may_fail"
            case milliseconds
        }
    }

    /// What an action is about.
    package struct Resource: Encodable, Equatable, Sendable {
        /// `container`, `service`, `network`, `volume`, `image`.
        package var kind: String
        package var name: String
        /// The service of a container.
        package var service: String?
        /// The number of a container among those of its service.
        package var number: Int?
        /// The identifier of a container that is there.
        package var id: String?
        /// The action that makes a container that is not.
        package var createdBy: Int?

        private enum CodingKeys: String, CodingKey {
            case kind
            case name
            case service
            case number
            case id
            case createdBy = "created_by"
        }
    }

    /// A cause, with its place in the files.
    package struct Reason: Encodable, Equatable, Sendable {
        package var text: String
        /// The place within the project: `services.web.environment.MODE`.
        package var path: String?
        /// The value before, in JSON.
        package var old: String?
        /// The value after, in JSON.
        package var new: String?
        /// The absolute path of the file.
        package var file: String?
        /// From 1.
        package var line: Int?
        /// From 1.
        package var column: Int?

        init(_ cause: Cause) {
            (text, path, old, new) = (cause.text, cause.path, cause.old, cause.new)
            (file, line, column) = (cause.location?.file, cause.location?.line, cause.location?.column)
        }
    }

    /// A problem or a warning, with its place in the files.
    package struct Notice: Encodable, Equatable, Sendable {
        package var message: String
        /// What to do about it.
        package var help: String?
        package var file: String?
        package var line: Int?
        package var column: Int?

        init(_ problem: Problem) {
            (message, help) = (problem.message, problem.help)
            (file, line, column) = (problem.location?.file, problem.location?.line, problem.location?.column)
        }
    }
}

extension PlanDocument.Step {
    init(_ action: Action) {
        let operation = action.operation
        id = action.id
        self.action = operation.verb
        resource = operation.resource
        causes = action.causes.map { PlanDocument.Reason($0) }
        after = action.after
        onFailureOf = action.onFailureOf.isEmpty ? nil : action.onFailureOf
        switch operation {
        case .createContainer(let creation): replaces = creation.replaces
        case .connect(_, let network): target = network
        case .disconnect(_, let network): target = network
        case .renameContainer(_, let name): target = name
        case .awaitService(let expectation):
            condition = expectation.condition.rawValue
            optional = expectation.isOptional ? true : nil
            mayFail = expectation.mayFail > 0 ? expectation.mayFail : nil
            milliseconds = expectation.monitor
        case .pause(let time): milliseconds = time
        default: break
        }
    }
}

extension Operation {
    /// What is done, in one word.
    fileprivate var verb: String {
        switch self {
        case .createNetwork, .createVolume, .createContainer: "create"
        case .removeNetwork, .removeVolume, .removeImage, .removeContainer: "remove"
        case .adjustContainer: "update"
        case .connect: "connect"
        case .disconnect: "disconnect"
        case .startContainer: "start"
        case .stopContainer: "stop"
        case .restartContainer: "restart"
        case .killContainer: "kill"
        case .pauseContainer: "pause"
        case .unpauseContainer: "unpause"
        case .renameContainer: "rename"
        case .prepareService: "prepare"
        case .awaitService: "wait"
        case .pause: "delay"
        }
    }

    /// What it is done to; nil for nothing.
    fileprivate var resource: PlanDocument.Resource? {
        switch self {
        case .createNetwork(_, let name), .removeNetwork(_, let name):
            PlanDocument.Resource(kind: "network", name: name)
        case .createVolume(_, let name), .removeVolume(let name): PlanDocument.Resource(kind: "volume", name: name)
        case .removeImage(let reference): PlanDocument.Resource(kind: "image", name: reference)
        case .createContainer(let creation):
            PlanDocument.Resource(
                kind: "container",
                name: creation.name,
                service: creation.service,
                number: creation.number
            )
        case .awaitService(let expectation): PlanDocument.Resource(kind: "service", name: expectation.service)
        case .pause: nil
        default:
            container.map { container in
                PlanDocument.Resource(
                    kind: "container",
                    name: container.name,
                    service: container.service,
                    number: container.number,
                    id: container.id,
                    createdBy: container.creation
                )
            }
        }
    }
}
