// SPDX-License-Identifier: Apache-2.0

import Glibc
import Store
import TestSupport
import Testing

@Suite struct `A record that cannot be read` {
    /// Statements that make the container 2 unreadable, and the column that is then named.
    static let damages: [(sql: String, column: String)] = [
        ("UPDATE containers SET phase = 'dancing' WHERE id = '\(identifier(2))'", "phase"),
        ("UPDATE containers SET configuration = '{' WHERE id = '\(identifier(2))'", "configuration"),
        ("UPDATE containers SET details = 'x' WHERE id = '\(identifier(2))'", "details"),
        ("UPDATE containers SET pid = 99999999999 WHERE id = '\(identifier(2))'", "pid"),
        ("\(loosened) UPDATE containers SET created = 'soon' WHERE id = '\(identifier(2))'", "created"),
        ("\(loosened) UPDATE containers SET configuration = x'7B7D' WHERE id = '\(identifier(2))'", "configuration"),
        ("\(loosened) UPDATE containers SET restart_count = 1.5 WHERE id = '\(identifier(2))'", "restart_count"),
        ("\(loosened) UPDATE containers SET name = x'00' WHERE id = '\(identifier(2))'", "name"),
    ]

    /// Lets columns hold values of any type.
    private static let loosened = """
        PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'containers';
        PRAGMA writable_schema = RESET;
        """

    @Test(arguments: damages)
    func `is reported and left alone`(sql: String, column: String) throws {
        let fixture = try Fixture()
        for number in 1...3 { try fixture.open().add(container(number)) }
        try fixture.sql(sql)
        let dump = try fixture.sql("SELECT quote(name), * FROM containers")
        let store = try fixture.open()
        let listing = try store.containers()
        #expect(listing.records.map(\.id) == [identifier(1), identifier(3)])
        #expect(listing.unreadable.map(\.key) == [identifier(2)])
        #expect(listing.unreadable.first?.reason.contains(column) == true, "\(listing.unreadable)")
        for change in [
            { _ = try $0.reader.container(identifier(2)) }, { try $0.rename(identifier(2), to: "x") },
            { try $0.setState(of: identifier(2), to: ContainerRecord.State()) },
            { try $0.setConfiguration(of: identifier(2), to: Array("{}".utf8)) },
            { try $0.removeContainer(identifier(2)) },
        ] as [(StoreWriter) throws -> Void] {
            let error = #expect(throws: StoreError.self) { try store.write(.machine, change) }
            #expect(error?.code == .unreadableRecord)
            #expect(error?.message.contains(column) == true)
        }
        #expect(try fixture.sql("SELECT quote(name), * FROM containers") == dump)
    }

    @Test func `of a volume leaves its record as it is`() throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let volume = VolumeRecord(name: "v", created: UnixTime(nanoseconds: 1), configuration: Array("{}".utf8))
        try store.write(.process) { try $0.add(volume) }
        try fixture.sql("UPDATE volumes SET phase = 'nonsense'")
        #expect(try store.read { try $0.volumes() }.unreadable.map(\.key) == ["v"])
        let changes: [(StoreWriter) throws -> Void] = [
            { try $0.removeVolume("v") }, { try $0.setPhase(ofVolume: "v", to: .used) }, { try $0.add(volume) },
        ]
        for change in changes {
            #expect(throws: StoreError.self) { try store.write(.process) { try change($0) } }
        }
        #expect(try fixture.sql("SELECT phase FROM volumes") == "nonsense")
    }

    @Test func `among events and execs is reported, too`() throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try store.add(container(1))
        let exec = ExecRecord(
            id: identifier(1, "e"),
            container: identifier(1),
            created: UnixTime(nanoseconds: 3),
            configuration: Array("{}".utf8)
        )
        try store.write(.machine) {
            try $0.put(exec)
            for number in 0..<3 {
                try $0.append(EventRecord(time: UnixTime(nanoseconds: Int64(number)), body: Array("{}".utf8)))
            }
        }
        try fixture.sql("UPDATE events SET body = '{' WHERE number = 2; UPDATE execs SET configuration = ''")
        let events = try store.read { try $0.events() }
        #expect(events.records.count == 2)
        #expect(events.unreadable.map(\.key) == ["2"])
        #expect(try store.read { try $0.execs() }.unreadable.map(\.key) == [exec.id])
        for change in [
            { try $0.put(exec) }, { try $0.removeExec(exec.id) }, { try $0.removeContainer(identifier(1)) },
        ] as [(StoreWriter) throws -> Void] {
            let error = #expect(throws: StoreError.self) { try store.write(.machine, change) }
            #expect(error?.code == .unreadableRecord)
        }
        #expect(try fixture.sql("SELECT count(*) FROM execs") == "1")
    }
}

