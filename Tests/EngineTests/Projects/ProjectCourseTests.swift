// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Glibc
import Reconciler
import Store
import TestSupport
import Testing

@testable import Engine

@Suite struct `A project in the course of time` {
    @Test(arguments: EngineKind.allCases)
    func `is worked on by one command after the other`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            let requests = try (1...4).map { number in
                try project.request("services: {web: {environment: {A: \(number)}}, db: {}}")
            }
            let stories = try await withThrowingTaskGroup(of: TestedProject.Story.self) { group in
                for request in requests {
                    group.addTask {
                        let story = TestedProject.Story()
                        try await project.host.engine.bringUp(request) { story.note($0) }
                        return story
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for story in stories { #expect(story.outcome == .done, "\(story)") }
            #expect(await project.states() == ["db-1 running", "web-1 running"])
            let created = stories.flatMap(\.progress).count { $0 == "p-db-1 Created" }
            #expect(created == 1)
            async let up = project.up("services: {web: {}, db: {}}")
            async let down = project.conduct(.down)
            let both = try await [up.outcome, down.outcome]
            #expect(both == [.done, .done])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is left in order by a client that goes away in the middle`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            let text = """
                services:
                  db: {healthcheck: {test: test -e /tmp/ready, interval: 10ms, retries: 1000000}}
                  web: {depends_on: {db: {condition: service_healthy}}}
                """
            let story = TestedProject.Story()
            let client = Task { try await project.up(text, into: story) }
            try await story.waitForProgress("p-db-1 Waiting")
            client.cancel()
            _ = try await client.value
            #expect(story.outcome == .failed)
            #expect(await project.states() == ["db-1 running"])
            _ = try await project.output(of: "touch /tmp/ready", in: "db-1")
            try await project.succeed(text)
            #expect(await project.states() == ["db-1 running", "web-1 running"])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `restarts what depends on a container that is started again`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            try await project.succeed(
                """
                services:
                  db: {restart: always}
                  web: {depends_on: {db: {condition: service_started, restart: true}}}
                  other: {depends_on: [db]}
                  stopped: {depends_on: {db: {condition: service_started, restart: true}}}
                """
            )
            try await project.conduct(.stop, ["stopped"])
            let first = await project.containers()
            kill(pid_t(try await project.inspect("db-1").state.pid), SIGKILL)
            try await wait(until: { await project.hasRestarted("web-1", since: first) })
            #expect(await project.hasRestarted("db-1", since: first))
            let second = await project.containers()
            try await project.host.engine.restartContainer(project.id("db-1"), timeout: nil, signal: nil)
            try await wait(until: { await project.hasRestarted("web-1", since: second) })
            #expect(await !project.hasRestarted("other-1", since: first))
            #expect(await project.containers()["stopped-1"]?.state.phase == .exited)
            // By a command on the project, which does it itself and once.
            let third = await project.containers()
            let story = try await project.conduct(.restart, ["db"])
            #expect(story.progress.count { $0 == "p-web-1 Started" } == 1, "\(story)")
            #expect(await project.hasRestarted("web-1", since: third))
        }
    }
}

extension TestedProject {
    /// Whether a container runs, and was started since.
    fileprivate func hasRestarted(_ name: String, since before: [String: ContainerSnapshot]) async -> Bool {
        guard let now = await containers()[name], now.state.phase == .running else { return false }
        return now.state.started != before[name]?.state.started
    }
}
