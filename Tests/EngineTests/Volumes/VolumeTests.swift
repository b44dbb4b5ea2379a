// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import Store
import TestSupport
import Testing

@testable import Engine

extension TestedEngine {
    /// The volumes' names by a filter.
    func volumeNames(_ filters: [String: Set<String>] = [:]) async throws -> [String] {
        try await engine.listVolumes(Filters(filters)).volumes.map(\.name)
    }

    /// Makes a volume with a name.
    @discardableResult
    func createVolume(_ name: String, _ change: (inout VolumeCreateRequest) -> Void = { _ in }) async throws -> Volume {
        var request = VolumeCreateRequest()
        request.name = name
        change(&request)
        return try await engine.createVolume(request)
    }

    /// What a container of a shell script writes; the container is gone then.
    func output(of script: String, binds: [String]) async throws -> String {
        let id = try await create(["sh", "-c", script]) { $0.hostConfig.binds = binds }
        return try await finishAndRemove(id)
    }

    /// What a container writes that is removed at its end, with its volumes without a name.
    func finishAndRemove(_ id: String) async throws -> String {
        let result = try await finish(id)
        try await engine.removeContainer(id, force: true, volumes: true)
        return result.output + result.errors
    }

    /// What happened to a volume, up to an action.
    func actions(ofVolume name: String, until last: String) async throws -> [String] {
        var actions: [String] = []
        let filters = Filters(["volume": [name]])
        for try await event in try await engine.events(since: Timestamp(seconds: 1), until: nil, filters) {
            actions.append(event.action)
            if event.action == last { break }
        }
        return actions
    }
}

/// The error that an operation of the engine throws; nil where it throws none.
func failure(of body: () async throws -> Void) async -> EngineError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? EngineError
    }
}

