// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Reconciler
import Store
import TestSupport
import Testing

@testable import Engine

@Suite struct `A project that comes up` {
    @Test(arguments: EngineKind.allCases)
    func `starts each service once what it depends on is as it has to be`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            let story = try await project.succeed(
                """
                services:
                  web:
                    depends_on:
                      db: {condition: service_healthy}
                      job: {condition: service_completed_successfully}
                      gone: {condition: service_healthy, required: false}
                  db: {healthcheck: {test: test -e /tmp/ready, interval: 10ms}, command: [sh, -c, "touch /tmp/ready; exec sleep 1000000"]}
                  job: {command: "true"}
                  gone: {command: "false", healthcheck: {test: "true"}}
                """
            )
            let start = try story.position("p-web-1 Starting")
            #expect(try story.position("p-db-1 Healthy") < start)
            #expect(try story.position("p-job-1 Exited") < start)
            #expect(story.progress.contains { $0.hasPrefix("p-gone-1 Skipped: optional dependency") }, "\(story)")
            // Everything is made before anything starts that waits.
            #expect(try story.position("p-web-1 Created") < start)
            #expect(await project.states() == ["db-1 running", "gone-1 exited", "job-1 exited", "web-1 running"])
            let again = try await project.succeed("services: {a: {}}") { $0.options.removesOrphans = true }
            #expect(try again.position("p-web-1 Removed") >= 0)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `does things at the same time, as many as are allowed`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            // Each waits for the other one, which comes about only where both are started side by side.
            let hook =
                "post_start: [{command: [sh, -c, \"touch /shared/$$0; while ! test -e /shared/$$1; do :; done\", %0, %1]}]"
            func service(_ own: String, _ other: String) -> String {
                "{volumes: [\"shared:/shared\"], \(hook.replacing("%0", with: own).replacing("%1", with: other))}"
            }
            try await project.succeed(
                "services: {a: \(service("a", "b")), b: \(service("b", "a"))}\nvolumes: {shared: {}}"
            )
            try await project.conduct(.down)
            let one = try await project.succeed("services: {a: {}, b: {}, c: {}}") { $0.parallelism = 1 }
            let steps = one.progress.filter { $0.hasPrefix("p-") && ($0.hasSuffix("ing") || $0.hasSuffix("ed")) }
            for index in stride(from: 0, to: steps.count - 1, by: 2) {
                #expect(steps[index].split(separator: " ")[0] == steps[index + 1].split(separator: " ")[0], "\(one)")
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `runs hooks with their output, and fails with them`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            let good = try await project.succeed(
                """
                services:
                  web:
                    volumes: ["data:/data"]
                    pre_start: [{command: [sh, -c, "echo migrated; echo 1 > /data/version"]}]
                    post_start: [{command: [sh, -c, "cat /data/version; echo $$WORD"], environment: {WORD: hello}}]
                    pre_stop: [{command: [sh, -c, "echo goodbye"]}]
                volumes: {data: {}}
                """
            )
            #expect(good.hooks == ["migrated", "1", "hello"])
            #expect(await project.states() == ["web-1 running"])
            let stop = try await project.conduct(.stop)
            #expect(stop.hooks == ["goodbye"])
            #expect(await project.states() == ["web-1 exited"])
            try await project.conduct(.down)
            let bad = try await project.up(
                "services: {web: {post_start: [{command: [sh, -c, \"echo broken; exit 3\"]}]}, after: {depends_on: [web]}}"
            )
            #expect(bad.outcome == .failed)
            #expect(bad.hooks == ["broken"])
            #expect(
                bad.failures.map(\.message) == [
                    "a post_start hook of p-web-1 exited with status 3: sh -c 'echo broken; exit 3'"
                ]
            )
            #expect(await project.states() == ["web-1 running"])
            try await project.conduct(.down)
            let early = try await project.up("services: {web: {pre_start: [{command: [sh, -c, \"echo no; exit 4\"]}]}}")
            #expect(early.outcome == .failed)
            #expect(
                early.failures.map(\.message) == [
                    "a pre_start hook of web exited with status 4: sh -c 'echo no; exit 4'"
                ]
            )
            #expect(early.failures.map(\.log) == [["no"]])
            #expect(await project.states() == ["web-1-pre-start-1 exited"])
            // Another hook makes room for itself, and nothing of it is left.
            try await project.succeed("services: {web: {pre_start: [{command: \"true\"}]}}")
            #expect(await project.states() == ["web-1 running"])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `runs hooks again that were cut off or failed`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            let text = """
                services: {web: {post_start: [{command: [sh, -c, "echo try; test -e /tmp/mended"]}]}}
                """
            let first = try await project.up(text)
            #expect(first.outcome == .failed)
            let second = try await project.up(text)
            #expect(second.outcome == .failed)
            #expect(second.hooks == ["try"])
            _ = try await project.output(of: "touch /tmp/mended", in: "web-1")
            let third = try await project.succeed(text)
            #expect(third.hooks == ["try"])
            let fourth = try await project.succeed(text)
            #expect(fourth.hooks == [])
            #expect(fourth.plan?.actions.isEmpty == true)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `tells of a container that has died by the end`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            // Its name goes with it, which is what the last one waits for.
            let text = """
                services:
                  web: {command: [sh, -c, "echo no such file; exit 9"]}
                  gone: {command: [sh, -c, "while nslookup web; do :; done"], depends_on: [web]}
                  db: {depends_on: {gone: {condition: service_completed_successfully}}}
                """
            let story = try await project.up(text) { $0.settles = true }
            #expect(story.outcome == .failed)
            let failure = try #require(story.failures.first)
            #expect(failure.message == "container p-web-1 exited (9) right after its start")
            #expect((failure.log, failure.exitStatus) == (["no such file"], 9))
            // All stay to be looked at.
            #expect(await project.states() == ["db-1 running", "gone-1 exited", "web-1 exited"])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `tells of what is in the way before anything is made`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, machine in
            let server = try TestServer.mirror(in: machine.network)
            let port = try await project.up("services: {web: {ports: [\"8000:80\"]}}")
            #expect(port.outcome == .refused)
            #expect(port.problems.count == 1 && port.problems[0].contains("8000"), "\(port)")
            withExtendedLifetime(server) {}
            let others = try await project.up(
                """
                services: {web: {networks: [out], volumes: ["v:/v"], secrets: [s], image: nowhere}}
                networks: {out: {external: true}}
                volumes: {v: {external: true}}
                secrets: {s: {file: ./none}}
                """
            )
            #expect(others.outcome == .refused)
            #expect(others.problems.count == 4, "\(others)")
            #expect(await project.states() == [])
            #expect(project.host.engine.networks.all.isEmpty)
            #expect(project.host.engine.volumes.all.isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `names the service of each remark once`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            let warned = try await project.up("services: {web: {cpu_count: 1}}")
            #expect(warned.outcome == .done)
            try #require(warned.warnings.count == 1, "\(warned.warnings)")
            #expect(warned.warnings[0].hasPrefix("service `web`: `cpu_count` has no effect: "), "\(warned.warnings)")
            let refused = try await project.up("services: {web: {storage_opt: {size: 1G}}}")
            #expect(refused.outcome == .refused)
            try #require(refused.problems.count == 1, "\(refused)")
            #expect(refused.problems[0].hasPrefix("service `web`: `storage_opt` is not possible: "), "\(refused)")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `uses networks and volumes of others, and leaves them`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            try await project.host.makeNetwork("out")
            _ = try await project.host.serve("neighbour", on: ["out"])
            try await project.succeed("services: {web: {networks: [n]}}\nnetworks: {n: {external: true, name: out}}")
            #expect(try await project.output(of: "wget -qO- http://neighbour/", in: "web-1") == "neighbour\n")
            try await project.conduct(.down)
            #expect(project.host.engine.networks.all.map(\.name) == ["out"])
        }
    }
}
