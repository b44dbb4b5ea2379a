// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import OCI
import Testing

/// A recorded answer, the type that reads it, and where the two differ.
private struct Recorded: Sendable, CustomTestStringConvertible {
    var name: String
    var differences: Set<String>
    var losses: @Sendable (String) throws -> Set<String>

    init<Value: Codable & Sendable>(_ name: String, _ type: Value.Type, _ differences: Set<String> = []) {
        self.name = name
        self.differences = differences
        losses = { try Fixture.losses(of: type, $0) }
    }

    var testDescription: String { name }
}

/// Fields that later versions of the API have taken away.
private let kernelMemory: Set<String> = ["-HostConfig.KernelMemory", "-HostConfig.KernelMemoryTCP"]
private let windows: Set<String> = [
    "-HostConfig.CpuCount", "-HostConfig.CpuPercent", "-HostConfig.IOMaximumBandwidth", "-HostConfig.IOMaximumIOps",
]
/// A field that later versions of the API have added.
private let names: Set<String> = ["+NetworkSettings.Networks.none.DNSNames"]

private let recorded: [Recorded] = [
    Recorded("changes.json", [FilesystemChange].self),
    Recorded("container-list.json", [ContainerSummary].self, ["+[].NetworkSettings.Networks.none.DNSNames"]),
    Recorded("containers-prune.json", ContainersPruned.self),
    Recorded("exec-create-cli.json", ExecCreateRequest.self, ["-Detach"]),
    Recorded("exec-inspect.json", ExecInspection.self),
    Recorded("exec-start-cli.json", ExecStartRequest.self),
    Recorded("image-delete.json", [ImageDeletion].self),
    Recorded("image-history.json", [ImageHistoryItem].self),
    Recorded("image-inspect.json", ImageInspection.self),
    Recorded("image-list.json", [ImageSummary].self),
    Recorded("images-prune.json", ImagesPruned.self),
    Recorded("info.json", EngineInformation.self, ["-InitCommit.Expected", "-KernelMemory", "-KernelMemoryTCP"]),
    Recorded("inspect-running-all.json", ContainerInspection.self, kernelMemory.union(windows).union(names)),
    Recorded("inspect-running-plain.json", ContainerInspection.self, kernelMemory.union(windows).union(names)),
    Recorded("inspect-stopped.json", ContainerInspection.self, kernelMemory.union(windows).union(names)),
    Recorded("path-stat.json", PathStat.self),
    Recorded("stats.json", ContainerStatistics.self),
    Recorded("top.json", ContainerTop.self),
    Recorded("version.json", EngineVersion.self),
    Recorded("wait.json", ContainerWaitResponse.self),
]

@Suite struct `Recorded JSON` {
    @Test(arguments: recorded)
    private func `is the same after reading and writing`(recorded: Recorded) throws {
        let differences = try recorded.losses(Fixture.text(recorded.name))
        #expect(differences == recorded.differences)
    }

    @Test func `events are the same, with their old fields`() throws {
        let lines = try Fixture.text("events.jsonl").split(separator: "\n")
        #expect(lines.count > 20)
        for line in lines {
            #expect(try Fixture.losses(of: EngineEvent.self, String(line)) == [], "\(line)")
        }
        let events = try lines.map { try decode(EngineEvent.self, String($0)) }
        let start = try #require(events.first { $0.baseAction == "exec_start" })
        #expect(start.action.hasPrefix("exec_start: "))
        #expect(start.actor.attributes["image"] == "test/bb:1")
        let death = try #require(events.first { $0.action == "die" })
        #expect(death.actor.attributes["exitCode"] == "137")
    }

    @Test(arguments: ["image-load.jsonl", "image-import.jsonl"])
    func `lines of progress are the same`(name: String) throws {
        let text = try Fixture.text(name)
        #expect(try Fixture.losses(of: ProgressLine.self, text) == [])
    }

