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
    private let rebuild: ServiceRebuild
    private let onRestart: RestartHandler
    private let stopping: WakeUp

    /// - Parameters:
    ///   - client: The client.
    ///   - project: The project.
    ///   - paths: What is watched.
    ///   - screen: Where it is said what is done.
    ///   - rebuild: Builds images anew.
    ///   - onRestart: Hears of restarts.
    /// - Throws: The error of eventfd(2).
    init(
        _ client: EngineClient,
        _ project: Project,
        _ paths: [WatchedPath],
        on screen: WatchScreen,
        _ rebuild: ServiceRebuild,
        onRestart: @escaping RestartHandler = { _, _ in }
    ) throws {
        self.client = client
        self.project = project
        self.paths = paths
        self.screen = screen
        self.rebuild = rebuild
        self.onRestart = onRestart
        stopping = try WakeUp()
    }

    /// Has ``run()`` end when it has done what is under way; a build is not waited for.
    func stop() {
        stopping.signal()
        rebuild.stop()
    }

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
            if !changes.isEmpty { unsynced = react(to: changes, unsynced, watcher) }
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
    ///
    /// - Parameters:
    ///   - watcher: Knows the files.
    ///   - services: The services whose containers are new; nil for all.
    /// - Returns: What could not be copied.
    private func synced(startingWith watcher: TreeWatcher, _ services: Set<String>? = nil) -> Set<TreeChange> {
        let changes = paths.indices.filter { paths[$0].rule.initialSync && paths[$0].syncs }
            .filter { services?.contains(paths[$0].service) ?? true }
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
    ///   - watcher: Knows the files.
    /// - Returns: What could not be copied.
    private func react(
        to changes: [TreeChange],
        _ unsynced: Set<TreeChange>,
        _ watcher: TreeWatcher
    ) -> Set<TreeChange> {
        let reaction = WatchReaction(changes, by: paths)
        var failed: Set<String> = []
        var left = unsynced
        // New containers come before what is copied into them.
        var renewed: Set<String> = []
        if !reaction.rebuilds.isEmpty {
            (renewed, left) = rebuild(reaction.rebuilds, left, watcher)
        }
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
        let restarts = reaction.restarts.subtracting(failed).subtracting(renewed)
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

    /// Builds the images of services, and has their containers made of them.
    ///
    /// - Returns: The services whose containers are new, and what could not be copied.
    private func rebuild(
        _ services: Set<String>,
        _ unsynced: Set<TreeChange>,
        _ watcher: TreeWatcher
    ) -> (renewed: Set<String>, unsynced: Set<TreeChange>) {
        let names = services.sorted()
        let list = names.map(quoted).joined(separator: " ")
        screen.say("Rebuilding service(s) [\(list)] after changes were detected...")
        do {
            let before = try rebuild.images(of: names)
            guard rebuild.build(names) else { return ([], unsynced) }
            let after = try rebuild.images(of: names)
            screen.say("service(s) [\(list)] successfully built")
            let taken = dependants(of: services)
            onRestart(taken, true)
            defer { onRestart(taken, false) }
            // Also where the images are the same: what failed before is made up for.
            guard try outcome(of: try rebuild.recreate(names)) == .done else {
                screen.warn("service(s) [\(list)] could not be made anew; the next change tries again")
                return ([], unsynced)
            }
            rebuild.prune(before, after)
            if before == after {
                screen.say("service(s) [\(list)] left as they are: the image is the same")
                return ([], unsynced)
            }
            let left = unsynced.union(synced(startingWith: watcher, services))
            screen.say("service(s) [\(list)] recreated")
            return (services, left)
        } catch {
            screen.warn("cannot rebuild service(s) [\(list)]: \(error)")
            return ([], unsynced)
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
            if try outcome(of: try client.conduct(.restart, ofProject: project.name, request)) == .done {
                screen.say("service(s) [\(list)] restarted")
            } else {
                screen.warn("service(s) [\(list)] could not be restarted; the next change tries again")
            }
        } catch {
            screen.warn("cannot restart service(s) [\(list)]: \(error)")
        }
    }

    /// Reads the engine's answer to its end, and tells of what went wrong.
    private func outcome(of response: consuming Response) throws -> ProjectOutcome? {
        var outcome: ProjectOutcome?
        while let event = try response.nextValue(ProjectEvent.self) {
            switch event {
            case .failure(let failure): screen.warn(failure.message)
            case .plan(let plan): for problem in plan.problems { screen.warn(problem.message) }
            case .finished(let how): outcome = how
            default: break
            }
        }
        return outcome
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
