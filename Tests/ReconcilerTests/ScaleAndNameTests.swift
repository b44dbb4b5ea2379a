// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import Testing

@Suite struct `The number of containers` {
    private func stage(_ count: Int, _ more: String = "") throws -> Stage {
        try Stage("services:\n  web: {image: a, scale: \(count)\(more)}\n")
    }

    private func names(_ stage: Stage) -> [String] { stage.world.observed.containers.map(\.name).sorted() }

    @Test func `grows and shrinks, high numbers first`() throws {
        var stage = try stage(1)
        stage.up()
        stage.up { $0.scales = ["web": 4] }
        #expect(names(stage) == ["p-web-1", "p-web-2", "p-web-3", "p-web-4"])
        // What was asked for once is not remembered.
        #expect(stage.changes.contains("- remove container p-web-4\n    scale 4 → 1 (compose.yaml:2:26)"))
        stage.up()
        #expect(names(stage) == ["p-web-1"])
    }

    @Test func `fills gaps, so that the numbers are the same however it came about`() throws {
        var stage = try stage(3)
        stage.up()
        stage.world["p-web-1"] = nil
        #expect(stage.changes == "+ create container p-web-1\n    scale 2 → 3 (compose.yaml:2:26)")
        stage.up()
        #expect(names(stage) == ["p-web-1", "p-web-2", "p-web-3"])
    }

    @Test func `shrinks by what is obsolete first`() throws {
        var stage = try stage(3)
        stage.up()
        stage.world["p-web-1"]?.imageID = "sha256:old"
        stage.up { $0.scales = ["web": 2] }
        #expect(names(stage) == ["p-web-2", "p-web-3"])
    }

    @Test func `can be none`() throws {
        var stage = try stage(2)
        stage.up()
        stage.up { $0.scales = ["web": 0] }
        #expect(names(stage) == [])
    }

    @Test func `is one in the mode of one on each machine`() throws {
        var stage = try Stage("services:\n  web: {image: a, deploy: {mode: global}}\n")
        stage.options.scales = ["web": 2]
        #expect(
            stage.problems == [
                "the service web cannot have 2 containers: its mode is `global`, which is one on each machine "
                    + "(compose.yaml:2:34) — take `deploy.mode` away to scale it"
            ]
        )
        stage.up()
        #expect(names(stage) == ["p-web-1", "p-web-2"])
    }

    @Test func `starts one after the other where they share a range of ports`() throws {
        let stage = try stage(2, ", ports: [\"8000-8001:80\"]")
        #expect(stage.planText.contains("[3,4] -> #5 start p-web-2") || stage.planText.contains("[2,3] -> #5"))
        #expect(stage.problems == [])
    }

    @Test func `names its container as the file says`() throws {
        var stage = try Stage("services:\n  web: {image: a, container_name: one}\n")
        stage.up()
        #expect(names(stage) == ["one"])
        try stage.edit("services:\n  web: {image: a, container_name: two}\n")
        #expect(
            stage.planText == """
                [] -> #1 create two (container_name "one" → "two")
                [1] -> #2 stop one (container_name "one" → "two")
                [2] -> #3 remove one (container_name "one" → "two")
                [1,3] -> #4 start two (container_name "one" → "two")
                """
        )
    }

    private func owners(_ stage: Stage) -> [String: String] {
        Dictionary(stage.world.observed.containers.map { ($0.name, $0.service) }) { $1 }
    }

    @Test func `names containers of other services as the file says now`() throws {
        let texts = [
            "services:\n  a: {image: i, container_name: mine}\n  b: {image: i, depends_on: [a]}\n",
            "services:\n  a: {image: i}\n  b: {image: i, container_name: mine, depends_on: [a]}\n",
            "services:\n  a: {image: i, container_name: mine}\n  b: {image: i, container_name: yours, depends_on: [a]}\n",
            "services:\n  a: {image: i, container_name: yours}\n  b: {image: i, container_name: mine, depends_on: [a]}\n",
        ]
        var stage = try Stage(texts[0])
        for (text, names) in zip(
            texts,
            [
                ["mine": "a", "p-b-1": "b"], ["p-a-1": "a", "mine": "b"], ["mine": "a", "yours": "b"],
                ["yours": "a", "mine": "b"],
            ]
        ) {
            try stage.edit(text)
            #expect(stage.problems == [])
            stage.up()
            #expect(owners(stage) == names)
            #expect(stage.world.refusals == [])
        }
    }

    @Test func `gives the name of an orphan away with it, and not before`() throws {
        var stage = try Stage("services:\n  old: {image: i, container_name: mine}\n")
        stage.up()
        let id = try #require(stage.world["mine"]?.id)
        try stage.edit("services:\n  new: {image: i, container_name: mine}\n")
        #expect(
            stage.problems == [
                "the name mine of a container of the service new is taken by the container \(id) of the service old "
                    + "(compose.yaml:2:35) — remove that one, or choose another `container_name`"
            ]
        )
        stage.up { $0.removesOrphans = true }
        #expect(owners(stage) == ["mine": "new"])
        #expect(stage.world.refusals == [])
    }
}

