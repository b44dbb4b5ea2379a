// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import EngineAPI
import OCI
import Reconciler
import Synchronization

/// Carries out a plan: each action as soon as those before it are done, as many at a time as the graph allows.
///
/// When one fails, and the plan says nothing of it, no other begins; those that have begun are brought to their end, and what was
/// made in vain is taken back.
struct PlanExecutor: Sendable {
    let engine: Engine
    let plan: Plan
    let project: Project
    let composer: ProjectComposer
    /// What stands between the parts of names.
    let separator: String
    let contents: [ContentKey: ContentState]
    let imageIDs: [String: String]
    /// How many actions run at a time; those that only wait do not count.
    let parallelism: Int
    let report: Engine.ProjectReport
    /// The identifiers of the containers that make room for others.
    let replaced: Set<String>
    let memory = RunMemory()
    /// Kept when something has failed, so that nobody goes on waiting.
    let abort = Promise<Void>()

    /// How many actions run at a time where nobody says.
    static let standardParallelism = 16

    /// What a run has to remember from one action to another.
    final class RunMemory: Sendable {
        private struct State {
            /// The identifiers of containers by the actions that made them.
            var made: [Int: String] = [:]
            /// The identifiers of containers that were started.
            var started: [String] = []
            /// The identifiers of containers that were stopped, or removed.
            var stopped: Set<String> = []
            var removed: Set<String> = []
            /// The networks and volumes that were made, by name.
            var networks: [String] = []
            var warnings: Set<String> = []
        }

        private let state = Mutex(State())

        func note(_ id: String, madeBy action: Int) { state.withLock { $0.made[action] = id } }
        func noteStart(of id: String) { state.withLock { $0.started.append(id) } }
        func noteStop(of id: String) { state.withLock { _ = $0.stopped.insert(id) } }
        func noteRemoval(of id: String) { state.withLock { _ = $0.removed.insert(id) } }
        func note(network: String) { state.withLock { $0.networks.append(network) } }

        /// Notes a warning.
        ///
        /// - Returns: Whether it was not noted before.
        func isNew(_ warning: String) -> Bool { state.withLock { $0.warnings.insert(warning).inserted } }

        func container(madeBy action: Int) -> String? { state.withLock { $0.made[action] } }
        var made: [Int: String] { state.withLock(\.made) }
        var started: [String] { state.withLock(\.started) }
        var stopped: Set<String> { state.withLock(\.stopped) }
        var removed: Set<String> { state.withLock(\.removed) }
        var networks: [String] { state.withLock(\.networks) }
    }

    // MARK: The graph

    /// Carries the plan out.
    ///
    /// - Returns: Whether everything was done.
    func run() async -> Bool {
        let networks = plan.removedNetworks
        engine.networks.expectRemoval(of: networks)
        defer { engine.networks.expectNoRemoval(of: networks) }
        var schedule = PlanSchedule(plan)
        var running = 0
        await withTaskGroup(of: (id: Int, isDone: Bool).self) { group in
            func begin() {
                if Task.isCancelled { schedule.stop() }
                while let id = schedule.next(isRoom: running < parallelism) {
                    let action = plan.actions[id - 1]
                    if action.operation.occupies { running += 1 }
                    group.addTask { (id, await perform(action)) }
                }
                if schedule.isStopped { abort.keep(()) }
            }
            begin()
            for await (id, isDone) in group {
                if plan.actions[id - 1].operation.occupies { running -= 1 }
                schedule.end(id, isDone ? .done : .failed)
                begin()
            }
        }
        return schedule.isFulfilled
    }

    /// Does one action.
    ///
    /// - Returns: Whether what comes after it may be done.
    private func perform(_ action: Action) async -> Bool {
        do {
            try await carryOut(action)
            return true
        } catch is CancellationError {
            return false
        } catch {
            // What did not come about because something else failed is no failure of its own.
            if abort.current != nil, error is Aborted { return false }
            await tell(action, .failed)
            await report(.failure(await failure(of: action, error)))
            return false
        }
    }

    /// Thrown by waits that end because something else has failed.
    struct Aborted: Error {}

    // MARK: Telling

    /// How far an action is.
    enum Step {
        case begun
        case done
        case failed
    }

