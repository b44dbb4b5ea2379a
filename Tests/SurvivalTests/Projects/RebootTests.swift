// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import FoundationEssentials
import Glibc
import Linux
import Reconciler
import Store
import TestSupport
import Testing

@Suite struct `After a start of the machine` {
    private static func files(_ mark: String) -> String {
        """
        x-all: &all
          image: busybox
          command: sleep 1000000
          stop_signal: SIGKILL
          restart: always
          environment: {MARK: "\(mark)"}
        services:
          proxy: {<<: *all, depends_on: [web]}
          web:
            <<: *all
            restart: unless-stopped
            depends_on:
              db: {condition: service_healthy}
              job: {condition: service_completed_successfully}
          db: {<<: *all, healthcheck: {test: "sleep 0.3", interval: 100ms}, volumes: ["data:/data"]}
          job: {<<: *all, command: "true", restart: "no"}
          idle: {<<: *all, restart: unless-stopped}
          plain: {<<: *all, restart: "no"}
        volumes: {data: }
        """
    }

    @Test func `a project runs again as it did, each container after what it depends on`() async throws {
        try await SurvivingEngine.with { engine in
            let project = try SurvivingProject(engine)
            try await BlockingCall.run {
                try project.edit(Self.files(engine.scratch.path))
                try project.succeed(["up", "-d"])
                try project.succeed(["stop", "idle"])
                let before = Timestamp.now
                try engine.restartMachine()
                // The first command starts the engine, as the service of the machine would.
                let happened = try engine.happened(since: before, upTo: "start shop-proxy-1")
                let wanted = [
                    "start shop-db-1", "health_status: healthy shop-db-1", "start shop-web-1", "start shop-proxy-1",
                ]
                #expect(happened.filter { $0.hasPrefix("start") || $0.hasPrefix("health_status: healthy") } == wanted)
                let states = try project.containers().map { "\($0.service) \($0.state.status.rawValue)" }
                #expect(
                    states == [
                        "db running", "idle exited", "job exited", "plain exited", "proxy running", "web running",
                    ]
                )
                // Nothing is left to be done but for what nobody starts by itself.
                let plan = try project.succeed(["plan"])
                #expect(plan.contains("idle") && plan.contains("plain") && !plan.contains("web"), "\(plan)")
                try project.succeed(["down", "-v"])
            }
        }
    }
}

extension SurvivingEngine {
    /// Has everything be as after a start of the machine: no process, no mount of ours, no rules, nothing of what is in
    /// memory only.
    fileprivate func restartMachine() throws {
        let bridges = try insist { try $0.listNetworks() }.filter { $0.driver == "bridge" }.map {
            "wh-\($0.id.prefix(12))"
        }
        try killBoth()
        for number in names(in: "/proc").compactMap({ Int32($0) }) {
            let variables = (try? readText("/proc/\(number)/environ")) ?? ""
            guard variables.split(separator: "\0").contains("MARK=\(scratch.path)") else { continue }
            guard let process = try? Descriptor.process(number) else { continue }
            try? process.signal(SIGKILL)
            Self.waitForEnd(process.number)
        }
        let script = """
            set -e
            for mount in $(awk '{print $5}' /proc/self/mountinfo | grep -F "$1" | sort -r); do umount "$mount"; done
            rm -rf "$2"
            for bridge in "${@:3}"; do
                ! ip link show "$bridge" > /dev/null 2>&1 || ip link del "$bridge"
                nft list tables | grep ' wharf-' | while read -r table; do
                    ! nft list $table | grep -q "$bridge" || nft delete $table
                done
            done
            """
        let words = ["-c", script, "bash", scratch.path, location.runtime] + bridges
        let outcome = try Command("/bin/bash", words).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        // The number that the kernel gives to each start of the machine.
        try Store(path: location.database).write(.machine) { try $0.setSetting("boot", to: "another") }
    }

    /// What has happened to containers, up to something that is waited for: `ACTION NAME`.
    fileprivate func happened(since start: Timestamp, upTo last: String) throws -> [String] {
        try insist { client in
            var answer = try client.events(since: "\(start)", until: nil, Filters(["type": ["container"]]))
            var happened: [String] = []
            while happened.last != last, let line = try answer.nextLine() {
                let event = try JSONDecoder().decode(EngineEvent.self, from: Data(line))
                happened.append("\(event.action) \(event.actor.attributes["name"] ?? "")")
            }
            return happened
        }
    }
}