@Suite struct `A file that cannot be used` {
    @Test func `is told when it is newer, and unchanged`() throws {
        let fixture = try Fixture()
        try fixture.open().add(container(1))
        try fixture.sql("PRAGMA user_version = 99; ALTER TABLE containers ADD COLUMN more TEXT")
        let before = try fixture.bytes()
        let error = #expect(throws: StoreError.self) { try fixture.open() }
        #expect(error?.code == .foreignFile)
        #expect(error?.message.contains(fixture.path) == true)
        #expect(error?.message.contains("version 99") == true)
        #expect(try fixture.bytes() == before)
    }

    @Test func `is told when it is of another program, and unchanged`() throws {
        let fixture = try Fixture()
        try fixture.sql("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        let before = try fixture.bytes()
        let error = #expect(throws: StoreError.self) { try fixture.open() }
        #expect(error?.code == .foreignFile)
        #expect(try fixture.bytes() == before)
    }

    @Test(arguments: [1, 100, 4096, 100_000])
    func `is told when it is no database, and unchanged`(count: Int) throws {
        let fixture = try Fixture()
        let before = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 + 1) }
        try fixture.scratch.write("wharf.db", bytes: before)
        let error = #expect(throws: StoreError.self) { try fixture.open() }
        #expect(error?.code == .damagedFile)
        #expect(error?.message.contains(fixture.path) == true)
        #expect(error?.message.contains(".recover") == true)
        #expect(try fixture.bytes() == before)
    }

    @Test func `is told when pages are damaged, and no page is written`() throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try store.write(.machine) { for number in 0..<500 { try $0.add(container(number)) } }
        }
        let intact = try fixture.bytes()
        #expect(intact.count > 20 * 4096)
        var errors = 0
        for page in 1..<(intact.count / 4096) {
            var bytes = intact
            for offset in 0..<4096 { bytes[page * 4096 + offset] = UInt8(truncatingIfNeeded: offset &* 31 + 0x5A) }
            try fixture.scratch.write("wharf.db", bytes: bytes)
            do {
                let store = try fixture.open()
                _ = try store.containers()
                _ = try store.container("container-250")
                try store.verify()
                Issue.record("damage of page \(page) is not seen")
            } catch let error as StoreError {
                errors += 1
                #expect(error.code == .damagedFile, "page \(page): \(error)")
                #expect(error.message.contains(fixture.path))
            }
            #expect(try fixture.bytes() == bytes)
        }
        #expect(errors == intact.count / 4096 - 1)
    }

    @Test func `is told when it is cut off`() throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try store.write(.machine) { for number in 0..<500 { try $0.add(container(number)) } }
        }
        let bytes = try Array(fixture.bytes().dropLast(5 * 4096))
        try fixture.scratch.write("wharf.db", bytes: bytes)
        let error = #expect(throws: StoreError.self) {
            let store = try fixture.open()
            _ = try store.containers()
            try store.verify()
        }
        #expect(error?.code == .damagedFile)
        #expect(try fixture.bytes() == bytes)
    }

    @Test func `is told when there is no folder or another file is there`() throws {
        let scratch = try Scratch()
        try makeFolder(scratch / "folder")
        try scratch.link("link", to: scratch / "target")
        for path in [scratch / "none/wharf.db", scratch / "folder"] {
            let error = #expect(throws: StoreError.self) { try Store(path: path) }
            #expect(error?.code == .inaccessible, "\(path)")
            #expect(error?.message.contains(path) == true)
        }
        #expect(throws: StoreError.self) { try Store(path: scratch / "link") }
        #expect(!names(in: scratch.path).contains("target"))
    }

    @Test func `is told when nothing can be written`() throws {
        let disk = try SmallDisk(kibibytes: 4096)
        let path = disk.scratch / "wharf.db"
        do { try Store(path: path).add(container(1)) }
        try disk.makeReadOnly()
        for path in [path, disk.scratch / "new.db"] {
            let error = #expect(throws: StoreError.self) {
                let store = try Store(path: path)
                try store.add(container(2))
            }
            #expect(error?.code == .inaccessible, "\(String(describing: error))")
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test func `is told when the disk is full, and goes on when there is room`() throws {
        let disk = try SmallDisk(kibibytes: 1024)
        let path = disk.scratch / "wharf.db"
        let store = try Store(path: path)
        try disk.scratch.write("ballast", bytes: [UInt8](repeating: 1, count: 200 * 1024))
        var acknowledged: [String] = []
        let error = #expect(throws: StoreError.self) {
            for number in 0..<2000 {
                var record = container(number)
                record.configuration = Array("\"\(String(repeating: "x", count: 3000))\"".utf8)
                try store.add(record)
                acknowledged.append(record.id)
            }
        }
        #expect(error?.code == .diskFull, "\(String(describing: error))")
        #expect(acknowledged.count > 10)
        #expect(try store.containers().records.map(\.id) == acknowledged)
        unlink(disk.scratch / "ballast")
        try store.add(container(9999))
        #expect(try Store(path: path).containers().records.map(\.id) == acknowledged + [identifier(9999)])
        try store.verify()
    }
}
