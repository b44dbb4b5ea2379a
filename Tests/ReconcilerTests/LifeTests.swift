// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import Testing

@Suite struct `Commands on what is there` {
    private func stage() throws -> Stage {
        var stage = try Stage(
            """
            services:
              web: {image: a, depends_on: [mid], networks: [front]}
              mid: {image: a, depends_on: {db: {condition: service_healthy, restart: true}}, networks: [front, back]}
              db: {build: ., healthcheck: {test: "true"}, volumes: ["data:/d", "kept:/k"], networks: [back]}
              tool: {image: a, profiles: [tools], networks: [back]}
            networks: {front: , back: }
            volumes: {data: , kept: {external: true}}
            """
        )
        stage.up()
        return stage
    }

    @Test func `stop goes from dependants to dependencies, past what does not run`() throws {
        var stage = try stage()
        stage.world["p-mid-1"]?.phase = .exited
        let plan = stage.life(.stop) { $0.timeout = 3 }
        #expect(plan.description == "[] -> #1 stop p-web-1\n[1] -> #2 stop p-db-1")
        #expect(stage.life(.stop) { $0.services = ["db"] }.description == "[] -> #1 stop p-db-1")
        #expect(stage.human(plan).hasSuffix("Plan: 0 to create, 0 to replace, 0 to update, 0 to remove, 2 to stop"))
    }

    @Test func `start goes from dependencies to dependants`() throws {
        var stage = try stage()
        for name in ["p-web-1", "p-mid-1", "p-db-1"] { stage.world[name]?.phase = .exited }
        #expect(
            stage.life(.start) { $0.waits = true }.description == """
                [] -> #1 start p-db-1
                [1] -> #2 wait until db is healthy
                [2] -> #3 start p-mid-1
                [3] -> #4 start p-web-1
                [1] -> #5 wait until db is ready
                [3] -> #6 wait until mid is ready
                [4] -> #7 wait until web is ready
                """
        )
    }

    @Test func `restart takes dependants along that ask for it`() throws {
        let stage = try stage()
        let plan = stage.life(.restart) { $0.services = ["db"] }
        #expect(
            plan.description == """
                [] -> #1 restart p-db-1
                [1] -> #2 wait until db is healthy
                [2] -> #3 restart p-mid-1 (it depends on db with `restart: true`)
                """
        )
        let alone = stage.life(.restart) { ($0.services, $0.includesDependants) = (["db"], false) }
        #expect(alone.description == "[] -> #1 restart p-db-1")
    }

    @Test func `down removes everything but volumes, images and what is external`() throws {
        let stage = try stage()
        #expect(
            stage.life(.down).description == """
                [] -> #1 stop p-web-1
                [1] -> #2 remove p-web-1
                [1] -> #3 stop p-mid-1
                [3] -> #4 remove p-mid-1
                [3] -> #5 stop p-db-1
                [5] -> #6 remove p-db-1
                [2,4,6] -> #7 remove network p_back
                [2,4,6] -> #8 remove network p_front
                """
        )
        let all = stage.life(.down) { ($0.removesVolumes, $0.images) = (true, .all) }.description
        #expect(all.hasSuffix("remove volume p_data\n[2,4,6] -> #10 remove image a\n[2,4,6] -> #11 remove image p-db"))
        #expect(stage.life(.down) { $0.images = .local }.description.hasSuffix("#9 remove image p-db"))
    }

    @Test func `down of a service takes that one, and leaves what depends on it`() throws {
        let stage = try stage()
        let plan = stage.life(.down) { ($0.services, $0.removesVolumes, $0.images) = (["mid"], true, .all) }
        #expect(
            plan.description == """
                [] -> #1 stop p-mid-1
                [1] -> #2 remove p-mid-1
                [2] -> #3 remove image a
                """
        )
    }

    @Test func `down leaves what others run in, and says so`() throws {
        var stage = try stage()
        var run = ObservedContainer(id: "r", name: "p-web-run-1", service: "web", number: nil)
        (run.isOneOff, run.phase, run.networks) = (true, .running, ["p_front"])
        stage.world["p-web-run-1"] = run
        let plan = stage.life(.down)
        #expect(!plan.description.contains("p_front"))
        #expect(plan.warnings.map(\.message) == ["the network p_front stays: p-web-run-1 has it"])
        // Whether somebody uses an image is for the engine to tell.
        #expect(stage.life(.down) { $0.images = .all }.description.contains("remove image a"))
        let all = stage.life(.down) { $0.removesOrphans = true }.description
        #expect(all.hasPrefix("[] -> #1 stop p-web-run-1\n[1] -> #2 remove p-web-run-1\n"))
        #expect(all.contains("remove network p_front"))
    }

    @Test func `services that no profile enables take part when they are named, or all are`() throws {
        var stage = try stage()
        var tool = ObservedContainer(id: "t", name: "p-tool-1", service: "tool", number: 1)
        (tool.phase, tool.networks) = (.running, ["p_back"])
        stage.world["p-tool-1"] = tool
        #expect(!stage.life(.stop).description.contains("tool"))
        #expect(stage.life(.stop) { $0.services = ["tool"] }.description == "[] -> #1 stop p-tool-1")
        #expect(stage.life(.down).warnings.map(\.message) == ["the network p_back stays: p-tool-1 has it"])
        #expect(stage.life(.down) { $0.includesDisabled = true }.description.contains("remove p-tool-1"))
    }

    @Test func `a down that was cut off is gone on with`() throws {
        let whole = try stage()
        for count in 0...8 {
            var stage = whole
            for action in stage.life(.down).actions.prefix(count) { stage.world.perform(action, for: stage.desired) }
            for action in stage.life(.down).actions { stage.world.perform(action, for: stage.desired) }
            #expect(stage.world.refusals == [])
            #expect(stage.world.observed.containers == [])
            #expect(stage.world.observed.networks == [:])
        }
    }

    @Test func `kill, pause and unpause find those that they are for`() throws {
        var stage = try stage()
        stage.world["p-web-1"]?.phase = .paused
        stage.world["p-mid-1"]?.phase = .exited
        #expect(
            stage.life(.kill) { $0.signal = "SIGUSR1" }.description
                == "[] -> #1 kill p-db-1 by SIGUSR1\n[] -> #2 kill p-web-1 by SIGUSR1"
        )
        #expect(stage.life(.pause).description == "[] -> #1 pause p-db-1")
        #expect(stage.life(.unpause).description == "[] -> #1 unpause p-web-1")
    }

    @Test func `rm removes what does not run, or stops it first`() throws {
        var stage = try stage()
        stage.world["p-mid-1"]?.phase = .exited
        #expect(stage.life(.remove).description == "[] -> #1 remove p-mid-1")
        #expect(
            stage.life(.remove) { ($0.stops, $0.services) = (true, ["web", "mid"]) }.description == """
                [] -> #1 stop p-web-1
                [1] -> #2 remove p-web-1
                [1] -> #3 remove p-mid-1
                """
        )
    }

    @Test func `a name that is that of no service is refused`() throws {
        #expect(try stage().life(.stop) { $0.services = ["wbe"] }.problems == [Problem("no such service: wbe")])
    }
}
