// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Reconciler
import Store

extension PlanExecutor {
    /// Why a service is not as others wait for it to be.
    struct Unfulfilled: Error, CustomStringConvertible {
        var description: String
        /// The container that it is about, by its identifier.
        var container: String
    }

    /// Waits until something is true of the containers of a service; by events, never by asking again.
    func fulfil(_ expectation: Expectation) async throws {
        let isTold = expectation.condition != .started
        for container in expectation.containers where isTold {
            await tell(.container, container.name, "Waiting", .working)
        }
        do {
            try await unlessAborted { try await wait(expectation) }
        } catch let error as Unfulfilled where expectation.isOptional {
            for container in expectation.containers {
                let text = "Skipped: optional dependency: \(error.description)"
                await tell(.container, container.name, text, .warning)
            }
            return
        } catch {
            if let error = error as? Unfulfilled {
                let name = expectation.containers.first { (try? identifier(of: $0)) == error.container }?.name
                await tell(.container, name ?? expectation.service, "Error", .failed)
            }
            throw error
        }
        for container in expectation.containers where isTold {
            let status = expectation.condition == .completed ? "Exited" : "Healthy"
            await tell(.container, container.name, status, .done)
        }
    }

    /// Ends a wait where something else fails.
    private func unlessAborted(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                _ = try await abort.value()
                return false
            }
            defer { group.cancelAll() }
            if try await group.next() == false { throw Aborted() }
        }
    }

    private func wait(_ expectation: Expectation) async throws {
        switch expectation.condition {
        case .started: return
        case .healthy, .ready: try await waitForAll(expectation)
        case .completed:
            let ids = try expectation.containers.map(identifier)
            // Of several, the first that ends counts.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids { group.addTask { try await waitForCompletion(of: id, expectation.service) } }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// Waits for each container; as many may fail as the expectation bears.
    private func waitForAll(_ expectation: Expectation) async throws {
        let isReady = expectation.condition == .ready
        var failures: [any Error] = []
        try await withThrowingTaskGroup(of: (any Error)?.self) { group in
            for container in expectation.containers {
                group.addTask {
                    do {
                        let id = try identifier(of: container)
                        try await waitForHealth(of: id, container.name, isReady: isReady)
                        if let monitor = expectation.monitor {
                            try await watch(id, container.name, milliseconds: monitor)
                        }
                        return nil
                    } catch is CancellationError {
                        throw CancellationError()
                    } catch {
                        return error
                    }
                }
            }
            for try await failure in group {
                if let failure { failures.append(failure) }
                if failures.count > expectation.mayFail { break }
            }
            group.cancelAll()
        }
        if failures.count > expectation.mayFail, let first = failures.first { throw first }
    }

    /// Watches a container from its start on: it must neither end nor become unhealthy.
    private func watch(_ id: String, _ name: String, milliseconds: Int) async throws {
        let unit = try engine.containers.find(id)
        guard let started = await unit.state.started else { return }
        let over = started.nanoseconds + Int64(milliseconds) * 1_000_000
        let left = over - UnixTime(.now).nanoseconds
        guard left > 0 else { return }
        // One that has ended by now has as well.
        let end = try await engine.waitForContainer(id, .notRunning)
        let status = try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask { try await end().statusCode }
            group.addTask {
                try await Task.sleep(for: .nanoseconds(left))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        if let status { throw Unfulfilled(description: "container \(name) exited (\(status))", container: id) }
        if await unit.snapshot.health?.status == .unhealthy {
            throw Unfulfilled(description: "container \(name) is unhealthy", container: id)
        }
    }

    private func waitForHealth(of id: String, _ name: String, isReady: Bool) async throws {
        switch try await engine.waitForHealth(of: id) {
        case .healthy: return
        case .unhealthy:
            // One that has ended is unhealthy as well, and that it has ended says more.
            if let snapshot = try? await engine.containers.find(id).snapshot, snapshot.state.phase == .exited {
                let status = snapshot.state.exitStatus ?? 0
                throw Unfulfilled(description: "container \(name) exited (\(status))", container: id)
            }
            throw Unfulfilled(description: "container \(name) is unhealthy", container: id)
        case .notRunning(let status):
            throw Unfulfilled(description: "container \(name) exited (\(status))", container: id)
        case .withoutCheck:
            if isReady { return }
            throw Unfulfilled(description: "container \(name) has no healthcheck configured", container: id)
        }
    }

    private func waitForCompletion(of id: String, _ service: String) async throws {
        let status = try await engine.waitForContainer(id, .notRunning)().statusCode
        if status != 0 {
            throw Unfulfilled(
                description: "service \"\(service)\" didn't complete successfully: exit \(status)",
                container: id
            )
        }
    }

    // MARK: Failures

    /// How many lines of a log and probes a failure shows.
    private static let shownLines = 15

    /// What a person needs to see of an error.
    func failure(of action: Action?, _ error: any Error) async -> ProjectFailure {
        var failure: ProjectFailure
        var id: String?
        if let error = error as? Unfulfilled {
            failure = ProjectFailure(
                action == nil ? error.description : "dependency failed to start: \(error.description)"
            )
            id = error.container
        } else if let error = error as? HookFailure {
            failure = ProjectFailure(error.description)
            failure.help = error.help
            (failure.container, failure.service) = (action?.operation.container?.name, action?.operation.service)
            if let id = error.container { failure.log = await lastLines(of: id, limit: Self.shownLines) }
            return failure
        } else {
            let what = action.map { "cannot \($0.operation): " } ?? ""
            failure = ProjectFailure("\(what)\(EngineError(anyStart: error).message)")
            if let container = action?.operation.container { id = try? identifier(of: container) }
        }
        guard let id, let snapshot = try? await engine.containers.find(id).snapshot else { return failure }
        failure.container = snapshot.name.description
        failure.service = snapshot.label(ProjectLabel.service)
        // Why one cannot be made, changed or removed does not stand in its log.
        if let action, !action.operation.runsContainer { return failure }
        if snapshot.state.phase == .exited { failure.exitStatus = snapshot.state.exitStatus }
        failure.log = await lastLines(of: id, limit: Self.shownLines)
        failure.probes = (snapshot.health?.log ?? []).suffix(3).map { probe in
            let output = probe.output.trimmingEnd()
            return "exit \(probe.exitCode)" + (output.isEmpty ? "" : ": \(output)")
        }
        // One that never ran has written nothing, and is not there any more.
        if snapshot.state.started != nil { failure.help = "see `wharf logs \(failure.service ?? "")`" }
        return failure
    }

    /// What a container has written last, line by line.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - limit: How many lines at most; nil for all.
    /// - Returns: The lines; those that could be read where the log is damaged.
    func lastLines(of id: String, limit: Int?) async -> [String] {
        var query = ContainerLogQuery()
        (query.showsOutput, query.showsErrors, query.tail) = (true, true, limit)
        guard let logs = try? await engine.logs(of: id, query) else { return [] }
        var splitter = LineSplitter()
        var lines: [String] = []
        do {
            for try await piece in logs.output { lines += splitter.feed(piece.bytes) }
        } catch {
            return lines
        }
        if let line = splitter.finish() { lines.append(line) }
        return limit.map { lines.suffix($0) } ?? lines
    }
}

extension Operation {
    /// Whether it is about what a container does, rather than about the container.
    fileprivate var runsContainer: Bool {
        switch self {
        case .startContainer, .restartContainer, .prepareService, .awaitService: true
        default: false
        }
    }
}

extension String {
    /// The text without white space at its end.
    func trimmingEnd() -> String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
