// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import Runtime
import TestSupport
import Testing

@testable import Engine

extension TestedEngine {
    /// A folder of the host that containers with a check find at `/shared`.
    fileprivate var shared: String { scratch / "shared" }

    /// Starts a container with a check that comes every millisecond unless that is changed.
    fileprivate func startChecked(
        _ script: String,
        _ change: (inout ContainerCreateRequest) -> Void = { _ in }
    ) async throws -> String {
        if !isFolder(shared) { try makeFolder(shared) }
        return try await start(["sleep", "1000"]) { request in
            var check = OCI.ContainerConfig.Healthcheck()
            check.test = ["CMD-SHELL", script]
            check.interval = .milliseconds(1)
            request.config.healthcheck = check
            request.hostConfig.binds = ["\(shared):/shared"]
            request.hostConfig.usesInit = true
            change(&request)
        }
    }

    fileprivate func unit(_ id: String) throws -> ContainerUnit { try engine.containers.find(id) }

    fileprivate func health(_ id: String) async throws -> ContainerState.Health {
        try #require(try await state(id).health)
    }

    /// The processes of a container, and of its probes.
    fileprivate func processCount(_ id: String) async throws -> Int {
        try await #require(unit(id).run).resources.group.processes().count
    }

    /// What became of its health, up to a change.
    fileprivate func changes(of id: String, until last: String) async throws -> [String] {
        try await actions(of: id, until: "health_status: \(last)").filter { $0.hasPrefix("health_status") }
    }

    /// Looks again and again, while all other tasks go on, until something is the case.
    fileprivate func wait(until condition: () async throws -> Bool) async throws {
        while try await !condition() { await Task.yield() }
    }

    fileprivate func names(withHealth health: String) async throws -> [String] {
        var query = ContainerListQuery()
        query.filters = Filters(["health": [health]])
        return try await engine.listContainers(query).map(\.id)
    }
}

