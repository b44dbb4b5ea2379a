// SPDX-License-Identifier: Apache-2.0

import Glibc
import Store
import TestSupport
import Testing

@Suite struct `Records` {
    @Test func `come back as they were written, also after reopening`() throws {
        let fixture = try Fixture()
        var first = container(1)
        first.state = ContainerRecord.State(
            phase: .exited,
            started: UnixTime(nanoseconds: 1),
            finished: UnixTime(nanoseconds: .max),
            exitStatus: -1,
            restartCount: 7,
            processName: "k-1",
            pid: 4_194_304,
            details: Array("[1]".utf8)
        )
        let second = ContainerRecord(
            id: identifier(2),
            name: "ünïcode \"'; DROP TABLE containers; --",
            created: UnixTime(nanoseconds: .min),
            configuration: Array("{\"a\":\"\\u0000 \u{1F433}\"}".utf8)
        )
        do {
            let store = try fixture.open()
            try store.add(first)
            try store.add(second)
        }
        let store = try fixture.open()
        #expect(try store.containers() == Listing(records: [second, first], unreadable: []))
        try store.verify()
        var status = stat()
        #expect(stat(fixture.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func `change in parts`() throws {
        let store = try Fixture().open()
        try store.add(container(1))
        let state = ContainerRecord.State(phase: .running, started: UnixTime(nanoseconds: 5), pid: 9)
        try store.write(.process) {
            try $0.setState(of: identifier(1), to: state)
            try $0.setConfiguration(of: identifier(1), to: Array("[]".utf8))
            try $0.rename(identifier(1), to: "other")
            #expect(try $0.reader.container("other").state == state)
        }
        let found = try store.container("other")
        #expect(found.state == state)
        #expect(found.configuration == Array("[]".utf8))
        #expect(throws: StoreError.self) { try store.container("container-1") }
        try store.write(.machine) { try $0.removeContainer(found.id) }
        #expect(try store.containers().records == [])
        for change in [
            { try $0.rename(identifier(1), to: "x") }, { try $0.setState(of: identifier(1), to: state) },
            { try $0.setConfiguration(of: identifier(1), to: []) }, { try $0.removeContainer(identifier(1)) },
        ] as [(StoreWriter) throws -> Void] {
            let error = #expect(throws: StoreError.self) { try store.write(.process, change) }
            #expect(error?.code == .notFound)
        }
    }

