// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

@Suite struct `A project after a start of the machine` {
    @Test func `comes up again in the order of its dependencies`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let project = try SurvivingProject(engine)
                let all = "image: busybox, command: sleep 1000000, stop_signal: SIGKILL, restart: always"
                let mark = "environment: {MARK: \"\(engine.scratch.path)\"}"
                try project.edit(
                    """
                    services:
                      a: {\(all), \(mark), depends_on: {b: {condition: service_healthy}}}
                      b: {\(all), \(mark), depends_on: [c], healthcheck: {test: ["CMD", "true"], interval: 100ms}}
                      c: {\(all), \(mark)}
                      idle: {\(all), \(mark), restart: unless-stopped}
                      once: {\(all), \(mark), restart: "no"}
                    """.replacing("restart: always, \(mark), restart", with: "\(mark), restart")
                )
                try project.succeed(["up", "-d", "--wait"])
                try project.succeed(["stop", "idle"])
                let before = Timestamp.now
                try Self.endEverything(engine)
                try engine.insist { _ = try $0.ping() }
                // The last one comes when all others are as they have to be.
                while try project.containers().first(where: { $0.service == "a" })?.state.running != true {}
                let events = try engine.events().filter { $0.time > before }
                let story = events.compactMap { event -> String? in
                    let service = event.actor.attributes[ProjectLabel.service] ?? ""
                    switch event.action {
                    case "start": return "start \(service)"
                    case "health_status: healthy": return "healthy \(service)"
                    default: return nil
                    }
                }
                #expect(story == ["start c", "start b", "healthy b", "start a"], "\(story)")
                let running = try project.containers().filter(\.state.running).map(\.service)
                #expect(running == ["a", "b", "c"])
                try project.succeed(["down"])
                #expect(try project.state() == ["networks ", "volumes "])
            }
        }
    }

    /// Ends everything at once, as a machine does that loses its power, and has the next engine find another start of it.
    private static func endEverything(_ engine: SurvivingEngine) throws {
        let pids = try engine.insist { try $0.listContainers(showsAll: true) }
            .compactMap { try engine.find($0.id)?.state.pid }.filter { $0 > 0 }
        let processes = try pids.map { SharedDescriptor(try Descriptor.process(Int32($0))) }
        try engine.killBoth()
        for process in processes {
            try process.descriptor.signal(SIGKILL)
            SurvivingEngine.waitForEnd(process.number)
        }
        let change =
            "import sqlite3, sys; base = sqlite3.connect(sys.argv[1]); "
            + "base.execute(\"update settings set value = 'another' where key = 'boot'\"); base.commit()"
        let outcome = try Command("/usr/bin/env", ["python3", "-c", change, engine.scratch / "wharf.db"]).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
    }
}
