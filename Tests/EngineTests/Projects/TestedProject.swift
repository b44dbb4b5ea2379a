// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Images
import Linux
import Reconciler
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// A project `p` with a compose file in a folder of its own, on an engine.
final class TestedProject: Sendable {
    let host: TestedEngine
    let folder: Scratch

    init(on host: TestedEngine) throws {
        self.host = host
        folder = try Scratch()
    }

    /// Everything that the engine has told of one command.
    final class Story: Sendable, CustomStringConvertible {
        private let events = Mutex<[ProjectEvent]>([])
        private let firstOfKind = Mutex<[(is: @Sendable (ProjectEvent) -> Bool, promise: Promise<Void>)]>([])

        func note(_ event: ProjectEvent) {
            events.withLock { $0.append(event) }
            firstOfKind.withLock { waits in for wait in waits where wait.is(event) { wait.promise.keep(()) } }
        }

        /// Waits for an event.
        func waitForProgress(_ line: String) async throws {
            let promise = Promise<Void>()
            firstOfKind.withLock { $0.append((is: { Story.line(of: $0) == line }, promise: promise)) }
            if progress.contains(line) { return }
            try await promise.value()
        }

        private var all: [ProjectEvent] { events.withLock(\.self) }

        private static func line(of event: ProjectEvent) -> String? {
            guard case .progress(let progress) = event else { return nil }
            return "\(progress.name) \(progress.status)"
        }

        /// What has become of what: `p-web-1 Started`.
        var progress: [String] { all.compactMap(Self.line) }
        var failures: [ProjectFailure] {
            all.compactMap { if case .failure(let failure) = $0 { failure } else { nil } }
        }
        var warnings: [String] {
            all.compactMap { if case .warning(let problem) = $0 { problem.message } else { nil } }
        }
        var hooks: [String] { all.compactMap { if case .hook(_, let line) = $0 { line } else { nil } } }
        var outcome: ProjectOutcome? { if case .finished(let outcome)? = all.last { outcome } else { nil } }
        var plan: Plan? { all.lazy.compactMap { if case .plan(let plan) = $0 { plan } else { nil } }.first }
        var problems: [String] { plan?.problems.map(\.message) ?? [] }

        /// The lines about ends, and their order.
        func position(_ line: String) throws -> Int {
            try #require(progress.firstIndex(of: line), "\(line) is missing in \(progress)")
        }

        var description: String {
            (progress + failures.map { "failure: \($0.message) \($0.log)" } + problems).joined(separator: "\n")
        }
    }

    // MARK: Commands

    /// The request for a project with a text as its compose file.
    ///
    /// All images are `busybox` where the file says nothing else, and all containers end at the first signal.
    func request(_ text: String, _ change: (inout ProjectUpRequest) -> Void = { _ in }) throws -> ProjectUpRequest {
        var load = LoadRequest(currentDirectory: folder.path)
        load.files = [try folder.write("compose.yaml", text)]
        load.projectName = "p"
        // The image comes below.
        load.options.checksConsistency = false
        let result = Loader.load(load)
        var project = try #require(result.project, "\(result.diagnostics.map(\.message))")
        for (name, service) in project.services {
            var service = service
            if service.image == nil { service.image = ImageReference("busybox") }
            if service.command == nil { service.command = ["sleep", "1000000"] }
            if service.stopSignal == nil { service.stopSignal = "SIGKILL" }
            project.services[name] = service
        }
        var request = ProjectUpRequest(project)
        change(&request)
        return request
    }

    /// Brings the project up.
    @discardableResult
    func up(
        _ text: String,
        into story: Story = Story(),
        _ change: (inout ProjectUpRequest) -> Void = { _ in }
    ) async throws -> Story {
        let request = try request(text, change)
        try await host.engine.bringUp(request) { story.note($0) }
        return story
    }

    /// Brings it up, which must succeed.
    @discardableResult
    func succeed(
        _ text: String,
        _ location: Testing.SourceLocation = #_sourceLocation,
        _ change: (inout ProjectUpRequest) -> Void = { _ in }
    ) async throws -> Story {
        let story = try await up(text, change)
        #expect(story.outcome == .done, "\(story)", sourceLocation: location)
        return story
    }

    /// Does something with what is there.
    @discardableResult
    func conduct(
        _ command: LifeCommand,
        _ services: [String] = [],
        into story: Story = Story(),
        _ change: (inout ProjectLifeRequest) -> Void = { _ in }
    ) async throws -> Story {
        var request = ProjectLifeRequest(nil)
        request.options.services = services
        change(&request)
        try await host.engine.conduct(command, ofProject: "p", request) { story.note($0) }
        return story
    }

    // MARK: What there is

    /// The containers by their names without the project's.
    func containers() async -> [String: ContainerSnapshot] {
        let found = await host.engine.containers(of: "p")
        return Dictionary(found.map { (String($0.name.description.dropFirst(2)), $0) }) { $1 }
    }

    /// `web-1 running`, in order.
    func states() async -> [String] { await containers().map { "\($0) \($1.state.phase.rawValue)" }.sorted() }

    func id(_ name: String) async throws -> String {
        try #require(await containers()[name], "there is no \(name)").id.description
    }

    func inspect(_ name: String) async throws -> ContainerInspection {
        try await host.engine.inspectContainer(id(name), countsSizes: false)
    }

    /// What a program in a container writes.
    func output(of command: String, in name: String) async throws -> String {
        var request = ExecCreateRequest()
        request.cmd = CommandWords(["sh", "-c", command])
        (request.attachStdout, request.attachStderr) = (true, true)
        let exec = try await host.engine.createExec(in: id(name), request).id
        let output = try await host.engine.startExec(exec, ExecStartRequest())?.output
        let (text, errors) = try await TestedEngine.text(of: output)
        return text + errors
    }

    /// Runs a test with a project on an engine whose networks are in a namespace of its own; nothing is left of it.
    static func with(
        _ kind: EngineKind,
        _ body: @escaping @Sendable (TestedProject, TestHost) async throws -> Void
    ) async throws {
        try await TestedEngine.networked(kind) { host, machine in
            let project = try TestedProject(on: host)
            try await body(project, machine)
            let story = try await project.conduct(.down) {
                $0.options.removesVolumes = true
                $0.options.removesOrphans = true
            }
            #expect(story.outcome == .done, "\(story)")
        }
    }
}

/// Lets a test go on where something is the case, while all other tasks go on.
func wait(until condition: () async throws -> Bool) async throws {
    while try await !condition() { await Task.yield() }
}
