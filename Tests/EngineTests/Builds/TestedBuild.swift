// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// A context for builds, and how they are asked for.
final class TestedBuild: Sendable {
    let engine: TestedEngine
    let scratch: Scratch

    /// Makes a context of files; a name with a slash behind it is a folder.
    init(_ engine: TestedEngine, _ files: [String: String] = [:]) throws {
        self.engine = engine
        scratch = try Scratch()
        try makeFolder(scratch / "context")
        for (name, text) in files { try write(name, text) }
    }

    var context: String { scratch / "context" }

    func write(_ name: String, _ text: String) throws {
        if name.hasSuffix("/") { return try makeFolder("\(context)/\(name)") }
        try scratch.write("context/\(name)", text)
    }

    /// What came of a build.
    struct Outcome: Sendable {
        var id: String?
        var events: [BuildEvent]

        /// Names of steps that the cache had, by the instruction.
        var cached: [String] { steps(.cached) }
        /// Those that were done.
        var done: [String] { steps(.done) }
        var failure: BuildEvent.Failure? { events.compactMap(\.failure).last }
        var output: String { events.compactMap(\.output?.text).joined() }
        var reasons: [String] {
            events.compactMap { $0.step?.reason.map { $0 } }
        }

        func steps(_ state: BuildEvent.Step.State) -> [String] {
            events.compactMap(\.step).filter { $0.state == state }.map { step in
                String(step.name.drop { $0 != "]" }.dropFirst(2))
            }
        }
    }

    /// Builds.
    func build(
        _ dockerfile: String,
        as name: String = "built",
        _ change: (inout ImageBuildRequest) -> Void = { _ in }
    ) async throws -> Outcome {
        var request = ImageBuildRequest()
        request.context = context
        request.dockerfileText = dockerfile
        request.tags = [name]
        request.network = "none"
        change(&request)
        let events = Mutex<[BuildEvent]>([])
        let id = try await engine.engine.build(request) { event in events.withLock { $0.append(event) } }
        return Outcome(id: id, events: events.withLock(\.self))
    }

    /// Builds, which must succeed.
    @discardableResult
    func make(
        _ dockerfile: String,
        as name: String = "built",
        _ change: (inout ImageBuildRequest) -> Void = { _ in }
    ) async throws -> Outcome {
        let outcome = try await build(dockerfile, as: name, change)
        if let failure = outcome.failure {
            Issue.record("the build failed: \(failure.message)\n\(failure.lines?.joined(separator: "\n") ?? "")")
        }
        return outcome
    }

    /// What a script says in a container of an image.
    func says(_ script: String, in image: String = "built") async throws -> String {
        try await engine.run(["sh", "-c", script]) { request in
            request.config.image = image
            request.config.entrypoint = CommandWords([])
            request.config.user = "0"
        }.output
    }

    /// The config of an image.
    func config(of image: String = "built") throws -> ImageConfig {
        try engine.engine.images.inspect(image).config
    }

    /// The paths in the layers that were built on top of the base.
    func layers(of image: String = "built") async throws -> [[String]] {
        let layers = try engine.engine.images.unpack(engine.engine.images.inspect(image))
        return try layers.dropFirst().map { layer in
            let path = "/proc/\(getpid())/fd/\(layer.number)"
            return try run("find", [".", "-mindepth", "1", "-printf", "%P %y %m %U:%G\\n"], in: path)
                .split(separator: "\n").map(String.init).sorted()
        }
    }
}
