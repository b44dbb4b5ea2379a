// SPDX-License-Identifier: Apache-2.0

/// What a plan does to one thing, all of its steps together.
package struct PlanChange: Equatable, Sendable {
    /// What becomes of it.
    package enum Kind: String, CaseIterable, Sendable {
        case create
        /// Another one comes in its place.
        case replace
        case update
        case remove
        case start
        case stop
        case restart
        case kill
        case pause
        case unpause
    }

    package var kind: Kind
    /// What it is: `container p-web-1`, `network p_default`.
    package var subject: String
    /// Why, each reason once.
    package var causes: [Cause]
}

/// How many things a plan changes, in what ways.
package struct PlanSummary: Encodable, Equatable, Sendable {
    package var create = 0
    package var replace = 0
    package var update = 0
    package var remove = 0
    package var start = 0
    /// Stopped, killed or paused.
    package var stop = 0
    package var restart = 0

    package init(_ plan: Plan) {
        for change in plan.changes {
            switch change.kind {
            case .create: create += 1
            case .replace: replace += 1
            case .update: update += 1
            case .remove: remove += 1
            case .start, .unpause: start += 1
            case .stop, .kill, .pause: stop += 1
            case .restart: restart += 1
            }
        }
    }
}

extension Plan {
    /// What the plan does to each thing, in the order of the first steps; a replacement, for instance, is one change.
    package var changes: [PlanChange] {
        var collector = ChangeCollector()
        for action in actions where action.isChange { collector.take(action) }
        return collector.changes
    }
}

/// Puts together what several actions do to one thing.
private struct ChangeCollector {
    /// What is done to one thing.
    private struct Deeds {
        var subject: String
        var kinds: Set<PlanChange.Kind> = []
        var isReplaced = false
        var causes: [Cause] = []
    }

    private var order: [String] = []
    private var deeds: [String: Deeds] = [:]
    /// The keys of containers that are there and make room for others, by their identifiers.
    private var successors: [String: String] = [:]

    var changes: [PlanChange] {
        order.compactMap { key in
            deeds[key].map { PlanChange(kind: kind(of: $0), subject: $0.subject, causes: $0.causes) }
        }
    }

    mutating func take(_ action: Action) {
        switch action.operation {
        case .createNetwork(_, let name): note(.create, "network \(name)", "network \(name)", action)
        case .removeNetwork(_, let name): note(.remove, "network \(name)", "network \(name)", action)
        case .createVolume(_, let name): note(.create, "volume \(name)", "volume \(name)", action)
        case .removeVolume(let name): note(.remove, "volume \(name)", "volume \(name)", action)
        case .removeImage(let reference): note(.remove, "image \(reference)", "image \(reference)", action)
        case .createContainer(let creation):
            let key = "creation \(action.id)"
            note(.create, key, "container \(creation.name)", action)
            guard let old = creation.replaces else { return }
            successors[old] = key
            deeds[key]?.isReplaced = true
        case .awaitService, .pause: break
        default: takeContainer(action)
        }
    }

    private mutating func takeContainer(_ action: Action) {
        guard let container = action.operation.container else { return }
        let own = container.id ?? "creation \(container.creation ?? 0)"
        let key = container.id.flatMap { successors[$0] } ?? own
        let kind: PlanChange.Kind =
            switch action.operation {
            case .startContainer: .start
            case .stopContainer: .stop
            case .restartContainer: .restart
            case .killContainer: .kill
            case .pauseContainer: .pause
            case .unpauseContainer: .unpause
            case .removeContainer: .remove
            default: .update
            }
        note(kind, key, "container \(container.name)", action)
    }

    private mutating func note(_ kind: PlanChange.Kind, _ key: String, _ subject: String, _ action: Action) {
        if deeds[key] == nil { order.append(key) }
        deeds[key, default: Deeds(subject: subject)].kinds.insert(kind)
        for cause in action.causes where deeds[key]?.causes.contains(cause) == false {
            deeds[key]?.causes.append(cause)
        }
    }

    /// What all that is done to a thing comes to.
    private func kind(of deeds: Deeds) -> PlanChange.Kind {
        let kinds = deeds.kinds
        if deeds.isReplaced || kinds.isSuperset(of: [.create, .remove]) { return .replace }
        if kinds.contains(.create) { return .create }
        if kinds.contains(.remove) { return .remove }
        if kinds.contains(.restart) || kinds.isSuperset(of: [.stop, .start]) { return .restart }
        if kinds.contains(.update) { return .update }
        return PlanChange.Kind.allCases.first(where: kinds.contains) ?? .update
    }
}
