// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import EngineClient
import Glibc
import Linux
import Reconciler
import Synchronization
import Terminal
import Watch

/// Watches files, and has containers follow their changes, until it is stopped.
final class WatchSession: Sendable {
    /// Hears of services whose containers are restarted: before, and when that has ended.
    typealias RestartHandler = @Sendable (_ services: Set<String>, _ isUnderWay: Bool) -> Void

    private let client: EngineClient
    private let project: Project
    private let paths: [WatchedPath]
    private let screen: WatchScreen
    private let onRestart: RestartHandler
    private let stopping: WakeUp

    /// - Parameters:
    ///   - client: The client.
    ///   - project: The project.
    ///   - paths: What is watched.
    ///   - screen: Where it is said what is done.
    ///   - onRestart: Hears of restarts.
    /// - Throws: The error of eventfd(2).
    init(
        _ client: EngineClient,
        _ project: Project,
        _ paths: [WatchedPath],
        on screen: WatchScreen,
        onRestart: @escaping RestartHandler = { _, _ in }
    ) throws {
        self.client = client
        self.project = project
        self.paths = paths
        self.screen = screen
        self.onRestart = onRestart
        stopping = try WakeUp()
    }

    /// Has ``run()`` end when it has done what is under way.
    func stop() { stopping.signal() }

    private var sync: ServiceSync { ServiceSync(client: client, project: project.name, paths: paths) }

    // MARK: Watching

    /// Watches until it is stopped.
    ///
    /// - Throws: ``CommandFailure`` where the files cannot be watched.
    func run() throws {
        do {
            try watch()
        } catch let error as WatchError {
            throw CommandFailure(message: error.description)
        }
    }

    private func watch() throws {
        let watcher = try TreeWatcher()
        for path in paths {
            let tree = try watcher.add(path.rule.path, path.filter)
            if !watcher.exists(tree) {
                screen.warn("service \"\(path.service)\": `\(path.rule.path)` does not exist yet; it is waited for")
            }
        }
        for warning in watcher.takeWarnings() { screen.warn(warning) }
        // Changes from now on are not lost, whatever the first copy has seen of them.
        var unsynced = synced(startingWith: watcher)
        screen.say("Watch enabled")
        var batch = Batch()
        while try wait(for: watcher, until: batch.deadline) {
            if try watcher.read() { batch.note(at: .now) }
            guard batch.take(at: .now) else { continue }
            let changes = try watcher.changes()
            for warning in watcher.takeWarnings() { screen.warn(warning) }
            if !changes.isEmpty { unsynced = react(to: changes, unsynced) }
        }
        screen.say("Watch disabled")
    }

    /// Waits for changes or a time.
    ///
    /// - Returns: Whether to go on.
    private func wait(for watcher: TreeWatcher, until deadline: ContinuousClock.Instant?) throws -> Bool {
        var timeout: Int32 = -1
        if let deadline {
            let left = (deadline - .now).components
            // Rounded up, since a wait that ends too early begins again.
            timeout = Int32(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1))
        }
        var waits = [
            pollfd(fd: stopping.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watcher.number, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&waits, nfds_t(waits.count), timeout) < 0, errno != EINTR { throw SystemError("poll", errno) }
        return waits[0].revents == 0
    }

    /// Copies all files of rules that want that at the start.
    private func synced(startingWith watcher: TreeWatcher) -> Set<TreeChange> {
        let changes = paths.indices.filter { paths[$0].rule.initialSync && paths[$0].syncs }
            .flatMap { watcher.everything(of: $0) }
        var unsynced: Set<TreeChange> = []
        for (service, part) in WatchReaction(changes, by: paths).syncs.sorted(by: { $0.key < $1.key })
        where !bring(part, to: service) { unsynced.formUnion(part) }
        return unsynced
    }

    // MARK: Acting

    /// Does what the rules say.
    ///
    /// - Parameters:
    ///   - changes: What has changed.
    ///   - unsynced: What could not be copied before.
    /// - Returns: What could not be copied.
    private func react(to changes: [TreeChange], _ unsynced: Set<TreeChange>) -> Set<TreeChange> {
        let reaction = WatchReaction(changes, by: paths)
        var failed: Set<String> = []
        var left = unsynced
        for (service, part) in reaction.syncs.sorted(by: { $0.key < $1.key }) {
            screen.say("Syncing service \(quoted(service)) after \(part.count) changes were detected")
            let old = left.filter { paths[$0.tree].service == service }
            left.subtract(old)
            // Once more, but not without an end.
            if !old.isEmpty { _ = bring(old.subtracting(part).sorted(), to: service) }
            if !bring(part, to: service) {
                failed.insert(service)
                left.formUnion(part)
            }
        }
        // A program is not started again on half of its files.
        let restarts = reaction.restarts.subtracting(failed)
        if !restarts.isEmpty { restart(restarts) }
        for rule in reaction.hooks.sorted() where !failed.contains(paths[rule].service) { runHook(of: paths[rule]) }
        return left
    }

    /// Copies changes.
    ///
    /// - Returns: Whether all containers have all of them.
    private func bring(_ changes: [TreeChange], to service: String) -> Bool {
        do {
            let problems = try sync.run(changes, of: service)
            for problem in problems { screen.warn(problem) }
            return problems.isEmpty
        } catch {
            screen.warn("cannot sync service \(quoted(service)): \(error)")
            return false
        }
    }

    private func restart(_ services: Set<String>) {
        let names = services.sorted()
        let list = names.map(quoted).joined(separator: " ")
        let taken = dependants(of: services)
        onRestart(taken, true)
        defer { onRestart(taken, false) }
        do {
            var request = ProjectLifeRequest(project)
            request.options.services = names
            var response = try client.conduct(.restart, ofProject: project.name, request)
            var outcome: ProjectOutcome?
            while let event = try response.nextValue(ProjectEvent.self) {
                switch event {
                case .failure(let failure): screen.warn(failure.message)
                case .plan(let plan): for problem in plan.problems { screen.warn(problem.message) }
                case .finished(let how): outcome = how
                default: break
                }
            }
            if outcome == .done {
                screen.say("service(s) [\(list)] restarted")
            } else {
                screen.warn("service(s) [\(list)] could not be restarted; the next change tries again")
            }
        } catch {
            screen.warn("cannot restart service(s) [\(list)]: \(error)")
        }
    }

    /// Services with those that are restarted along with them.
    private func dependants(of services: Set<String>) -> Set<String> {
        var found = services
        var count = 0
        while count != found.count {
            count = found.count
            for (name, service) in project.services
            where service.dependsOn.contains(where: { found.contains($0.key) && $0.value.restart }) {
                found.insert(name)
            }
        }
        return found
    }

    private func runHook(of path: WatchedPath) {
        do {
            for container in try sync.containers(of: path.service) where container.isAlive {
                let name = ProjectLogs.source(container).name
                let hook = ServiceHook(client: client, hook: path.rule.exec) { [screen] in screen.show($0, of: name) }
                let status = try hook.run(in: container.id, until: stopping.number)
                if let status, status != 0 {
                    screen.warn("the command of `\(path.rule.path)` in \(container.name) ended with status \(status)")
                }
            }
        } catch {
            screen.warn("cannot run the command of `\(path.rule.path)` for service \(quoted(path.service)): \(error)")
        }
    }

    /// As Docker Compose writes names in its messages.
    private func quoted(_ name: String) -> String { "\"\(name)\"" }
}
