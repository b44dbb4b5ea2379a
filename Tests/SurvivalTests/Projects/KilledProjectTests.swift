// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

/// Commands on a project that are cut off anywhere, and then run again: they come to the same end as undisturbed ones.
@Suite(.serialized) struct `Commands on a project that are cut off at any instant` {
    /// How long the series is.
    private static let rounds = getenv("SURVIVAL_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 12

    /// What is killed.
    private enum Target: CaseIterable {
        case command, engine, keeper
    }

    /// What is cut off.
    private enum Task: CaseIterable {
        case up, change, scale, down

        var arguments: [String] {
            switch self {
            case .up: ["up", "-d"]
            case .change: ["up", "-d", "--remove-orphans"]
            case .scale: ["up", "-d", "--scale", "web=4"]
            case .down: ["down"]
            }
        }

        /// The services whose containers it has no reason to touch.
        var untouched: [String] {
            switch self {
            case .up, .down: []
            case .change: ["cache"]
            case .scale: ["cache", "db", "proxy", "sidecar"]
            }
        }
    }

    @Test func `come to the end of undisturbed ones when run again`() async throws {
        try await SurvivingEngine.with { engine in
            let project = try SurvivingProject(engine)
            let ends = try await BlockingCall.run {
                var ends: [Task: End] = [:]
                for task in Task.allCases { ends[task] = try Self.undisturbed(task, project) }
                return ends
            }
            var cuts = 0
            for number in 0..<Self.rounds {
                let task = Task.allCases[number % Task.allCases.count]
                let target = Target.allCases[number / Task.allCases.count % Target.allCases.count]
                guard let end = ends[task] else { continue }
                if try await Self.round(number, task, target, project, end) { cuts += 1 }
            }
            print("\(Self.rounds) commands on a project, of which \(cuts) were cut off")
            #expect(cuts > 0)
            try await BlockingCall.run {
                try project.succeed(["down", "-v", "--remove-orphans"])
                #expect(try project.state() == ["networks ", "volumes "])
            }
        }
    }

    private static func undisturbed(_ task: Task, _ project: SurvivingProject) throws -> End {
        try prepare(task, project)
        let start = ContinuousClock.now
        try project.succeed(task.arguments)
        return try End(project, duration: ContinuousClock.now - start)
    }

    /// What there is at the end of an undisturbed command.
    private struct End: Sendable {
        var state: [String]
        var kernel: [String]
        var duration: Duration

        init(_ project: SurvivingProject, duration: Duration) throws {
            state = try project.settledState()
            kernel = try project.engine.settledKernelState()
            self.duration = duration
        }

        /// How long the command took, in milliseconds.
        var milliseconds: Int {
            Int(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
        }
    }

    /// Has the project be as it is before a command.
    private static func prepare(_ task: Task, _ project: SurvivingProject) throws {
        let mark = project.engine.scratch.path
        try project.edit(SurvivalFiles.before(mark))
        try project.succeed(task == .up ? ["down", "--remove-orphans"] : ["up", "-d", "--remove-orphans"])
        try project.edit(task == .change ? SurvivalFiles.after(mark) : SurvivalFiles.before(mark))
    }

    /// One command that is cut off, and run again.
    ///
    /// - Returns: Whether it was cut off.
    private static func round(
        _ number: Int,
        _ task: Task,
        _ target: Target,
        _ project: SurvivingProject,
        _ end: End
    ) async throws -> Bool {
        let volume = project.engine.location.volumes + "/shop_data/_data"
        let (kept, volumes) = try await BlockingCall.run {
            try prepare(task, project)
            try writeFile(volume + "/of-the-user", Array("\(number)".utf8))
            let kept = try project.containers().filter { task.untouched.contains($0.service) }.map(\.life)
            return (kept, try project.unnamedVolumes())
        }
        // It is the instant of the cut that the test is about, and nothing that it waits for.
        let instant = Int.random(in: 0...end.milliseconds)
        async let first = BlockingCall.run {
            try project.run(task.arguments, killedAfter: target == .command ? instant : nil)
        }
        try await BlockingCall.run {
            poll(nil, 0, Int32(instant))
            switch target {
            case .engine: try project.engine.killEngine()
            case .keeper: try project.engine.killKeeper()
            case .command: break
            }
        }
        let outcome = try await first
        let story = "round \(number): \(task), \(target) killed after \(instant) ms: \(outcome.end)\n\(outcome.errors)"
        try await BlockingCall.run {
            let again = try project.run(task.arguments)
            let told = Comment(rawValue: "\(story)\nthen: \(again.end)\n\(again.errors)")
            #expect(again.end == .exit(0), told)
            let state = try project.settledState(end.state)
            #expect(state.difference(from: end.state).map(\.text) == [], told)
            let kernel = try project.engine.settledKernelState(end.kernel)
            #expect(kernel.difference(from: end.kernel).map(\.text) == [], told)
            #expect(try readText(volume + "/of-the-user") == "\(number)", told)
            #expect(try project.containers().filter { task.untouched.contains($0.service) }.map(\.life) == kept, told)
            let made = try project.unnamedVolumes().subtracting(volumes).count
            #expect(made == (task == .up ? 1 : 0), told)
            #expect(try project.unnamedVolumes().isSuperset(of: volumes), told)
        }
        return outcome.end != .exit(0)
    }
}

extension CollectionDifference.Change where ChangeElement == String {
    /// What is more or less, as a line.
    var text: String {
        switch self {
        case .insert(_, let element, _): "+ \(element)"
        case .remove(_, let element, _): "- \(element)"
        }
    }
}

extension ContainerInspection {
    /// The service that it belongs to.
    var service: String { config.labels?[ProjectLabel.service] ?? "" }

    /// What is another once it was replaced or started again.
    fileprivate var life: String { "\(name) \(id) \(state.startedAt) \(state.pid)" }
}
