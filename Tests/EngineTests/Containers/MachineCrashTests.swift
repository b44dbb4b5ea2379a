// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import Glibc
import OCI
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

@Suite struct `After a crash of the machine` {
    /// The folders of containers.
    private static func folders(_ tested: TestedEngine) -> Set<String> {
        Set(names(in: tested.engine.location.containers))
    }

    @Test func `nothing is left of a container that removes itself, and all of another`() async throws {
        let made = Mutex<(temporary: String, lasting: String)>(("", ""))
        let empty = String(repeating: "e", count: 64)
        try await TestedEngine.succession(
            .embedded,
            [
                { tested in
                    let temporary = try await tested.create(["true"]) { $0.hostConfig.autoRemove = true }
                    let lasting = try await tested.create(["true"])
                    made.withLock { $0 = (temporary, lasting) }
                    try makeFolder(tested.engine.location.containers + "/" + empty)
                    #expect(Self.folders(tested) == [temporary, lasting, empty])
                    // What did not come to the disk.
                    try tested.engine.store.write(.process) {
                        try $0.removeContainer(temporary)
                        try $0.removeContainer(lasting)
                        try $0.setSetting("boot", to: "another")
                    }
                },
                { tested in
                    #expect(Self.folders(tested) == [made.withLock(\.lasting)])
                },
            ]
        )
    }

    @Test func `a container that removes itself stays where its record did`() async throws {
        let made = Mutex("")
        try await TestedEngine.succession(
            .embedded,
            [
                { tested in
                    let id = try await tested.create(["true"]) { $0.hostConfig.autoRemove = true }
                    made.withLock { $0 = id }
                    try tested.engine.store.write(.process) { try $0.setSetting("boot", to: "another") }
                },
                { tested in
                    let id = made.withLock(\.self)
                    #expect(Self.folders(tested) == [id])
                    let state = try await tested.state(id)
                    #expect(state.status == .created)
                },
            ]
        )
    }

    @Test func `an engine that is started again with the machine up looks at records alone`() async throws {
        let made = Mutex("")
        try await TestedEngine.succession(
            .embedded,
            [
                { tested in
                    let id = try await tested.create(["true"]) { $0.hostConfig.autoRemove = true }
                    made.withLock { $0 = id }
                    try tested.engine.store.write(.process) { try $0.removeContainer(id) }
                },
                { tested in
                    #expect(Self.folders(tested) == [made.withLock(\.self)])
                },
            ]
        )
    }
    @Test(arguments: [false, true])
    func `what was being made is taken back where nobody can have heard of it`(isNewBoot: Bool) async throws {
        let made = Mutex("")
        try await TestedEngine.succession(
            .embedded,
            [
                { tested in
                    let id = try await tested.create(["true"], named: "half")
                    made.withLock { $0 = id }
                    // As an engine leaves it that dies before the container is there.
                    var state = ContainerRecord.State()
                    state.details = Array(try JSONEncoder().encode(ContainerDetails(isBeingMade: true)))
                    try tested.engine.store.write(.process) { [state] in
                        try $0.setState(of: id, to: state)
                        if isNewBoot { try $0.setSetting("boot", to: "another") }
                    }
                },
                { tested in
                    let id = made.withLock(\.self)
                    #expect(Self.folders(tested) == (isNewBoot ? [id] : []))
                    if isNewBoot {
                        let outcome = try await tested.finish(id)
                        #expect(outcome.status == 0)
                    } else {
                        let another = try await tested.create(["true"], named: "half")
                        #expect(another != id)
                    }
                },
            ]
        )
    }
}