@Suite struct `The health of a container` {
    @Test(arguments: EngineKind.allCases)
    func `is known at the first success of a probe, which is a program of the container`(kind: EngineKind) async throws
    {
        try await TestedEngine.with(kind) { engine in
            let script = "echo $WORD; pwd; id -u; echo wrong >&2"
            let id = try await engine.startChecked(script) { request in
                request.config.env = ["WORD=word"]
                request.config.user = "7"
                request.config.workingDir = "/tmp"
            }
            #expect(try await engine.engine.waitForHealth(of: id) == .healthy)
            let health = try await engine.health(id)
            #expect(health.status == "healthy" && health.failingStreak == 0)
            let first = try #require(health.log?.first)
            #expect(first.exitCode == 0 && first.start <= first.end)
            // Two pipes have no order between them.
            #expect(["word\n/tmp\n7\nwrong\n", "wrong\nword\n/tmp\n7\n"].contains(first.output))
            #expect(try await engine.changes(of: id, until: "healthy") == ["health_status: healthy"])
            #expect(try await engine.names(withHealth: "healthy") == [id])
            #expect(try await engine.names(withHealth: "none") == [])
            let summary = try await engine.engine.listContainers(ContainerListQuery())
            #expect(summary.first?.status.hasSuffix(" (healthy)") == true)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is lost after so many failures in a row, and found again`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let script = "head -c 100000 /dev/zero | tr '\\0' x; test -e /shared/up"
            let id = try await engine.startChecked(script) { $0.config.healthcheck?.retries = 4 }
            #expect(try await engine.engine.waitForHealth(of: id) == .unhealthy)
            let lost = try await engine.health(id)
            #expect(lost.failingStreak >= 4 && lost.log?.last?.exitCode == 1)
            #expect(lost.log?.last?.output == String(repeating: "x", count: 4096) + "...")
            try engine.scratch.write("shared/up", "")
            let changes = try await engine.changes(of: id, until: "healthy")
            #expect(changes == ["health_status: unhealthy", "health_status: healthy"])
            #expect(try await engine.health(id).failingStreak == 0)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is not lost in the start period`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let script = "echo >> /shared/runs; test $(wc -l < /shared/runs) -ge 5"
            let id = try await engine.startChecked(script) { request in
                request.config.healthcheck?.startPeriod = .seconds(3600)
                request.config.healthcheck?.startInterval = .milliseconds(1)
                request.config.healthcheck?.interval = .seconds(3600)
                request.config.healthcheck?.retries = 1
            }
            #expect(try await engine.engine.waitForHealth(of: id) == .healthy)
            #expect(try await engine.health(id).log?.map(\.exitCode) == [1, 1, 1, 1, 0])
            #expect(try await engine.changes(of: id, until: "healthy") == ["health_status: healthy"])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is lost with a probe that takes too long, of which nothing is left`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            // One that has detached itself from everything, in a session of its own.
            let script =
                "(setsid sh -c 'touch /shared/begun; sleep 1001 & sleep 1002' > /dev/null 2>&1 &); "
                + "until test -e /shared/begun; do :; done; echo begun; sleep 1003"
            let id = try await engine.startChecked(script) { request in
                request.config.healthcheck?.startPeriod = .seconds(3600)
                request.config.healthcheck?.timeout = .seconds(4)
                request.config.healthcheck?.startInterval = .milliseconds(1)
            }
            let events = try await engine.events(since: Timestamp(seconds: 1), of: id)
            for try await event in events where event.action == "exec_die" {
                #expect(event.actor.attributes["exitCode"] == "137")
                break
            }
            try await engine.wait { try await engine.health(id).log?.isEmpty == false }
            try await engine.unit(id).pauseHealth()
            try await engine.wait { try await engine.processCount(id) <= 2 }
            let log = try #require(try await engine.health(id).log?.first)
            #expect(log.exitCode == -1 && log.output == "Health check exceeded timeout (4s): begun\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `says why a probe cannot be run, and leaves alone what probes leave`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let lost = try await engine.startChecked("") { request in
                request.config.healthcheck?.test = ["CMD", "/nowhere"]
                request.config.healthcheck?.retries = 1
            }
            #expect(try await engine.engine.waitForHealth(of: lost) == .unhealthy)
            let result = try #require(try await engine.health(lost).log?.first)
            #expect(result.exitCode == -1 && result.output.contains("/nowhere"))
            let script = "mkdir /shared/once 2> /dev/null && sleep 1001 > /dev/null 2>&1 & exit 0"
            let leaving = try await engine.startChecked(script)
            try await engine.wait { try await engine.health(leaving).log?.count ?? 0 >= 3 }
            try await engine.unit(leaving).pauseHealth()
            #expect(try await engine.processCount(leaving) == 3)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is inherited from the image, unless the user wants none`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            var config = OCI.ContainerConfig()
            var check = OCI.ContainerConfig.Healthcheck()
            (check.test, check.interval) = (["CMD-SHELL", "false"], .milliseconds(1))
            (config.healthcheck, config.shell) = (check, ["echo", "shell"])
            _ = try engine.engine.images.importRoot(
                MemorySource(try BusyboxArchive.bytes()),
                as: "checked",
                container: config
            )
            let id = try await engine.start(["sleep", "1000"]) { $0.config.image = "checked" }
            #expect(try await engine.engine.waitForHealth(of: id) == .healthy)
            #expect(try await engine.health(id).log?.first?.output == "shell false\n")
            let none = try await engine.start(["sleep", "1000"]) { request in
                request.config.image = "checked"
                var off = OCI.ContainerConfig.Healthcheck()
                off.test = ["NONE"]
                request.config.healthcheck = off
            }
            #expect(try await engine.engine.waitForHealth(of: none) == .withoutCheck)
            #expect(try await engine.state(none).health == nil)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is as it was while the container is paused`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.startChecked("true")
            #expect(try await engine.engine.waitForHealth(of: id) == .healthy)
            try await engine.engine.pauseContainer(id)
            let before = try await engine.health(id)
            #expect(before.status == "healthy")
            #expect(try await engine.processCount(id) == 2)
            let events = try await engine.events(since: nil, of: id)
            try await engine.engine.unpauseContainer(id)
            // Nothing was probed before it went on.
            var actions: [String] = []
            for try await event in events {
                actions.append(event.baseAction)
                if event.baseAction == "exec_die" { break }
            }
            #expect(actions == ["unpause", "exec_create", "exec_start", "exec_die"])
            // A stop and a removal end a paused one as well.
            try await engine.engine.pauseContainer(id)
            try await engine.engine.stopContainer(id, timeout: 0, signal: nil)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `begins anew with each run`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.startChecked("test ! -e /shared/down") { request in
                request.config.healthcheck?.startPeriod = .seconds(3600)
                request.config.healthcheck?.startInterval = .milliseconds(1)
                request.config.healthcheck?.interval = .seconds(3600)
            }
            #expect(try await engine.engine.waitForHealth(of: id) == .healthy)
            let first = try await engine.health(id).log?.last
            try await engine.engine.stopContainer(id, timeout: 0, signal: nil)
            #expect(try await engine.health(id).status == "unhealthy")
            let status = try await engine.state(id).exitCode
            #expect(try await engine.engine.waitForHealth(of: id) == .notRunning(exitStatus: status))
            try engine.scratch.write("shared/down", "")
            try await engine.engine.startContainer(id)
            #expect(try await engine.health(id).status == "starting")
            let summary = try await engine.engine.listContainers(ContainerListQuery())
            #expect(summary.first?.status.hasSuffix(" (health: starting)") == true)
            async let outcome = engine.engine.waitForHealth(of: id)
            unlink(engine.scratch / "shared/down")
            #expect(try await outcome == .healthy)
            let log = try #require(try await engine.health(id).log)
            #expect(log.count > 1 && (log.contains { $0 == first } || log.count == 5))
            try await engine.engine.removeContainer(id, force: true, volumes: false)
            await #expect(throws: EngineError.self) { _ = try await engine.engine.waitForHealth(of: id) }
        }
    }

    @Test func `is taken over, and a probe of the engine before is ended`() async throws {
        try await TestedEngine.succession(
            .kept,
            [
                { engine in
                    // Once the test says so, one probe takes for ever.
                    let script = "test -e /shared/armed && mkdir /shared/once && exec sleep 1001; exit 0"
                    let id = try await engine.startChecked(script) { $0.config.healthcheck?.timeout = .seconds(3600) }
                    #expect(try await engine.engine.waitForHealth(of: id) == .healthy)
                    try engine.scratch.write("shared/armed", "")
                    try await engine.wait { isFolder(engine.scratch / "shared/once") }
                    try engine.scratch.write("id", id)
                },
                { engine in
                    let id = try readText(engine.scratch / "id")
                    #expect(try await engine.engine.waitForHealth(of: id) == .healthy)
                    let first = try #require(try await engine.health(id).log?.last)
                    for try await event in try await engine.events(since: nil, of: id)
                    where event.action == "exec_die" {
                        #expect(event.actor.attributes["exitCode"] == "0")
                        break
                    }
                    try await engine.wait { try await engine.health(id).log?.last != first }
                    try await engine.unit(id).pauseHealth()
                    try await engine.wait { try await engine.processCount(id) <= 2 }
                    #expect(try await engine.changes(of: id, until: "healthy") == ["health_status: healthy"])
                },
            ]
        )
    }
}
