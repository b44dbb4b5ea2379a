// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import OCI
import Reconciler
import Store
import TestSupport
import Testing

@testable import Engine

@Suite struct `A project that changes` {
    @Test func `is planned again when anything of it or of what there is has changed`() async throws {
        try await TestedProject.with(.embedded) { project, _ in
            let engine = project.host.engine
            let file = try project.folder.write("settings", "a")
            let text = "services: {web: {configs: [settings]}, other: {}}\nconfigs: {settings: {file: \(file)}}"
            func known(_ change: (inout ProjectUpRequest) -> Void = { _ in }) async throws -> Plan? {
                let request = try project.request(text, change)
                let world = try await WorldObserver(engine: engine, project: request.project, separator: "-").world()
                return engine.projects.plan(request.project, request.options, world)
            }
            try await project.succeed(text)
            // The next one is planned before anybody asks for it.
            try await wait { try await known() != nil }
            let story = try await project.succeed(text)
            let plan = try #require(try await known())
            #expect(plan == story.plan && plan.unchanged == ["p-other-1", "p-web-1"])
            #expect(try await known { $0.options.recreation = .always } == nil)
            #expect(try await known { $0.project.services["web"]?.environment = ["A": "1"] } == nil)
            // What is in files counts, and so does what a container does.
            _ = try project.folder.write("settings", "b")
            #expect(try await known() == nil)
            #expect(try await project.succeed(text).progress.contains("p-web-1 Started"))
            try await project.succeed(text)
            #expect(try await known() != nil)
            try await project.conduct(.stop, ["other"])
            #expect(try await known() == nil)
            #expect(try await project.succeed(text).progress.contains("p-other-1 Started"))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `adjusts limits and policies in place, and lifts them`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            try await project.succeed("services: {web: {mem_limit: 64m, pids_limit: 50}}")
            let id = try await project.id("web-1")
            #expect(try await project.limits("web-1") == ["67108864", "50"])
            let text = "services: {web: {mem_limit: 96m, restart: always, stop_signal: SIGINT, stop_grace_period: 3s}}"
            try await project.succeed(text)
            #expect(try await project.id("web-1") == id)
            let limits = try await project.limits("web-1")
            #expect(limits[0] == "100663296" && limits[1] == "max", "\(limits)")
            let web = try await project.inspect("web-1")
            #expect(web.hostConfig.restartPolicy.name == "always")
            #expect((web.config.stopSignal, web.config.stopTimeout) == ("SIGINT", 3))
            let again = try await project.succeed(text)
            #expect(again.plan?.actions.isEmpty == true, "\(again.plan?.description ?? "")")
            try await project.succeed("services: {web: {}}")
            #expect(try await project.id("web-1") == id)
            #expect(try await project.limits("web-1")[0].count > 15, "the memory is not without a limit")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `gives a container its volumes without a name again, unless they are to be new`(kind: EngineKind) async throws
    {
        try await TestedProject.with(kind) { project, _ in
            try await project.succeed("services: {web: {volumes: [/cache], environment: {A: 1}}}")
            let id = try await project.id("web-1")
            _ = try await project.output(of: "echo kept > /cache/file", in: "web-1")
            try await project.succeed("services: {web: {volumes: [/cache], environment: {A: 2}}}")
            #expect(try await project.id("web-1") != id)
            #expect(try await project.output(of: "cat /cache/file; echo $A", in: "web-1") == "kept\n2\n")
            try await project.succeed("services: {web: {volumes: [/cache], environment: {A: 2}}}") {
                $0.options.renewsVolumes = true
            }
            #expect(try await project.output(of: "ls /cache", in: "web-1") == "")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `keeps names and addresses when networks come and go`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            func text(_ networks: String, _ options: String = "") -> String {
                "services: {web: {networks: \(networks)}, probe: {networks: [a]}}\nnetworks: {a: {\(options)}, b: {}}"
            }
            try await project.succeed(
                text("{a: {aliases: [www], ipv4_address: 10.77.0.9}}", "ipam: {config: [{subnet: 10.77.0.0/24}]}")
            )
            let id = try await project.id("web-1")
            let more = text(
                "{a: {aliases: [www], ipv4_address: 10.77.0.9}, b: {aliases: [other]}}",
                "ipam: {config: [{subnet: 10.77.0.0/24}]}"
            )
            try await project.succeed(more)
            #expect(try await project.id("web-1") == id)
            let networks = try await project.inspect("web-1").networkSettings.networks
            #expect(networks["p_a"]?.ipAddress == "10.77.0.9")
            #expect(networks["p_b"]?.aliases?.contains("other") == true)
            // The network itself is another one, and everybody is in it again.
            try await project.succeed(more.replacing("10.77.0", with: "10.78.0"))
            #expect(try await project.output(of: "nslookup www 127.0.0.11", in: "probe-1").contains("10.78.0.9"))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `replaces what was given other contents`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            func text(_ config: String) -> String {
                "services: {web: {configs: [c], secrets: [s]}}\nconfigs: {c: {content: \(config)}}\nsecrets: {s: {file: ./s}}"
            }
            _ = try project.folder.write("s", "first")
            try await project.succeed(text("one"))
            let show = "cat /c /run/secrets/s"
            #expect(try await project.output(of: show, in: "web-1") == "onefirst")
            try await project.succeed(text("two"))
            #expect(try await project.output(of: show, in: "web-1") == "twofirst")
            _ = try project.folder.write("s", "second")
            let story = try await project.succeed(text("two"))
            #expect(try await project.output(of: show, in: "web-1") == "twosecond")
            #expect(story.plan?.description.contains("the content of the secret s has changed") == true)
            #expect(try await project.succeed(text("two")).plan?.actions.isEmpty == true)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `takes back what was made in vain`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            try await project.succeed("services: {web: {}}")
            let story = try await project.up(
                "services: {web: {command: nothing-like-that}, after: {depends_on: [web]}, db: {}}"
            )
            #expect(story.outcome == .failed)
            #expect(
                story.failures.count == 1 && story.failures[0].message.contains("executable file not found"),
                "\(story)"
            )
            #expect(story.failures.first?.help == nil)
            let states = await project.states()
            #expect(!states.contains { $0.hasPrefix("after") || $0.contains("_") }, "\(states)")
            try await project.conduct(.down)
            // What was started goes as well where that is asked for, and so do the networks.
            let all = try await project.up("services: {web: {depends_on: [db], command: nothing-like-that}, db: {}}") {
                $0.rollsBack = true
            }
            #expect(all.outcome == .failed)
            #expect(await project.states() == [])
            #expect(project.host.engine.networks.all.isEmpty)
        }
    }

    // MARK: Rollouts

    private static func rollout(_ update: String, _ command: String) -> String {
        "services: {web: {scale: 2, command: \(command), deploy: {update_config: {\(update)}}}}"
    }

    @Test(arguments: EngineKind.allCases)
    func `starts new containers before it stops old ones where that is asked for`(kind: EngineKind) async throws {
        try await TestedProject.with(kind) { project, _ in
            try await project.succeed(Self.rollout("order: start-first, parallelism: 1", "sleep 1000001"))
            let old = await project.containers().values.map(\.id.description)
            try await project.succeed(Self.rollout("order: start-first, parallelism: 1", "sleep 1000002"))
            let new = await project.containers().values.map(\.id.description)
            #expect(Set(old).isDisjoint(with: new) && new.count == 2)
            let events = try await project.events(["start", "die"]).suffix(4)
            let kinds = events.map { $0.action + (old.contains($0.actor.id) ? " old" : " new") }
            #expect(kinds == ["start new", "die old", "start new", "die old"])
            #expect(await project.states() == ["web-1 running", "web-2 running"])
        }
    }

    @Test(arguments: EngineKind.allCases, ["pause", "continue", "rollback"])
    func `does what is asked for where new containers fail`(kind: EngineKind, action: String) async throws {
        try await TestedProject.with(kind) { project, _ in
            let update = "parallelism: 1, failure_action: \(action), monitor: 10s"
            try await project.succeed(Self.rollout("parallelism: 1", "sleep 1000001"))
            let old = Set(await project.containers().values.map(\.id.description))
            let story = try await project.up(Self.rollout(update, "\"false\""))
            let containers = await project.containers()
            let kept = containers.values.filter { old.contains($0.id.description) && $0.state.phase == .running }
            switch action {
            case "pause":
                #expect(story.outcome == .failed, "\(story)")
                #expect(kept.count == 1, "\(story)")
            case "continue":
                #expect(story.outcome == .done, "\(story)")
                #expect(kept.isEmpty)
            default:
                #expect(story.outcome == .failed, "\(story)")
                #expect(kept.count == 2, "\(story)")
            }
            #expect(containers.keys.sorted() == ["web-1", "web-2"], "\(containers.keys)")
        }
    }
}