@Suite struct `What is asked for besides` {
    private let text = """
        services:
          web: {image: a, depends_on: [db]}
          db: {image: b}
        """

    @Test func `can leave out dependencies`() throws {
        var stage = try Stage(text)
        stage.options.services = ["web"]
        stage.options.includesDependencies = false
        #expect(!stage.planText.contains("p-db-1"))
    }

    @Test(arguments: [
        (UpOptions.Recreation.never, UpOptions.Recreation.never, [String]()),
        (.changed, .never, ["p-web-1"]),
        (.never, .changed, ["p-db-1"]),
        (.always, .never, ["p-web-1"]),
        (.always, .always, ["p-db-1", "p-web-1"]),
    ])
    func `says what is replaced`(own: UpOptions.Recreation, others: UpOptions.Recreation, names: [String]) throws {
        var stage = try Stage(text)
        stage.up()
        stage.world["p-web-1"]?.imageID = "sha256:old"
        stage.world["p-db-1"]?.imageID = "sha256:old"
        stage.options.services = ["web"]
        (stage.options.recreation, stage.options.dependencyRecreation) = (own, others)
        #expect(stage.plan.changes.map(\.subject).sorted() == names.map { "container \($0)" })
    }

    @Test func `can renew volumes without a name, of what was named alone`() throws {
        var stage = try Stage(text)
        stage.up()
        stage.world["p-db-1"]?.imageID = "sha256:old"
        stage.options.services = ["web"]
        stage.options.renewsVolumes = true
        for action in stage.plan.actions {
            switch action.operation {
            case .createContainer(let creation): #expect(creation.inheritsVolumes == (creation.service == "db"))
            case .removeContainer(let container, let volumes): #expect(volumes == (container.service == "web"))
            default: break
            }
        }
        #expect(stage.changes.contains("volumes without a name are to be new"))
    }

    @Test func `can be to make, not to start`() throws {
        var stage = try Stage(text)
        stage.options.starts = false
        #expect(!stage.planText.contains("start"))
        stage.up { $0.starts = false }
        #expect(stage.changes.contains("~ start container p-db-1\n    it was not started yet"))
    }

    @Test func `warns of orphans, removes or ignores them`() throws {
        var stage = try Stage(text)
        stage.up()
        try stage.edit("services:\n  web: {image: a}\n  old: {image: a, profiles: [x]}\n")
        var run = ObservedContainer(id: "r", name: "p-web-run-1", service: "web", number: nil)
        (run.isOneOff, run.phase) = (true, .exited)
        stage.world["p-web-run-1"] = run
        var off = ObservedContainer(id: "o", name: "p-old-1", service: "old", number: 1)
        off.phase = .running
        stage.world["p-old-1"] = off
        #expect(stage.warnings.count == 1)
        #expect(stage.warnings[0].hasPrefix("Found orphan containers ([p-db-1 p-web-run-1]) for this project."))
        stage.options.ignoresOrphans = true
        #expect(stage.warnings == [])
        stage.options.removesOrphans = true
        #expect(stage.changes.contains("- remove container p-web-run-1\n    it is left of `run`"))
        #expect(stage.changes.contains("- remove container p-db-1\n    the project has no service db any more"))
        #expect(!stage.changes.contains("p-old-1"))
    }

    @Test func `refuses services that do not exist`() throws {
        var stage = try Stage(text)
        stage.options.services = ["wbe"]
        stage.options.scales = ["dp": 1]
        #expect(
            stage.problems == [
                "no such service: dp — did you mean `db`?", "no such service: wbe — did you mean `web`?",
            ]
        )
    }
}
