// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import Testing

/// What is done to containers that are not as the last plan left them.
@Suite struct `A container` {
    private func stage(_ change: (inout ObservedContainer) -> Void) throws -> Stage {
        var stage = try Stage("services:\n  web: {image: a}\n")
        stage.up()
        if var container = stage.world["p-web-1"] {
            change(&container)
            stage.world["p-web-1"] = container
        }
        return stage
    }

    @Test func `that runs is left alone`() throws {
        let stage = try stage { _ in }
        #expect(stage.planText == "")
        #expect(stage.plan.unchanged == ["p-web-1"])
        #expect(stage.human(stage.plan) == "No changes: 1 container is as it is to be.")
    }

    @Test func `that has ended is started`() throws {
        let stage = try stage { ($0.phase, $0.exitStatus) = (.exited, 3) }
        #expect(stage.planText == "[] -> #1 start p-web-1 (it has exited with status 3)")
    }

    @Test func `that is paused goes on`() throws {
        #expect(try stage { $0.phase = .paused }.planText == "[] -> #1 unpause p-web-1 (it is paused)")
    }

    @Test func `that is being restarted is left to the engine`() throws {
        #expect(try stage { $0.phase = .restarting }.planText == "")
    }

    @Test(arguments: [ObservedContainer.Phase.dead, .removing])
    func `whose removal was cut off is replaced`(phase: ObservedContainer.Phase) throws {
        #expect(try stage { $0.phase = phase }.changes == "± replace container p-web-1\n    its removal was cut off")
    }

    @Test func `that somebody has taken out of its network joins it again`() throws {
        let text = "[] -> #1 connect p-web-1 to default (it is not in the network p_default)"
        #expect(try stage { $0.networks = [] }.planText == text)
    }

    @Test func `that has done its work is not started again until it changes`() throws {
        let text = """
            services:
              web: {image: a, depends_on: {init: {condition: service_completed_successfully}}}
              init: {image: a}
            """
        var stage = try Stage(text)
        stage.up()
        #expect(stage.world["p-init-1"]?.phase == .exited)
        #expect(stage.planText == "")
        #expect(stage.plan.unchanged == ["p-init-1", "p-web-1"])
        stage.options.services = ["web"]
        #expect(stage.planText == "")
        // Who names it wants it.
        stage.options.services = ["init"]
        #expect(stage.planText.contains("start p-init-1 (it has exited with status 0)"))
        stage.options.services = []
        try stage.edit(text.replacing("init: {image: a}", with: "init: {image: a, user: \"1\"}"))
        #expect(stage.changes == "± replace container p-init-1\n    user \"1\" is new (compose.yaml:3:26)")
        stage.up()
        stage.world["p-init-1"]?.exitStatus = 1
        #expect(stage.planText.contains("start p-init-1 (it has exited with status 1)"))
    }

    /// What a replacement leaves that was cut off after each of its steps.
    @Test(arguments: 0...5)
    func `whose replacement was cut off is replaced all the same`(steps: Int) throws {
        var stage = try Stage("services:\n  web: {image: a}\n")
        stage.up()
        try stage.edit("services:\n  web: {image: a, user: \"1\"}\n")
        let plan = stage.plan
        #expect(plan.actions.count == 5)
        stage.world.begin()
        for action in plan.actions.prefix(steps) { stage.world.perform(action, for: stage.desired) }
        stage.up()
        #expect(stage.world.refusals == [])
        let left = stage.world.observed.containers
        #expect(left.map(\.name) == ["p-web-1"])
        #expect(left.map(\.phase) == [.running])
        #expect(left.map(\.definition?.user) == ["1"])
    }

    @Test func `that was to be replaced stays when the file is as before`() throws {
        var stage = try Stage("services:\n  web: {image: a}\n")
        stage.up()
        try stage.edit("services:\n  web: {image: a, user: \"1\"}\n")
        stage.world.begin()
        for action in stage.plan.actions.prefix(1) { stage.world.perform(action, for: stage.desired) }
        try stage.edit("services:\n  web: {image: a}\n")
        #expect(stage.planText == "[] -> #1 remove c2_p-web-1 (a replacement of it was cut off)")
        // And a third version comes in the place of both.
        try stage.edit("services:\n  web: {image: a, user: \"2\"}\n")
        stage.up()
        #expect(stage.world.refusals == [])
        #expect(stage.world.observed.containers.map(\.name) == ["p-web-1"])
    }
}

