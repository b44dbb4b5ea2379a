// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import TestSupport
import Testing

@testable import Engine

@Suite struct `The life of a container` {
    @Test(arguments: EngineKind.allCases)
    func `ends with the status of its program and leaves nothing`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let outcome = try await engine.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
            #expect(outcome.status == 7)
            #expect(outcome.output == "out\n")
            #expect(outcome.errors == "err\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is told of in the order of Docker`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["true"])
            _ = try await engine.finish(id)
            try await engine.engine.removeContainer(id, force: false, volumes: false)
            let actions = try await engine.actions(of: id, until: "destroy")
            #expect(actions == ["create", "attach", "start", "die", "destroy"])
        }
    }

    @Test(
        arguments: EngineKind.allCases,
        [("/nowhere", EngineError.Code.commandNotFound), ("/etc", .commandNotExecutable)]
    )
    func `does not begin with a program that cannot be run`(
        kind: EngineKind,
        program: (String, EngineError.Code)
    ) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create([program.0])
            let error = await #expect(throws: EngineError.self) { try await engine.engine.startContainer(id) }
            #expect(error?.code == program.1)
            let state = try await engine.state(id)
            #expect(state.status == .created)
            #expect(!state.error.isEmpty)
            #expect(state.exitCode == Int(program.1.exitStatus))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a signal that is handled ends it in time`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do read line; done"
            let id = try await engine.create(["sh", "-c", script]) { $0.config.openStdin = true }
            try await engine.startAndWaitForOutput(id)
            try await engine.engine.stopContainer(id, timeout: 600, signal: nil)
            #expect(try await engine.state(id).exitCode == 3)
            #expect(try await engine.actions(of: id, until: "stop").suffix(3) == ["kill", "die", "stop"])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a signal that the kernel would drop is not waited for`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"])
            // Without the rule the test would take ten minutes.
            try await engine.engine.stopContainer(id, timeout: 600, signal: nil)
            #expect(try await engine.state(id).exitCode == 137)
            for try await event in try await engine.events(since: Timestamp(seconds: 1), of: id)
            where event.action == "kill" {
                #expect(event.actor.attributes["signal"] == "9")
                #expect(event.actor.attributes["reason"]?.contains("SIGTERM") == true)
                break
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `with an init the default of a signal applies`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"]) { $0.hostConfig.usesInit = true }
            try await engine.engine.stopContainer(id, timeout: 600, signal: nil)
            #expect(try await engine.state(id).exitCode == 143)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `asking for what is the case already changes nothing`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"])
            let again = await #expect(throws: EngineError.self) { try await engine.engine.startContainer(id) }
            #expect(again?.code == .notModified)
            try await engine.engine.killContainer(id, signal: nil)
            // What was killed is gone, and can be removed.
            #expect(try await engine.state(id).status == .exited)
            let stopped = await #expect(throws: EngineError.self) {
                try await engine.engine.stopContainer(id, timeout: nil, signal: nil)
            }
            #expect(stopped?.code == .notModified)
            let dead = await #expect(throws: EngineError.self) {
                try await engine.engine.killContainer(id, signal: nil)
            }
            #expect(dead == .notRunning(id))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is paused, and cannot be entered then`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"])
            try await engine.engine.pauseContainer(id)
            #expect(try await engine.state(id).status == .paused)
            var exec = ExecCreateRequest()
            exec.cmd = ["true"]
            let refused = await #expect(throws: EngineError.self) {
                _ = try await engine.engine.createExec(in: id, exec)
            }
            #expect(refused?.code == .conflict)
            try await engine.engine.unpauseContainer(id)
            #expect(try await engine.state(id).status == .running)
            try await engine.engine.pauseContainer(id)
            try await engine.engine.removeContainer(id, force: true, volumes: false)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is started again as often as its policy says`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["sh", "-c", "exit 4"]) { request in
                request.hostConfig.restartPolicy.name = "on-failure"
                request.hostConfig.restartPolicy.maximumRetryCount = 2
            }
            let events = try await engine.events(since: nil, of: id)
            try await engine.engine.startContainer(id)
            var deaths = 0
            for try await event in events where event.action == "die" {
                deaths += 1
                if deaths == 3 { break }
            }
            #expect(try await engine.engine.waitForContainer(id, .notRunning)().statusCode == 4)
            let inspection = try await engine.engine.inspectContainer(id, countsSizes: false)
            #expect(inspection.restartCount == 2)
            #expect(inspection.state.status == .exited)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a restart that is due is called off by a stop`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["false"]) { $0.hostConfig.restartPolicy.name = "always" }
            let events = try await engine.events(since: nil, of: id)
            try await engine.engine.startContainer(id)
            for try await event in events where event.action == "die" { break }
            // It is about to be started again, or has been.
            try await engine.engine.stopContainer(id, timeout: nil, signal: nil)
            #expect(try await engine.state(id).status == .exited)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `removes itself at its end`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["sh", "-c", "exit 5"]) { $0.hostConfig.autoRemove = true }
            let removed = try await engine.engine.waitForContainer(id, .removed)
            try await engine.engine.startContainer(id)
            #expect(try await removed().statusCode == 5)
            await #expect(throws: EngineError.noSuchContainer(id)) { _ = try await engine.state(id) }
            #expect(names(in: engine.scratch / "containers") == [])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `has a name of its own`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let first = try await engine.create(["true"], named: "one")
            await #expect(throws: EngineError.nameInUse("one", by: first)) {
                _ = try await engine.create(["true"], named: "/one")
            }
            let sameName = EngineError(
                .badParameter,
                "Renaming a container with the same name as its current name"
            )
            await #expect(throws: sameName) { try await engine.engine.renameContainer("one", to: "/one") }
            try await engine.engine.renameContainer("one", to: "two")
            let second = try await engine.create(["true"], named: "one")
            #expect(first != second)
            #expect(try await engine.engine.inspectContainer("two", countsSizes: false).id == first)
            let invented = try await engine.create(["true"])
            let name = try await engine.engine.inspectContainer(invented, countsSizes: false).name
            #expect(name.contains("_"))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that runs out of memory says so`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["sh", "-c", "tail /dev/zero"]) { request in
                request.hostConfig.resources.memory = 16 << 20
                request.hostConfig.resources.memorySwap = 16 << 20
            }
            _ = try await engine.finish(id)
            let state = try await engine.state(id)
            #expect(state.oomKilled)
            #expect(state.exitCode == 137)
        }
    }
}
