// SPDX-License-Identifier: Apache-2.0

import Glibc
import Store
import TestSupport
import Testing

@Suite struct `Processes` {
    /// What a writer has told of is there, whole, and at most one more.
    @Test(arguments: ["process", "machine"])
    func `that are killed lose nothing they have told of`(lifetime: String) throws {
        var generator = SystemRandomNumberGenerator()
        var total = 0
        for round in 0..<20 {
            let fixture = try Fixture()
            let writer = try Writer(fixture.path, prefix: "a", count: 1_000_000, lifetime: lifetime)
            // From the middle of the creation of the file to some dozens of records.
            var told: [String] = []
            for _ in 0..<(round % 5 == 0 ? 0 : Int.random(in: 1...60, using: &generator)) {
                told.append(try #require(writer.line()))
            }
            writer.kill()
            told += writer.rest()
            #expect(try writer.wait() == SIGKILL)
            let store = try fixture.open()
            let listing = try store.containers()
            #expect(listing.unreadable == [])
            #expect([told.count, told.count + 1].contains(listing.records.count))
            for (number, record) in listing.records.enumerated() {
                #expect(record.id == identifier(number))
                #expect(record.configuration.count == "{\"number\":\(number),\"text\":\"\"}".utf8.count + number % 3000)
            }
            #expect(try store.read { try $0.events() }.records.count == listing.records.count)
            try store.verify()
            total += told.count
        }
        #expect(total > 100)
    }

    /// Each write that has to outlive the machine is synced to the disk; the others are not.
    @Test func `wait for the disk just where a crash would lose what a user has made`() throws {
        var counts: [String: Int] = [:]
        for (lifetime, threads) in [("process", 1), ("machine", 1), ("machine", 8)] {
            let fixture = try Fixture()
            let log = fixture.scratch / "calls"
            let writer = [Binaries.path(of: "store-writer"), fixture.path, "a", "50", lifetime, "\(threads)"]
            // Other calls go on at their usual speed.
            let options = ["--seccomp-bpf", "-f", "-e", "trace=fdatasync", "-o", log]
            let outcome = try Command("strace", options + writer).run()
            #expect(outcome.end == .exit(0), "\(outcome.errors)")
            let calls = try readText(log).split(separator: "\n").count { $0.contains("fdatasync(") }
            counts["\(lifetime) \(threads)"] = calls
        }
        #expect(counts["machine 1", default: 0] >= 50, "\(counts)")
        #expect(counts["process 1", default: 50] < 20, "\(counts)")
        // Those that come while one waits share the next.
        #expect((2..<counts["machine 1", default: 0]).contains(counts["machine 8", default: 0]), "\(counts)")
    }

    @Test func `that come at the same time make one database`() throws {
        for _ in 0..<40 {
            let fixture = try Fixture()
            let writers = try ["a", "b", "c"].map {
                try Writer(fixture.path, prefix: $0, count: 1, lifetime: "process")
            }
            for writer in writers { #expect(try writer.wait() == 0) }
            #expect(try fixture.open().containers().records.count == writers.count)
        }
    }

    @Test func `write side by side`() throws {
        let fixture = try Fixture()
        let writers = try ["a", "b"].map { try Writer(fixture.path, prefix: $0, count: 150, lifetime: "process") }
        for writer in writers {
            #expect(writer.rest() == (0..<150).map(String.init))
            #expect(try writer.wait() == 0)
        }
        let store = try fixture.open()
        #expect(try store.containers().records.count == 300)
        #expect(try store.read { try $0.events() }.records.count == 300)
        try store.verify()
    }

    @Test func `never share a name`() throws {
        let fixture = try Fixture()
        let writers = try ["a=", "b="].map { try Writer(fixture.path, prefix: $0, count: 150, lifetime: "process") }
        let told = writers.map { $0.rest() }
        for writer in writers { #expect(try writer.wait() == 0) }
        let store = try fixture.open()
        for number in 0..<150 {
            let holder = try store.container("name-\(number)").id
            let first = told[0].contains("\(number)")
            #expect(holder == identifier(number, first ? "a" : "b"))
            #expect(told[first ? 1 : 0].contains("taken \(number) \(holder)"))
        }
        #expect(try store.containers().records.count == 150)
    }
}

@Suite struct `Migrations` {
    /// What was released stays as it is; a change is a further one.
    @Test func `are those that were released`() {
        let released: [UInt64] = [
            5_710_503_341_819_768, 9_258_154_218_014_542_213, 2_531_453_889_848_938_968, 10_828_901_080_912_304_087,
            1_582_253_133_619_130_733,
        ]
        #expect(Schema.current.migrations.map(checksum) == released)
    }

    @Test func `lead from each version to the next and keep the records`() throws {
        let fixture = try Fixture()
        try fixture.open().add(container(1))
        var next = Schema.current
        next.migrations.append("CREATE TABLE later (a TEXT) STRICT; INSERT INTO later VALUES ('x')")
        do {
            let store = try Store(path: fixture.path, schema: next)
            #expect(try store.containers().records == [container(1)])
        }
        do { _ = try Store(path: fixture.path, schema: next) }
        #expect(try fixture.sql("SELECT count(*) FROM later") == "1")
        #expect(try fixture.sql("PRAGMA user_version") == String(next.migrations.count))
        #expect(throws: StoreError.self) { try fixture.open() }
    }

    @Test func `that fail leave everything as it was`() throws {
        let fixture = try Fixture()
        try fixture.open().add(container(1))
        var next = Schema.current
        next.migrations.append("CREATE TABLE later (a TEXT) STRICT; INSERT INTO nowhere VALUES (1)")
        #expect(throws: StoreError.self) { try Store(path: fixture.path, schema: next) }
        #expect(try fixture.open().containers().records == [container(1)])
        #expect(try fixture.sql("SELECT count(*) FROM sqlite_schema WHERE name = 'later'") == "0")
    }

    @Test func `are done once by many processes`() throws {
        for _ in 0..<5 {
            let fixture = try Fixture()
            let writers = try ["a", "b", "c", "d"].map {
                try Writer(fixture.path, prefix: $0, count: 1, lifetime: "process")
            }
            for writer in writers {
                #expect(writer.rest() == ["0"])
                #expect(try writer.wait() == 0)
            }
            #expect(try fixture.open().containers().records.count == 4)
        }
    }

    /// FNV-1a.
    private func checksum(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
