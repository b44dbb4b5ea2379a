// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux
import NetlinkSupport
import TestSupport
import Testing

@testable import Engine

/// Where the processes of an engine's containers live: every suite on containers runs with both.
enum EngineKind: CaseIterable, Sendable {
    case embedded
    case kept

    var keeping: Engine.Keeping {
        switch self {
        case .embedded: .embedded
        case .kept: .keeper(program: Binaries.path(of: "wharf-keeper"))
        }
    }
}

/// An engine in the test's own process, with an image `busybox`.
final class TestedEngine: Sendable {
    let engine: Engine
    let scratch: Scratch
    let kind: EngineKind

    private init(_ engine: Engine, _ scratch: Scratch, _ kind: EngineKind) {
        (self.engine, self.scratch, self.kind) = (engine, scratch, kind)
    }

    private static func location(_ scratch: Scratch) -> EngineLocation {
        EngineLocation(data: scratch.path, runtime: scratch / "run")
    }

    /// Runs a test with an engine, whose networks are in that of the test where there is one, and sees to it that nothing is left of it.
    static func with(
        _ kind: EngineKind,
        in network: TestNetwork? = nil,
        _ body: @Sendable (TestedEngine) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        let engine = try await Engine.start(at: location(scratch), keeping: kind.keeping, host: network?.shared)
        let tested = TestedEngine(engine, scratch, kind)
        try await tested.work(isLast: true) { tested in
            try tested.importImage()
            try await body(tested)
        }
        #expect(tested.leftovers() == [])
    }

    /// Runs several tests, each with an engine of its own that takes over what the one before has left.
    static func succession(
        _ kind: EngineKind,
        in network: TestNetwork? = nil,
        _ bodies: [@Sendable (TestedEngine) async throws -> Void]
    ) async throws {
        let scratch = try Scratch()
        for (index, body) in bodies.enumerated() {
            let engine = try await Engine.start(at: location(scratch), keeping: kind.keeping, host: network?.shared)
            let tested = TestedEngine(engine, scratch, kind)
            try await tested.work(isLast: index == bodies.count - 1) { tested in
                if index == 0 { try tested.importImage() }
                try await body(tested)
            }
            if index == bodies.count - 1 { #expect(tested.leftovers() == []) }
        }
    }

    private func importImage() throws {
        _ = try engine.images.importRoot(MemorySource(try BusyboxArchive.bytes()), as: "busybox")
    }

    /// Runs a test while the engine works; after the last one no container is left.
    private func work(isLast: Bool, _ body: @Sendable (TestedEngine) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.engine.run() }
            let result = await Self.outcome { try await body(self) }
            if isLast || (try? result.get()) == nil {
                for unit in engine.containers.all { try? await unit.remove(force: true) }
            }
            await engine.end()
            group.cancelAll()
            try result.get()
        }
    }

    private static func outcome(_ body: () async throws -> Void) async -> Result<Void, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    /// What is left of containers on the host: their control groups and mounts.
    private func leftovers() -> [String] {
        let parent = engine.trees.parent.joined(separator: "/")
        let trees = (engine.trees.unified.map { [$0] } ?? []) + engine.trees.legacy
        let groups = trees.map { "\($0.mountPoint)/\(parent)" }.filter(isFolder)
        let mounts = (try? readText("/proc/self/mountinfo").split(separator: "\n")) ?? []
        return groups + mounts.filter { $0.contains(scratch.path) }.map(String.init)
    }

    // MARK: Containers

    /// Makes a container of the image.
    func create(
        _ command: [String],
        named name: String? = nil,
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> String {
        var config = EngineAPI.ContainerConfig()
        config.image = "busybox"
        config.cmd = CommandWords(command)
        var request = ContainerCreateRequest(config: config)
        request.hostConfig.networkMode = "none"
        change(&request)
        return try await engine.createContainer(request, named: name).id
    }

    /// Makes and starts a container.
    func start(
        _ command: [String],
        named name: String? = nil,
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> String {
        let id = try await create(command, named: name, change)
        try await engine.startContainer(id)
        return id
    }

    /// Runs a container to its end.
    func run(
        _ command: [String],
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> (status: Int, output: String, errors: String) {
        try await finish(create(command, change))
    }

    /// Starts a container that was created, and takes everything that it writes until its end.
    func finish(_ id: String) async throws -> (status: Int, output: String, errors: String) {
        var request = AttachRequest()
        (request.streams, request.output, request.errors) = (true, true, true)
        let attachment = try await engine.attach(to: id, request)
        let wait = try await engine.waitForContainer(id, .nextExit)
        try await engine.startContainer(id)
        let (output, errors) = try await Self.text(of: attachment.output)
        return (try await wait().statusCode, output, errors)
    }

    /// Starts a container, and waits until it has written something.
    func startAndWaitForOutput(_ id: String) async throws {
        var request = AttachRequest()
        (request.streams, request.output) = (true, true)
        let attachment = try await engine.attach(to: id, request)
        try await engine.startContainer(id)
        for try await _ in try #require(attachment.output) { break }
    }

    /// Everything that comes out of a stream.
    static func text(of stream: OutputStream?) async throws -> (output: String, errors: String) {
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        for try await piece in try #require(stream) {
            if piece.stream == .errors { errors += piece.bytes } else { output += piece.bytes }
        }
        return (String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self))
    }

    func state(_ id: String) async throws -> ContainerState {
        try await engine.inspectContainer(id, countsSizes: false).state
    }

    /// The events of a container.
    func events(since: Timestamp?, of id: String) async throws -> EventStream {
        try await engine.events(since: since, until: nil, Filters(["container": [id]]))
    }

    /// What happened to a container, up to an action.
    func actions(of id: String, until last: String) async throws -> [String] {
        var actions: [String] = []
        for try await event in try await events(since: Timestamp(seconds: 1), of: id) {
            actions.append(event.action)
            if event.action == last { break }
        }
        return actions
    }
}
