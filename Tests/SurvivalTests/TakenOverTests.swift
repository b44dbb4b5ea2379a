// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import OCI
import TestSupport
import Testing

extension Victim {
    /// Kills it, and waits until another one does its work.
    fileprivate func die(on engine: SurvivingEngine) throws {
        let before = try engine.insist { try $0.status() }
        switch self {
        case .engine: #expect(try engine.killEngine())
        case .keeper: #expect(try engine.killKeeper())
        }
        while true {
            let after = try engine.insist { try $0.status() }
            if self == .engine, after.pid != before.pid { return }
            if self == .keeper, let pid = after.keeperPID, pid != before.keeperPID { return }
        }
    }
}

@Suite struct `A container that runs while its engine or keeper is killed` {
    @Test(arguments: Victim.allCases) func `stays paused and can be let go on`(victim: Victim) async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let id = try engine.run(["sleep", "1000"], named: "paused")
                try engine.client.pauseContainer(id)
                try victim.die(on: engine)
                #expect(try engine.state(id).status == .paused)
                try engine.client.unpauseContainer(id)
                #expect(try engine.state(id).status == .running)
                try engine.client.killContainer(id)
                #expect(try engine.wait(id) == 137)
            }
        }
    }

    @Test(arguments: Victim.allCases, [true, false])
    func `still reads what it is sent and writes`(victim: Victim, hasTerminal: Bool) async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let id = try engine.create(["cat"], named: "reader") {
                    $0.config.openStdin = true
                    $0.config.tty = hasTerminal
                }
                try engine.start(id)
                for word in ["one", "two", "three"] {
                    try Self.exchange(word, with: engine, id)
                    if word != "three" { try victim.die(on: engine) }
                }
                try engine.client.killContainer(id)
                #expect(try engine.wait(id) == 137)
            }
        }
    }

    /// Sends a line, and waits until it comes back.
    private static func exchange(_ word: String, with engine: SurvivingEngine, _ id: String) throws {
        var query = AttachQuery()
        query.input = true
        let stream = try engine.client.attach(to: id, query)
        let line = Array("\(word)\n".utf8)
        let socket = stream.socket.number
        let written = write(socket, line, line.count)
        #expect(written == line.count)
        var (bytes, buffer) = (stream.early, [UInt8](repeating: 0, count: 4096))
        while !String(decoding: bytes, as: UTF8.self).contains(word) {
            let count = read(socket, &buffer, buffer.count)
            if count <= 0 { throw SystemFailure(message: "the end came before `\(word)`") }
            bytes += buffer.prefix(count)
        }
        _ = stream.socket.number
    }

    @Test(arguments: Victim.allCases) func `keeps its execs with their ends`(victim: Victim) async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let id = try engine.run(["sh", "-c", "mkfifo /tmp/fifo && exec sleep 1000"], named: "base")
                let waits = "until [ -p /tmp/fifo ]; do :; done; "
                let exec = try Self.exec(waits + "read word < /tmp/fifo; exit 9", engine, id)
                try victim.die(on: engine)
                #expect(try engine.client.inspectExec(exec).running)
                _ = try Self.exec(waits + "echo word > /tmp/fifo", engine, id)
                var seen = try engine.client.inspectExec(exec)
                while seen.running { seen = try engine.client.inspectExec(exec) }
                #expect(seen.exitCode == 9)
            }
        }
    }

    @Test(arguments: Victim.allCases) func `stays healthy, and is probed on`(victim: Victim) async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                var check = OCI.ContainerConfig.Healthcheck()
                // Once the test says so, one probe waits for a word.
                let script = "mkdir /tmp/armed/once 2> /dev/null && read word < /tmp/armed/fifo; exit 0"
                check.test = ["CMD-SHELL", script]
                (check.interval, check.timeout) = (.milliseconds(1), .seconds(3600))
                let id = try engine.run(["sleep", "1000"], named: "checked") {
                    $0.config.healthcheck = check
                    $0.hostConfig.usesInit = true
                }
                while try engine.state(id).health?.status != "healthy" {}
                _ = try Self.exec("mkdir /tmp/arming; mkfifo /tmp/arming/fifo; mv /tmp/arming /tmp/armed", engine, id)
                while try !Self.isArmed(engine, id) {}
                let before = try #require(try engine.state(id).health?.log?.last)
                try victim.die(on: engine)
                #expect(try engine.state(id).health?.status == "healthy")
                if victim == .keeper { _ = try Self.exec("echo word > /tmp/armed/fifo", engine, id) }
                while try engine.state(id).health?.log?.last == before {}
                #expect(try engine.state(id).health?.status == "healthy")
                let changes = try engine.events().filter { $0.baseAction == "health_status" }
                #expect(changes.map(\.action) == ["health_status: healthy"])
            }
        }
    }

    /// Whether the probe waits that was told to.
    private static func isArmed(_ engine: SurvivingEngine, _ id: String) throws -> Bool {
        let exec = try exec("test -d /tmp/armed/once", engine, id)
        var seen = try engine.insist { try $0.inspectExec(exec) }
        while seen.running { seen = try engine.insist { try $0.inspectExec(exec) } }
        return seen.exitCode == 0
    }

    private static func exec(_ script: String, _ engine: SurvivingEngine, _ id: String) throws -> String {
        var request = ExecCreateRequest()
        request.cmd = CommandWords(["sh", "-c", script])
        let exec = try engine.client.createExec(in: id, request).id
        var start = ExecStartRequest()
        start.detach = true
        try engine.client.startDetachedExec(exec, start)
        return exec
    }

    // MARK: Both at once

    @Test func `goes on when both are killed at once`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                for policy in ["no", "on-failure", "always"] { try Self.run(policy, engine) }
                let before = try Self.numbers(engine)
                try engine.killBoth()
                #expect(try Self.numbers(engine) == before)
                for policy in before.keys {
                    try engine.client.killContainer(policy)
                    #expect(try engine.wait(policy) == 137)
                }
                let deaths = try engine.events().filter { $0.action == "die" }
                #expect(deaths.count == before.count)
            }
        }
    }

    @Test func `that ends while nobody sees it is started by its policy`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                for policy in ["no", "on-failure", "always"] { try Self.run(policy, engine) }
                let before = try Self.numbers(engine)
                let processes = try before.values.map { SharedDescriptor(try Descriptor.process(Int32($0))) }
                try engine.killBoth()
                for process in processes {
                    try process.descriptor.signal(SIGKILL)
                    SurvivingEngine.waitForEnd(process.number)
                }
                for policy in ["on-failure", "always"] {
                    while try engine.state(policy).pid == 0 {}
                    #expect(try engine.state(policy).status == .running)
                    #expect(try engine.state(policy).pid != before[policy])
                }
                #expect(try engine.state("no").status == .exited)
                #expect(try engine.state("no").exitCode == 255)
                let deaths = try engine.events().filter { $0.action == "die" }
                #expect(deaths.map { $0.actor.attributes["exitCode"] } == ["255", "255", "255"])
            }
        }
    }

    private static func run(_ policy: String, _ engine: SurvivingEngine) throws {
        _ = try engine.run(["sleep", "1000"], named: policy) { $0.hostConfig.restartPolicy.name = policy }
    }

    /// The first process of each container that runs.
    private static func numbers(_ engine: SurvivingEngine) throws -> [String: Int] {
        let pairs = try engine.insist { try $0.listContainers() }.map { container in
            let seen = try #require(try engine.find(container.id))
            return (String(seen.name.dropFirst()), seen.state.pid)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

@Suite struct `An engine that is ended in order` {
    @Test func `leaves containers to the next one, and nothing where there are none`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let id = try engine.run(["sleep", "1000"], named: "one")
                let pid = try engine.state(id).pid
                let keeper = try #require(try engine.keeperProcess())
                try engine.terminateEngine()
                #expect(try engine.engineProcess() == nil)
                try keeper.descriptor.signal(0)
                #expect(try engine.state(id).pid == pid)
                try engine.remove(id)
                try engine.terminateEngine()
                SurvivingEngine.waitForEnd(keeper.number)
                #expect(names(in: engine.location.runtime) == ["engine.lock"])
            }
        }
    }

    @Test func `that keeps containers itself takes them along when it is killed`() async throws {
        try await SurvivingEngine.with(isEmbedded: true) { engine in
            try await BlockingCall.run {
                let id = try engine.run(["sleep", "1000"], named: "one")
                let process = SharedDescriptor(try Descriptor.process(Int32(try engine.state(id).pid)))
                #expect(try engine.killEngine())
                SurvivingEngine.waitForEnd(process.number)
                #expect(try engine.keeperProcess() == nil)
                try engine.startEmbedded()
                #expect(try engine.state(id).status == .exited)
                #expect(try engine.state(id).exitCode == 255)
                #expect(engine.groups() == [])
            }
        }
    }
}