extension TestedProject {
    /// The limits of memory and of processes that the kernel has for a container.
    fileprivate func limits(_ name: String) async throws -> [String] {
        let pid = try await inspect(name).state.pid
        let groups = try readText("/proc/\(pid)/cgroup").split(separator: "\n")
        return try [("memory", "memory.limit_in_bytes", "memory.max"), ("pids", "pids.max", "pids.max")].map { kind in
            let legacy = groups.first { $0.split(separator: ":", omittingEmptySubsequences: false)[1] == kind.0 }
            let group = try #require(legacy ?? groups.first { $0.hasPrefix("0::") })
            let path = group.drop { $0 != "/" }
            let tree = legacy == nil ? "/sys/fs/cgroup" : "/sys/fs/cgroup/\(kind.0)"
            let text = try readText("\(tree)\(path)/\(legacy == nil ? kind.2 : kind.1)")
            return String(text.filter { !$0.isWhitespace })
        }
    }

    /// Everything of some kinds that has happened to containers so far.
    fileprivate func events(_ actions: [String]) async throws -> [EngineEvent] {
        let filters = Filters(["type": ["container"], "event": Set(actions)])
        var found: [EngineEvent] = []
        let stream = try await host.engine.events(since: Timestamp(seconds: 1), until: .now, filters)
        for try await event in stream { found.append(event) }
        return found
    }
}
