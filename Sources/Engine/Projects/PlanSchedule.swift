// SPDX-License-Identifier: Apache-2.0

import Reconciler

/// Which actions of a plan may begin, by what became of the others.
struct PlanSchedule {
    /// What became of an action.
    enum Fate {
        case done
        case failed
        /// What it had to wait for failed, or everything was called off before it began.
        case skipped
        /// It would only have been done on a failure that did not happen.
        case unneeded
    }

    private let actions: [Action]
    private var fates: [Int: Fate] = [:]
    /// Those that may begin, in the order of the plan.
    private var ready: [Int] = []
    private var begun: Set<Int> = []
    /// The actions that an end can make ready.
    private var interested: [Int: [Int]] = [:]
    /// The actions whose failure the plan provides for.
    private var contained: Set<Int> = []
    /// Whether nothing begins any more but what makes failures good.
    private(set) var isStopped = false

    init(_ plan: Plan) {
        actions = plan.actions
        for action in actions {
            for id in action.after + action.onFailureOf { interested[id, default: []].append(action.id) }
            contained.formUnion(action.onFailureOf)
            if action.bearsFailures { contained.formUnion(action.after) }
        }
        for action in actions { look(at: action.id) }
    }

    /// Whether everything that was to be done is.
    var isFulfilled: Bool {
        actions.allSatisfy { action in
            switch fates[action.id] {
            case .done, .unneeded: true
            // Whoever bears it has judged.
            case .failed, .skipped: isBorne(action.id)
            case nil: false
            }
        }
    }

    private func isBorne(_ id: Int) -> Bool {
        let bearers = (interested[id] ?? []).filter {
            actions[$0 - 1].bearsFailures && actions[$0 - 1].after.contains(id)
        }
        return !bearers.isEmpty && bearers.allSatisfy { fates[$0] == .done }
    }

    /// Takes the next action that may begin.
    ///
    /// - Parameter isRoom: Whether one may begin that keeps the machine busy.
    /// - Returns: Its number; nil where none may.
    mutating func next(isRoom: Bool) -> Int? {
        guard let position = ready.firstIndex(where: { isRoom || !actions[$0 - 1].operation.occupies }) else {
            return nil
        }
        let id = ready.remove(at: position)
        begun.insert(id)
        return id
    }

    /// Takes note of the end of an action.
    mutating func end(_ id: Int, _ fate: Fate) {
        var ended = [(id, fate)]
        while let (id, fate) = ended.popLast() {
            guard fates[id] == nil else { continue }
            fates[id] = fate
            if fate == .failed, !contained.contains(id) { stop() }
            for next in interested[id] ?? [] {
                if let fate = look(at: next) { ended.append((next, fate)) }
            }
        }
    }

    /// Has nothing begin any more but what makes failures good.
    mutating func stop() {
        guard !isStopped else { return }
        isStopped = true
        let waiting = ready.filter { actions[$0 - 1].onFailureOf.isEmpty }
        ready.removeAll { waiting.contains($0) }
        for id in waiting { end(id, .skipped) }
        for action in actions where !begun.contains(action.id) && fates[action.id] == nil {
            if action.onFailureOf.isEmpty, !ready.contains(action.id) { end(action.id, .skipped) }
        }
    }

    /// Makes an action ready, or tells that it will never be.
    @discardableResult
    private mutating func look(at id: Int) -> Fate? {
        guard fates[id] == nil, !begun.contains(id), !ready.contains(id) else { return nil }
        let action = actions[id - 1]
        let before = action.after.map { fates[$0] }
        if action.bearsFailures {
            guard before.allSatisfy({ $0 != nil }) else { return nil }
        } else if before.contains(where: { $0 == .failed || $0 == .skipped || $0 == .unneeded }) {
            return .skipped
        } else if !before.allSatisfy({ $0 == .done }) {
            return nil
        }
        if !action.onFailureOf.isEmpty {
            let causes = action.onFailureOf.map { fates[$0] }
            guard causes.allSatisfy({ $0 != nil }) else { return nil }
            guard causes.contains(.failed) else { return .unneeded }
        } else if isStopped {
            return .skipped
        }
        ready.append(id)
        ready.sort()
        return nil
    }
}

extension Action {
    /// Whether it begins although what came before it has failed.
    fileprivate var bearsFailures: Bool {
        if case .awaitService(let expectation) = operation { expectation.bearsFailures } else { false }
    }
}