    @Test func `are written all or not at all`() throws {
        let store = try Fixture().open()
        try store.add(container(1))
        let error = #expect(throws: StoreError.self) {
            try store.write(.machine) {
                try $0.add(container(2))
                try $0.setSetting("a", to: "b")
                try $0.add(container(3, name: "container-1"))
            }
        }
        #expect(error?.code == .taken(holder: identifier(1)))
        #expect(try store.containers().records.map(\.id) == [identifier(1)])
        #expect(try store.read { try $0.setting("a") } == nil)
    }

    @Test func `have names of their own`() throws {
        let store = try Fixture().open()
        try store.add(container(1, name: "web"))
        try store.add(container(2, name: "db"))
        for change in [
            { try $0.add(container(3, name: "web")) }, { try $0.rename(identifier(2), to: "web") },
        ] as [(StoreWriter) throws -> Void] {
            let error = #expect(throws: StoreError.self) { try store.write(.machine, change) }
            #expect(error?.code == .taken(holder: identifier(1)))
            #expect(error?.message.contains(identifier(1)) == true)
        }
        let error = #expect(throws: StoreError.self) { try store.add(container(1, name: "new")) }
        #expect(error?.code == .taken(holder: identifier(1)))
        try store.write(.machine) {
            try $0.rename(identifier(1), to: "web")
            try $0.rename(identifier(1), to: "old")
            try $0.rename(identifier(2), to: "web")
        }
        #expect(try store.container("/web").id == identifier(2))
    }

    @Test func `are found by identifier, name and prefix`() throws {
        let store = try Fixture().open()
        try store.add(container(1, name: "one", "a"))
        try store.add(container(2, name: "two", "a"))
        try store.add(container(3, name: "a0", "f"))
        try store.add(container(4, name: identifier(1, "a"), "b"))
        for (reference, id) in [
            ("one", identifier(1, "a")), ("/two", identifier(2, "a")), ("f", identifier(3, "f")),
            ("a0", identifier(3, "f")), (identifier(1, "a"), identifier(1, "a")), ("b0", identifier(4, "b")),
        ] {
            #expect(try store.container(reference).id == id, "\(reference)")
        }
        let several = #expect(throws: StoreError.self) { try store.container("a00") }
        #expect(several?.code == .ambiguous)
        for reference in ["", "/", "zzz", "c", "A", "%", "a%", "' OR 1=1 --", identifier(1, "a") + "0"] {
            let error = #expect(throws: StoreError.self) { try store.container(reference) }
            #expect(error?.code == .notFound, "\(reference)")
        }
    }

    @Test(arguments: ["", "{", "{\"a\":1", "\u{0}", "{}\u{0}", "{}\u{0}{}", "nul"])
    func `without JSON are refused`(text: String) throws {
        let store = try Fixture().open()
        var wrong = container(1)
        wrong.configuration = Array(text.utf8)
        let error = #expect(throws: StoreError.self) { try store.add(wrong) }
        #expect(error?.code == .invalid)
        wrong = container(1)
        wrong.state.details = Array(text.utf8)
        #expect(throws: StoreError.self) { try store.add(wrong) }
        #expect(throws: StoreError.self) {
            try store.write(.process) { try $0.append(EventRecord(time: wrong.created, body: Array(text.utf8))) }
        }
        wrong.configuration = [0x22, 0xFF, 0x22]
        #expect(throws: StoreError.self) { try store.add(wrong) }
        #expect(try store.containers().records == [])
    }

    @Test(arguments: ["", "a", String(repeating: "A", count: 64), String(repeating: "/", count: 64)])
    func `without an identifier are refused`(id: String) throws {
        let store = try Fixture().open()
        var wrong = container(1)
        wrong.id = id
        let error = #expect(throws: StoreError.self) { try store.add(wrong) }
        #expect(error?.code == .invalid)
    }

    @Test func `of volumes are kept by name`() throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var volume = VolumeRecord(name: "b", created: UnixTime(nanoseconds: 5), configuration: Array("{\"a\":1}".utf8))
        try store.write(.machine) { try $0.add(volume) }
        try store.write(.process) {
            try $0.add(VolumeRecord(name: "a", created: UnixTime(nanoseconds: 6), configuration: Array("{}".utf8)))
        }
        let taken = #expect(throws: StoreError.self) { try store.write(.process) { try $0.add(volume) } }
        #expect(taken?.code == .taken(holder: "b"))
        try store.write(.process) { try $0.setPhase(ofVolume: "b", to: .removing) }
        volume.phase = .removing
        #expect(try fixture.open().read { try $0.volume("b") } == volume)
        #expect(try store.read { try $0.volumes() }.records.map(\.name) == ["a", "b"])
        try store.write(.process) { try $0.removeVolume("b") }
        let missing = #expect(throws: StoreError.self) { try store.write(.process) { try $0.removeVolume("b") } }
        #expect(missing?.code == .notFound)
        volume.configuration = Array("{".utf8)
        let invalid = #expect(throws: StoreError.self) { try store.write(.process) { try $0.add(volume) } }
        #expect(invalid?.code == .invalid)
    }

    @Test func `of execs go with their container`() throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try store.add(container(1))
        var exec = ExecRecord(
            id: identifier(1, "e"),
            container: identifier(1),
            created: UnixTime(nanoseconds: 3),
            configuration: Array("{}".utf8)
        )
        try store.write(.process) { try $0.put(exec) }
        exec.exitStatus = 137
        exec.processName = "k"
        exec.pid = 12
        try store.write(.process) { try $0.put(exec) }
        #expect(try fixture.open().read { try $0.exec(exec.id) } == exec)
        #expect(try store.read { try $0.execs(of: identifier(1)) }.records == [exec])
        #expect(try store.read { try $0.execs() }.records == [exec])
        #expect(try store.read { try $0.execs(of: identifier(2)) }.records == [])
        var lost = exec
        lost.container = identifier(9)
        #expect(throws: StoreError.self) { try store.write(.process) { try $0.put(lost) } }
        try store.write(.machine) { try $0.removeContainer(identifier(1)) }
        let error = #expect(throws: StoreError.self) { try store.read { try $0.exec(exec.id) } }
        #expect(error?.code == .notFound)
    }

    @Test func `of events are the last ones`() throws {
        let fixture = try Fixture()
        let store = try fixture.open(eventLimit: 10)
        func event(_ number: Int) -> EventRecord {
            EventRecord(time: UnixTime(nanoseconds: Int64(number * 100)), body: Array("{\"n\":\(number)}".utf8))
        }
        for number in 0..<25 { try store.write(.process) { try $0.append(event(number)) } }
        #expect(try store.read { try $0.events() }.records == (15..<25).map(event))
        let chosen = try store.read {
            try $0.events(since: UnixTime(nanoseconds: 1700), until: UnixTime(nanoseconds: 1900))
        }
        #expect(chosen.records == (17...19).map(event))
        #expect(try store.read { try $0.events(since: UnixTime(nanoseconds: 2401)) }.records == [])
        // A smaller limit holds from the next event on.
        let other = try fixture.open(eventLimit: 2)
        try other.write(.process) { try $0.append(event(25)) }
        #expect(try store.read { try $0.events() }.records == [event(24), event(25)])
    }

    @Test func `of settings are replaced and removed`() throws {
        let fixture = try Fixture()
        try fixture.open().write(.machine) {
            try $0.setSetting("a", to: "1")
            try $0.setSetting("a", to: "2")
            try $0.setSetting("b", to: "")
        }
        let store = try fixture.open()
        #expect(try store.read { [try $0.setting("a"), try $0.setting("b"), try $0.setting("c")] } == ["2", "", nil])
        try store.write(.machine) { try $0.setSetting("a", to: nil) }
        #expect(try store.read { try $0.setting("a") } == nil)
        #expect(throws: StoreError.self) { try store.write(.machine) { try $0.setSetting("a", to: "x\u{0}y") } }
    }

    @Test func `may be written on many threads at once`() async throws {
        let store = try Fixture().open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    for number in 0..<25 {
                        try store.add(container(thread * 25 + number))
                        _ = try store.containers()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.containers().records.count == 200)
    }

    @Test func `are listed fast`() throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let filler = String(repeating: "x", count: 4000)
        try store.write(.machine) {
            for number in 0..<10_000 {
                var record = container(number)
                record.configuration = Array("{\"Image\":\"\(filler)\"}".utf8)
                try $0.add(record)
            }
        }
        let clock = ContinuousClock()
        var count = 0
        let listing = try clock.measure { count = try store.containers().records.count }
        let lookup = try clock.measure { _ = try store.container("container-9999") }
        let opening = try clock.measure { _ = try fixture.open() }
        #expect(count == 10_000)
        print("10000 containers with 4 kB each: listed in \(listing), one found in \(lookup), opened in \(opening)")
    }
}