    func tell(_ action: Action, _ step: Step, text: String? = nil) async {
        guard let words = action.words(replacing: replaced) else { return }
        let status =
            switch step {
            case .begun: words.begun
            case .done: words.done
            case .failed: "Error"
            }
        let state: ProjectProgress.State =
            switch step {
            case .begun: .working
            case .done: text == nil ? .done : .warning
            case .failed: .failed
            }
        if status.isEmpty { return }
        await tell(words.kind, words.name, text ?? status, state, action)
    }

    func tell(
        _ kind: ProjectProgress.Kind,
        _ name: String,
        _ status: String,
        _ state: ProjectProgress.State,
        _ action: Action? = nil
    ) async {
        var progress = ProjectProgress(kind, name, status, state, at: .now)
        progress.action = action?.id
        progress.service = action?.operation.service
        await report(.progress(progress))
    }
}

extension Operation {
    /// Whether it keeps the machine busy, other than one that only waits.
    var occupies: Bool {
        switch self {
        case .awaitService, .pause, .stopContainer, .restartContainer: false
        default: true
        }
    }

    /// The service that it concerns.
    var service: String? {
        switch self {
        case .createContainer(let creation): creation.service
        case .awaitService(let expectation): expectation.service
        default: container?.service
        }
    }
}

/// What is told of an action, in Docker Compose's words.
struct ActionWords {
    var kind: ProjectProgress.Kind
    var name: String
    /// Empty for nothing.
    var begun: String
    var done: String
}

extension Action {
    /// What is told of it.
    ///
    /// A container that makes room for another one goes without a word: what is told is that it is recreated.
    ///
    /// - Parameter replaced: The identifiers of the containers that make room for others.
    /// - Returns: The words; nil for nothing.
    func words(replacing replaced: Set<String>) -> ActionWords? {
        func container(_ name: String, _ begun: String, _ done: String) -> ActionWords {
            ActionWords(kind: .container, name: name, begun: begun, done: done)
        }
        if let id = operation.container?.id, replaced.contains(id) { return nil }
        switch operation {
        case .createNetwork(_, let name):
            return ActionWords(kind: .network, name: name, begun: "Creating", done: "Created")
        case .removeNetwork(_, let name):
            return ActionWords(kind: .network, name: name, begun: "Removing", done: "Removed")
        case .createVolume(_, let name):
            return ActionWords(kind: .volume, name: name, begun: "Creating", done: "Created")
        case .removeVolume(let name): return ActionWords(kind: .volume, name: name, begun: "Removing", done: "Removed")
        case .removeImage(let reference):
            let name = (try? OCI.ImageReference(reference))?.familiar ?? reference
            return ActionWords(kind: .image, name: name, begun: "Removing", done: "Removed")
        case .createContainer(let creation):
            return creation.replaces == nil
                ? container(creation.name, "Creating", "Created") : container(creation.name, "Recreate", "Recreated")
        case .adjustContainer(let target): return causes.isEmpty ? nil : container(target.name, "Updating", "Updated")
        case .connect(let target, _): return container(target.name, "Connecting", "Connected")
        case .disconnect, .renameContainer, .pause: return nil
        case .startContainer(let target): return container(target.name, "Starting", "Started")
        case .stopContainer(let target, _): return container(target.name, "Stopping", "Stopped")
        case .restartContainer(let target, _): return container(target.name, "Restarting", "Started")
        case .killContainer(let target, _): return container(target.name, "Killing", "Killed")
        case .pauseContainer(let target): return container(target.name, "Pausing", "Paused")
        case .unpauseContainer(let target): return container(target.name, "Unpausing", "Unpaused")
        case .removeContainer(let target, _): return container(target.name, "Removing", "Removed")
        case .prepareService(let target): return container(target.name, "Preparing", "Prepared")
        case .awaitService: return nil
        }
    }
}

extension Plan {
    /// The identifiers of the networks that are removed.
    var removedNetworks: [String] {
        actions.compactMap { if case .removeNetwork(let id, _) = $0.operation { id } else { nil } }
    }

    /// The identifiers of the containers that make room for others.
    var replaced: Set<String> {
        Set(
            actions.compactMap {
                if case .createContainer(let creation) = $0.operation { creation.replaces } else { nil }
            }
        )
    }
}
