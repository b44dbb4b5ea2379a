// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Store
import Testing

@testable import Engine

private let now = Timestamp(seconds: 1_700_010_000)

private func time(_ secondsAgo: Int64) -> UnixTime { UnixTime(Timestamp(seconds: now.seconds - secondsAgo)) }

@Suite struct `Views of a container` {
    @Test(
        arguments: [
            (-5, "Less than a second"), (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"),
            (60, "About a minute"), (119, "About a minute"), (120, "2 minutes"), (3599, "59 minutes"),
            (3600, "About an hour"), (5399, "About an hour"), (5400, "2 hours"), (171_000 - 1, "47 hours"),
            (171_000, "2 days"), (86_400 * 14 - 1800, "2 weeks"), (86_400 * 13, "13 days"), (86_400 * 60, "2 months"),
            (86_400 * 59, "8 weeks"), (86_400 * 729, "24 months"), (86_400 * 730, "2 years"),
            (86_400 * 1100, "3 years"),
        ] as [(Int64, String)]
    )
    func `lengths of time have Docker's words`(seconds: Int64, words: String) {
        #expect(HumanDuration.words(nanoseconds: seconds * 1_000_000_000) == words)
    }

    @Test(arguments: [
        (ContainerRecord.State(), "Created"),
        (.init(phase: .running, started: time(180)), "Up 3 minutes"),
        (.init(phase: .paused, started: time(180)), "Up 3 minutes (Paused)"),
        (.init(phase: .exited, started: time(9), finished: time(2), exitStatus: 0), "Exited (0) 2 seconds ago"),
        (.init(phase: .exited, started: time(9), finished: time(1), exitStatus: 137), "Exited (137) 1 second ago"),
        (.init(phase: .restarting, started: time(9), finished: time(5), exitStatus: 1), "Restarting (1) 5 seconds ago"),
        (.init(phase: .removing, started: time(9)), "Removal In Progress"),
        (.init(phase: .dead), "Dead"),
        // A start that failed leaves no time of a start.
        (.init(phase: .exited, exitStatus: 127), "Created"),
    ])
    func `states have Docker's words`(state: ContainerRecord.State, words: String) throws {
        let snapshot = try Sample.snapshot { $0.state = state }
        #expect(snapshot.status(now: now) == words)
        #expect(snapshot.summary(now: now).state.rawValue == state.phase.rawValue)
    }

    @Test func `health has Docker's words`() throws {
        func status(_ change: (inout ContainerHealth) -> Void) throws -> String {
            var health = ContainerHealth()
            change(&health)
            let state = ContainerRecord.State(phase: .running, started: time(180))
            return try Sample.snapshot { ($0.state, $0.details.health) = (state, health) }.status(now: now)
        }
        #expect(try status { _ in } == "Up 3 minutes (health: starting)")
        #expect(try status { $0.end() } == "Up 3 minutes (unhealthy)")
    }

    @Test func `an inspection has what was asked for and what became of it`() throws {
        let snapshot = try Sample.snapshot(
            """
            {"Image":"bb:1","Cmd":["sh","-c","echo hi; true"],"Entrypoint":["/e"],
            "HostConfig":{"NetworkMode":"none","Binds":["/a:/b:ro"],"Tmpfs":{"/t":"size=1k"}}}
            """
        ) {
            $0.state = .init(phase: .running, started: time(180), restartCount: 2, pid: 42)
            $0.details.wasOutOfMemory = true
            $0.sizes = (5, 6)
        }
        let found = snapshot.inspection()
        #expect(found.path == "/e" && found.args == ["sh", "-c", "echo hi; true"] && found.name == "/box")
        #expect(found.state.running && found.state.pid == 42 && found.state.oomKilled && found.restartCount == 2)
        #expect(found.state.finishedAt == .never && found.state.startedAt == Timestamp(seconds: now.seconds - 180))
        #expect(found.hostsPath == snapshot.folder.path + "/hosts" && found.sizeRw == 5 && found.sizeRootFS == 6)
        #expect(found.mounts.map(\.destination) == ["/b", "/t"] && found.mounts.map(\.isWritable) == [false, true])
        #expect(found.mounts.first?.mode == "ro" && found.mounts.first?.propagation == "rprivate")
        #expect(Array(found.networkSettings.networks.keys) == ["none"])
        #expect(found.networkSettings.networks["none"]?.networkID.count == 64)
        let summary = snapshot.summary(now: now)
        #expect(summary.command == "/e sh -c 'echo hi; true'" && summary.names == ["/box"] && summary.image == "bb:1")
        #expect(summary.created == 1_700_000_000 && summary.hostConfig.networkMode == "none")
    }

    @Test func `a brief list has no networks and mounts, and of the labels those of projects`() throws {
        let snapshot = try Sample.snapshot(
            #"""
            {"Labels":{"a":"1","com.docker.compose.project":"shop","com.docker.compose.config-hash":"2"},
             "HostConfig":{"NetworkMode":"none","Binds":["/src:/dst"]}}
            """#
        )
        let (whole, brief) = (snapshot.summary(now: now), snapshot.summary(now: now, isBrief: true))
        #expect(whole.labels.count == 3 && whole.mounts.count == 1 && whole.networkSettings.networks.count == 1)
        #expect(brief.labels == ["com.docker.compose.project": "shop"])
        #expect(brief.mounts == [] && brief.networkSettings.networks == [:])
        #expect(brief.id == whole.id && brief.status == whole.status && brief.hostConfig == whole.hostConfig)
    }

    @Test func `a container that waits for its restart counts as running but has no process`() throws {
        let state = try Sample.snapshot { $0.state = .init(phase: .restarting, pid: 42) }.containerState
        #expect(state.running && state.restarting && state.pid == 0)
    }

    @Test func `exposed ports are shown while the container runs`() throws {
        let json = #"{"ExposedPorts":{"80/tcp":{},"53/udp":{}}}"#
        let running = try Sample.snapshot(json) { $0.state.phase = .running }
        #expect(running.networkSettings.ports.keys.sorted() == ["53/udp", "80/tcp"])
        #expect(running.summary(now: now).ports.map(\.privatePort) == [53, 80])
        #expect(try Sample.snapshot(json).summary(now: now).ports == [])
    }
}

@Suite struct `Lists of containers` {
    private func containers() throws -> [ContainerSnapshot] {
        func id(_ digit: Character) throws -> ObjectID { try #require(ObjectID(String(repeating: digit, count: 64))) }
        func made(_ offset: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + offset) }
        return [
            try Sample.snapshot(
                #"{"Labels":{"a":"1","b":""},"HostConfig":{"NetworkMode":"none"}}"#,
                id: id("a"),
                name: "web-1"
            ) {
                $0.created = made(1)
                $0.state = .init(phase: .running, started: time(50))
                $0.definition.image = "sha256:11"
            },
            try Sample.snapshot(
                #"{"Labels":{"a":"2"},"ExposedPorts":{"80/tcp":{}},"HostConfig":{"Binds":["/src:/dst"]}}"#,
                id: id("b"),
                name: "db"
            ) {
                $0.created = made(2)
                $0.state = .init(phase: .exited, started: time(50), finished: time(9), exitStatus: 3)
            },
            try Sample.snapshot(
                #"{"ExposedPorts":{"80/tcp":{}},"HostConfig":{"NetworkMode":"host"}}"#,
                id: id("c"),
                name: "web-2"
            ) {
                $0.created = made(3)
                $0.details.ports = [PortMapping(kind: "tcp", port: 81, hostAddress: "", hostPort: 8000, count: 11)]
                $0.state = .init(phase: .paused, started: time(50))
            },
            try Sample.snapshot("{}", id: id("d"), name: "new") { $0.created = made(4) },
        ]
    }

    private func list(
        _ filters: [String: Set<String>],
        all: Bool = false,
        limit: Int? = nil
    ) throws -> [String] {
        var query = ContainerListQuery()
        (query.filters, query.showsAll, query.limit) = (Filters(filters), all, limit)
        let found = try ContainerQuery.list(query, among: containers()) { $0 == "bb:1" ? ["sha256:11"] : [] }
        return found.map(\.name.description)
    }

    @Test(
        arguments: [
            ([:], ["web-2", "web-1"]),
            (["status": ["exited"]], ["db"]),
            (["status": ["exited", "created"]], ["new", "db"]),
            (["exited": ["3"]], ["db"]),
            (["exited": ["0"]], []),
            (["label": ["a"]], ["web-1"]),
        ] as [([String: Set<String>], [String])]
    )
    func `show those that run, unless a filter is about others`(filters: [String: Set<String>], names: [String]) throws
    {
        #expect(try list(filters) == names)
    }

    @Test(
        arguments: [
            ([:], ["new", "web-2", "db", "web-1"]),
            (["name": ["web"]], ["web-2", "web-1"]),
            (["name": ["^/web-1$"]], ["web-1"]),
            (["name": ["^db$", "new"]], ["new", "db"]),
            (["name": ["("]], []),
            (["id": ["bbbb"]], ["db"]),
            (["label": ["a=1", "b"]], ["web-1"]),
            (["label": ["a"]], ["db", "web-1"]),
            (["ancestor": ["bb:1"]], ["web-1"]),
            (["ancestor": ["nothing"]], []),
            (["before": ["db"]], ["web-1"]),
            (["since": ["db"]], ["new", "web-2"]),
            (["network": ["host"]], ["web-2"]),
            (["volume": ["/dst"]], ["db"]),
            (["volume": ["/src/"]], ["db"]),
            (["expose": ["80"]], ["web-2"]),
            (["expose": ["81"]], ["web-2"]),
            (["expose": ["80/udp"]], []),
            (["publish": ["8005/tcp"]], ["web-2"]),
            (["publish": ["8010-8020"]], ["web-2"]),
            (["publish": ["80-91"]], []),
            (["publish": ["8011"], "expose": ["80"]], ["web-2"]),
            (["health": ["none"]], ["new", "web-2", "db", "web-1"]),
            (["health": ["healthy"]], []),
            (["is-task": ["true"]], []),
            (["is-task": ["false"], "status": ["paused"]], ["web-2"]),
            (["isolation": ["default"], "name": ["db"]], ["db"]),
        ] as [([String: Set<String>], [String])]
    )
    func `are chosen by filters`(filters: [String: Set<String>], names: [String]) throws {
        #expect(try list(filters, all: true) == names)
    }

    @Test func `are limited to the newest, whatever their state`() throws {
        #expect(try list([:], limit: 2) == ["new", "web-2"])
        #expect(try list([:], limit: -1) == ["web-2", "web-1"])
    }

    @Test(
        arguments: [
            (["all": ["1"]], EngineError.Code.badParameter), (["status": ["x"]], .badParameter),
            (["exited": ["x"]], .badParameter), (["health": ["x"]], .badParameter), (["publish": ["x"]], .badParameter),
            (["is-task": ["x"]], .badParameter), (["before": ["nobody"]], .notFound),
        ] as [([String: Set<String>], EngineError.Code)]
    )
    func `refuse filters that make no sense`(filters: [String: Set<String>], code: EngineError.Code) throws {
        #expect(engineError { _ = try list(filters) }?.code == code)
    }

    @Test(arguments: [
        ("a.c", "xabcx", true), ("^a.c$", "xabcx", false), ("a*b", "b", true), ("a+b", "b", false),
        ("^a?b$", "ab", true),
        ("[a-c]+$", "xxabc", true), ("[^a-c]", "abc", false), ("x|^abc$", "abc", true), (#"a\.c"#, "abc", false),
        (#"a\.c"#, "a.c", true), ("(ab)+$", "abab", true), ("", "anything", true), (#"^\w+-\d$"#, "web-1", true),
        ("[]a]", "]", true),
    ])
    func `patterns are those of Go`(pattern: String, text: String, fits: Bool) throws {
        #expect(try #require(NamePattern(pattern)).matches(text) == fits)
    }

    @Test(arguments: ["(", ")", "[a", "*", "a**", #"\"#, "[b-a]", #"\q"#])
    func `malformed patterns are none`(pattern: String) {
        #expect(NamePattern(pattern) == nil)
    }

    @Test func `a hostile pattern takes no more time than others`() throws {
        let pattern = try #require(NamePattern(String(repeating: "(a*)*", count: 60) + "b"))
        #expect(!pattern.matches(String(repeating: "a", count: 200)))
        #expect(NamePattern(String(repeating: "(", count: 400)) == nil)
        #expect(NamePattern(String(repeating: "a", count: 600)) == nil)
    }
}

@Suite struct `Filters of a clean-up` {
    private func accepts(_ filters: [String: Set<String>]) throws -> Bool {
        // Made an hour before.
        try PruneQuery(Filters(filters), now: now).accepts(
            created: Timestamp(seconds: now.seconds - 3600),
            labels: ["a": "1"]
        )
    }

    @Test(
        arguments: [
            ([:], true), (["until": ["30m"]], true), (["until": ["2h"]], false), (["until": ["1h30m"]], false),
            (["until": ["1699999999"]], false), (["until": ["1700009000"]], true), (["until": ["2023-11-14"]], false),
            (["until": ["2023-11-16"]], true), (["until": ["2023-11-16T10:00"]], true),
            (["until": ["2023-11-14T00:00:00Z"]], false), (["label": ["a"]], true), (["label": ["a=2"]], false),
            (["label!": ["a"]], false), (["label!": ["b"]], true), (["label!": ["a=1"], "until": ["30m"]], false),
        ] as [([String: Set<String>], Bool)]
    )
    func `are times and labels`(filters: [String: Set<String>], isAccepted: Bool) throws {
        #expect(try accepts(filters) == isAccepted)
    }

    @Test(
        arguments: [
            ["until": ["yesterday"]], ["until": ["1h", "2h"]], ["until": ["1x"]], ["dangling": ["true"]],
        ] as [[String: Set<String>]]
    )
    func `are refused where they make no sense`(filters: [String: Set<String>]) {
        #expect(engineError { _ = try accepts(filters) }?.code == .badParameter)
    }
}