    @Test func `lines of progress are made as recorded`() throws {
        #expect(try Fixture.read(ProgressLine.self, "image-load.jsonl") == .loaded("test/bb:1"))
        let status = try #require(try Fixture.read(ProgressLine.self, "image-import.jsonl").status)
        #expect(try Fixture.read(ProgressLine.self, "image-import.jsonl") == .imported(id: status))
        let failure = try decode(JSONValue.self, encode(ProgressLine.failure("no")))
        #expect(failure["error"] == .text("no"))
        #expect(failure["errorDetail"] == .object(["message": .text("no")]))
    }

    @Test(arguments: [
        "create-cli-plain.json", "create-cli-all.json", "create-cli-default-network.json", "create-docker-py.json",
    ])
    func `requests say the same after reading and writing`(name: String) throws {
        let request = try Fixture.read(ContainerCreateRequest.self, name)
        let before = try Fixture.read(JSONValue.self, name).withoutUnset
        #expect(before.differences(to: try decode(JSONValue.self, encode(request)).withoutUnset) == [])
        #expect(try decode(ContainerCreateRequest.self, encode(request)) == request)
    }

    @Test func `an update says the same after reading and writing`() throws {
        let request = try Fixture.read(ContainerUpdateRequest.self, "update-cli.json")
        #expect(request.restartPolicy.name == "always")
        #expect(request.resources.memory.ifSet == 33_554_432)
        #expect(request.resources.pidsLimit == nil)
        #expect(request.resources.cpuQuota.ifSet == nil)
        let before = try Fixture.read(JSONValue.self, "update-cli.json").withoutUnset
        #expect(before.differences(to: try decode(JSONValue.self, encode(request)).withoutUnset) == [])
    }

    /// The limits and lists that dockerd gives back are those that the client sent.
    @Test func `a normal request has what dockerd makes of it`() throws {
        for (name, inspection) in [("plain", "running-plain"), ("all", "running-all")] {
            let request = try Fixture.read(ContainerCreateRequest.self, "create-cli-\(name).json").normalized()
            let host = try Fixture.read(ContainerInspection.self, "inspect-\(inspection).json").hostConfig
            #expect(host.resources.memorySwappiness == request.hostConfig.resources.memorySwappiness)
            #expect(host.resources.pidsLimit == request.hostConfig.resources.pidsLimit)
            #expect(host.resources.memory == request.hostConfig.resources.memory)
            #expect(host.resources.ulimits ?? [] == request.hostConfig.resources.ulimits ?? [])
            #expect(host.resources.devices == request.hostConfig.resources.devices)
            #expect(host.capAdd == request.hostConfig.capAdd)
            #expect(host.capDrop == request.hostConfig.capDrop)
            #expect(host.restartPolicy == request.hostConfig.restartPolicy)
            #expect(host.portBindings == request.hostConfig.portBindings)
            #expect(host.mounts == request.hostConfig.mounts)
        }
    }

    @Test func `what the fixtures hold arrives`() throws {
        let all = try Fixture.read(ContainerInspection.self, "inspect-running-all.json")
        #expect(all.state.status == .running)
        #expect(all.state.finishedAt == .never)
        #expect(all.state.health?.log?.count == 3)
        #expect(all.config.healthcheck?.timeout == .seconds(2))
        #expect(all.config.stopTimeout == 7)
        #expect(all.hostConfig.portBindings?["80/tcp"] == [PortBinding("127.0.0.1", "8080")])
        #expect(all.hostConfig.resources.nanoCpus == 1_500_000_000)
        #expect(all.hostConfig.usesInit == true)
        let stopped = try Fixture.read(ContainerInspection.self, "inspect-stopped.json")
        #expect(stopped.state.status == .exited)
        #expect(stopped.state.finishedAt > stopped.state.startedAt)
        #expect(stopped.name == "/full2")
        let stat = try Fixture.read(PathStat.self, "path-stat.json")
        #expect(stat.mode.isSymbolicLink)
        #expect(stat.mode.status == 0o120777)
        #expect(try Fixture.read(ContainerStatistics.self, "stats.json").memory.stats?["total_inactive_file"] == 0)
    }
}

extension PortBinding {
    fileprivate init(_ address: String, _ port: String) {
        self.init()
        hostIP = address
        hostPort = port
    }
}