@Suite struct `Volumes` {
    @Test(arguments: EngineKind.allCases) func `outlive their containers`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { host in
            #expect(try await host.output(of: "echo kept > /d/file", binds: ["data:/d"]) == "")
            #expect(try await host.output(of: "cat /e/file", binds: ["data:/e:ro"]) == "kept\n")
            let volume = try await host.engine.inspectVolume("data")
            #expect(volume.mountpoint == host.scratch / "volumes/data/_data" && volume.driver == "local")
            #expect(try readText(volume.mountpoint + "/file") == "kept\n")
            let refused = try await host.output(of: "echo x > /d/file", binds: ["data:/d:ro"])
            #expect(refused.contains("Read-only file system"))
            try await host.engine.removeVolume("data", force: false)
            #expect(try await host.volumeNames() == [])
            #expect(!isFolder(host.scratch / "volumes/data"))
            let actions = try await host.actions(ofVolume: "data", until: "destroy")
            let run = ["mount", "unmount"]
            #expect(actions == ["create"] + run + run + run + ["destroy"])
        }
    }

    @Test func `are made once by name`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let first = try await host.createVolume("a") { $0.labels = ["tier": "db"] }
            #expect(first.labels == ["tier": "db"] && first.options == nil && first.scope == "local")
            #expect(try await host.createVolume("a") == first)
            let tmpfs = ["type": "tmpfs", "device": "tmpfs"]
            let error = await failure { try await host.createVolume("a") { $0.options = tmpfs } }
            #expect(
                error?.code == .conflict && error?.message.hasPrefix("create a: conflict: volume name must be") == true
            )
            let unnamed = try await host.createVolume("")
            #expect(unnamed.name.utf8.count == 64 && unnamed.labels == [Volume.anonymousLabel: ""])
            #expect(try await host.volumeNames(["label": ["tier=db"]]) == ["a"])
            #expect(try await host.volumeNames(["name": ["^a$"]]) == ["a"])
            #expect(try await host.volumeNames(["driver": ["other"]]) == [])
            #expect(try await host.volumeNames(["dangling": ["true"]]).count == 2)
            #expect(await failure { _ = try await host.volumeNames(["nonsense": ["x"]]) }?.code == .badParameter)
            #expect(await failure { _ = try await host.engine.inspectVolume("b") }?.message == "get b: no such volume")
            #expect(await failure { try await host.engine.removeVolume("b", force: false) }?.code == .notFound)
            try await host.engine.removeVolume("b", force: true)
        }
    }

    @Test(arguments: ["-a", ".a", "_a", "a/b", "../a", "..", "/a", "a b", "ä", String(repeating: "a", count: 256)])
    func `have no names that are paths`(name: String) async throws {
        try await TestedEngine.with(.embedded) { host in
            let error = await failure { try await host.createVolume(name) }
            #expect(error?.code == .badParameter && error?.message.hasPrefix("create ") == true)
            #expect(names(in: host.scratch / "volumes") == [])
        }
    }

    @Test func `that are used cannot be removed`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let id = try await host.create(["true"]) { $0.hostConfig.binds = ["data:/d"] }
            let error = await failure { try await host.engine.removeVolume("data", force: true) }
            #expect(error == EngineError(.conflict, "remove data: volume is in use - [\(id)]"))
            #expect(try await host.volumeNames(["dangling": ["true"]]) == [])
            #expect(try await host.engine.pruneVolumes(Filters(["all": ["true"]])).volumesDeleted == nil)
            try await host.engine.removeContainer(id, force: false, volumes: true)
            #expect(try await host.volumeNames(["dangling": ["true"]]) == ["data"])
            try await host.engine.removeVolume("data", force: false)
        }
    }

    @Test(arguments: EngineKind.allCases) func `without a name go with their container where asked`(
        kind: EngineKind
    ) async throws {
        try await TestedEngine.with(kind) { host in
            func create(_ change: (inout ContainerCreateRequest) -> Void = { _ in }) async throws -> String {
                try await host.create(["true"]) {
                    $0.config.volumes = ["/v": EmptyObject()]
                    $0.hostConfig.binds = ["named:/n", "/w"]
                    change(&$0)
                }
            }
            let kept = try await create()
            let mounts = try await host.engine.inspectContainer(kept, countsSizes: false).mounts
            #expect(
                mounts.map(\.type) == ["volume", "volume", "volume"]
                    && mounts.map(\.driver).allSatisfy { $0 == "local" }
            )
            #expect(mounts.map(\.destination).sorted() == ["/n", "/v", "/w"])
            #expect(try await host.volumeNames().count == 3)
            try await host.engine.removeContainer(kept, force: false, volumes: false)
            #expect(try await host.volumeNames().count == 3)
            let removed = try await create()
            #expect(try await host.volumeNames().count == 5)
            try await host.engine.removeContainer(removed, force: false, volumes: true)
            #expect(try await host.volumeNames().count == 3)
            let own = try await create { $0.hostConfig.autoRemove = true }
            let removal = try await host.engine.waitForContainer(own, .removed)
            _ = try await host.finish(own)
            _ = try await removal()
            #expect(try await host.volumeNames().count == 3)
            let pruned = try await host.engine.pruneVolumes(Filters())
            #expect(pruned.volumesDeleted?.count == 2)
            #expect(try await host.volumeNames() == ["named"])
            #expect(try await host.engine.pruneVolumes(Filters(["all": ["1"]])).volumesDeleted == ["named"])
            #expect(names(in: host.scratch / "volumes") == [])
        }
    }

    @Test func `come from other containers`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let source = try await host.create(["true"], named: "source") {
                $0.config.volumes = ["/v": EmptyObject()]
                $0.hostConfig.binds = ["named:/n"]
                $0.hostConfig.tmpfs = ["/t": ""]
            }
            _ = try await host.run(["sh", "-c", "echo one > /v/file; echo two > /n/file"]) {
                $0.hostConfig.volumesFrom = ["source"]
            }
            let script = "cat /v/file /n/file; echo x > /v/file; ls -d /t"
            let result = try await host.run(["sh", "-c", script]) {
                $0.hostConfig.volumesFrom = ["source:ro"]
                $0.hostConfig.binds = ["other:/n"]
            }
            #expect(result.output == "one\n")
            #expect(result.errors.contains("can't open '/n/file'") && result.errors.contains("Read-only file system"))
            #expect(result.errors.contains("/t: No such file"))
            let error = await failure { _ = try await host.create(["true"]) { $0.hostConfig.volumesFrom = ["none"] } }
            #expect(error?.code == .badParameter && error?.message.contains("No such container: none") == true)
            // Others still have its volume.
            try await host.engine.removeContainer(source, force: false, volumes: true)
            #expect(try await host.volumeNames().count == 3)
        }
    }

    @Test(arguments: EngineKind.allCases) func `are there after a restart of the engine`(kind: EngineKind) async throws
    {
        try await TestedEngine.succession(
            kind,
            [
                { host in
                    try await host.createVolume("a") { $0.labels = ["x": "y"] }
                    _ = try await host.output(of: "echo kept > /d/file", binds: ["b:/d"])
                    _ = try await host.create(["true"], named: "user") { $0.hostConfig.binds = ["b:/d"] }
                    // An engine that died between the record and the folder, and one that died over a removal.
                    try host.engine.store.write(.machine) { writer in
                        for name in ["half", "gone"] {
                            let record = VolumeRecord(
                                name: name,
                                created: .init(nanoseconds: 1),
                                configuration: Array("{}".utf8)
                            )
                            try writer.add(record)
                        }
                        try writer.setPhase(ofVolume: "gone", to: .removing)
                    }
                    try host.scratch.write("volumes/gone/_data/file", "x")
                },
                { host in
                    let found = try await host.volumeNames()
                    #expect(found == ["a", "b", "half"])
                    #expect(try await host.engine.inspectVolume("a").labels == ["x": "y"])
                    #expect(names(in: host.scratch / "volumes").sorted() == ["a", "b", "half"])
                    let error = await failure { try await host.engine.removeVolume("b", force: false) }
                    #expect(error?.code == .conflict)
                    #expect(try await host.output(of: "cat /d/file; ls /h", binds: ["b:/d", "half:/h"]) == "kept\n")
                },
            ]
        )
    }

    @Test func `whose records cannot be read stay as they are`() async throws {
        try await TestedEngine.succession(
            .embedded,
            [
                { host in
                    for name in ["v", "w"] {
                        _ = try await host.output(of: "echo kept > /d/file", binds: ["\(name):/d"])
                    }
                    let database = host.scratch / "wharf.db"
                    let sql = "UPDATE volumes SET phase = 'nonsense' WHERE name = 'v'"
                    let script =
                        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
                    let outcome = try await BlockingCall.run {
                        try Command("/usr/bin/python3", ["-c", script, database, sql]).run()
                    }
                    #expect(outcome.end == .exit(0), "\(outcome.errors)")
                },
                { host in
                    let found = try await host.volumeNames()
                    #expect(found == ["w"])
                    let error = await failure { _ = try await host.output(of: "true", binds: ["v:/d"]) }
                    let reason = "cannot make the volume v: the record v in the table volumes cannot be read"
                    #expect(error?.message.hasPrefix(reason) == true)
                    #expect(try await host.engine.pruneVolumes(Filters(["all": ["true"]])).volumesDeleted == ["w"])
                    #expect(try readText(host.scratch / "volumes/v/_data/file") == "kept\n")
                },
            ]
        )
    }

    @Test func `are made once by all who ask at a time`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await host.create(["true"]) { $0.hostConfig.binds = ["v:/bin"] } }
                }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(try await host.volumeNames() == ["v"])
            #expect(names(in: host.scratch / "volumes/v/_data").contains("busybox"))
            let error = await failure { try await host.engine.removeVolume("v", force: false) }
            #expect(error?.message == "remove v: volume is in use - [\(ids.sorted().joined(separator: ", "))]")
            var query = ContainerListQuery()
            (query.showsAll, query.filters) = (true, Filters(["volume": ["v"]]))
            let found = try await host.engine.listContainers(query)
            #expect(found.map(\.id).sorted() == ids.sorted())
        }
    }
}