@Suite struct `Networks and volumes` {
    @Test func `that the project does not have any more go once all have left them`() throws {
        var stage = try Stage("services:\n  web: {image: a, networks: [back]}\nnetworks: {back: }\n")
        stage.up()
        try stage.edit("services:\n  web: {image: a, networks: [front]}\nnetworks: {front: }\n")
        stage.up()
        #expect(stage.world.refusals == [])
        #expect(stage.world.observed.networks.keys.sorted() == ["p_front"])
        try stage.edit("services:\n  web: {image: a, networks: [front]}\nnetworks: {front: {name: other}}\n")
        stage.up()
        #expect(stage.world.refusals == [])
        #expect(stage.world.observed.networks.keys.sorted() == ["other"])
        #expect(stage.world["p-web-1"]?.networks == ["other"])
    }

    @Test func `in which others are cannot be made anew`() throws {
        var stage = try Stage("services:\n  web: {image: a}\n")
        stage.up()
        stage.world.observed.networks["p_default"]?.strangers = ["foreign"]
        try stage.edit("services:\n  web: {image: a}\nnetworks: {default: {internal: true}}\n")
        #expect(
            stage.problems == [
                "the network p_default has changed and cannot be made anew: containers of others are in it: foreign "
                    + "(compose.yaml:3:12) — take them out of it with `wharf network disconnect`"
            ]
        )
    }

    @Test(arguments: [
        ("", "", "was not created by compose"),
        ("", "other", "was not created by compose"),
        ("front", "other", "was not created for project \"p\", it belongs to the project other"),
    ])
    func `that were made for something else are not used`(key: String, project: String, owner: String) throws {
        var stage = try Stage("services:\n  web: {image: a}\n")
        var network = ObservedNetwork(id: "n", name: "p_default")
        (network.project, network.key) = (project, key)
        stage.world.observed.networks["p_default"] = network
        #expect(
            stage.problems == [
                "a network with name p_default exists but \(owner) (compose.yaml:1:1) — set `external: true` to use an "
                    + "existing network, or remove it with `wharf network rm p_default`"
            ]
        )
        // The same of another project may be shared.
        stage.world.observed.networks["p_default"]?.key = "default"
        stage.world.observed.networks["p_default"]?.project = "other"
        #expect(stage.problems == [])
        #expect(stage.warnings.count == 1)
    }

    @Test func `keep their data unless somebody says otherwise`() throws {
        let text = "services:\n  web: {image: a, volumes: [\"data:/d\"]}\nvolumes: {data: {labels: {v: \"1\"}}}\n"
        var stage = try Stage(text)
        stage.up()
        try stage.edit(text.replacing("v: \"1\"", with: "v: \"2\""))
        #expect(stage.planText == "")
        #expect(
            stage.warnings == [
                "volume \"p_data\" exists but does not match its definition; it is used as it is (compose.yaml:3:11) — "
                    + "with `--yes` it is made anew, and its data is lost"
            ]
        )
        stage.options.recreatesVolumes = true
        #expect(
            stage.planText == """
                [] -> #1 stop p-web-1 (labels {"v":"1"} → {"v":"2"})
                [1] -> #2 remove p-web-1 (labels {"v":"1"} → {"v":"2"})
                [2] -> #3 remove volume p_data (labels {"v":"1"} → {"v":"2"})
                [3] -> #4 create volume p_data (labels {"v":"1"} → {"v":"2"})
                [4] -> #5 create p-web-1 (there is none yet)
                [5] -> #6 start p-web-1 (there is none yet)
                """
        )
    }

    @Test func `under a new key are made besides the old ones`() throws {
        var stage = try Stage("services:\n  web: {image: a, volumes: [\"old:/d\"]}\nvolumes: {old: }\n")
        stage.up()
        try stage.edit("services:\n  web: {image: a, volumes: [\"new:/d\"]}\nvolumes: {new: }\n")
        stage.up()
        #expect(stage.world.observed.volumes.keys.sorted() == ["p_new", "p_old"])
    }
}
