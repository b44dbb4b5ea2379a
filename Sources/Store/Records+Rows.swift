// SPDX-License-Identifier: Apache-2.0

import GRDB

extension ContainerRecord: StoredRecord {
    static var table: String { "containers" }
    static var columns: String {
        """
        id, name, created, configuration, json_valid(configuration), phase, started, finished, exit_status, \
        restart_count, process_name, pid, details, details IS NULL OR json_valid(details)
        """
    }

    init(from row: inout RowReader) throws(RowReader.Problem) {
        id = try row.text()
        guard Self.isIdentifier(id) else { throw row.problem("is no identifier of 64 hexadecimal digits") }
        name = try row.text()
        created = try row.time()
        configuration = try row.bytes()
        try row.check("configuration")
        let word = try row.text()
        guard let phase = State.Phase(rawValue: word) else { throw row.problem("is `\(word.prefix(32))`, no state") }
        state = State(phase: phase)
        state.started = try row.optionalTime()
        state.finished = try row.optionalTime()
        state.exitStatus = try row.optionalInteger(Int32.self)
        state.restartCount = try row.integer(Int.self)
        state.processName = try row.optionalText()
        state.pid = try row.optionalInteger(Int32.self)
        state.details = try row.optionalText().map { Array($0.utf8) }
        try row.check("details")
    }

    /// Whether a text has the form of an identifier.
    static func isIdentifier(_ text: String) -> Bool {
        text.utf8.count == 64 && isIdentifierPrefix(text)
    }

    /// Whether a text could be the start of an identifier.
    static func isIdentifierPrefix(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

extension ExecRecord: StoredRecord {
    static var table: String { "execs" }
    static var columns: String {
        "id, container, created, configuration, json_valid(configuration), process_name, pid, exit_status"
    }

    init(from row: inout RowReader) throws(RowReader.Problem) {
        id = try row.text()
        guard ContainerRecord.isIdentifier(id) else {
            throw row.problem("is no identifier of 64 hexadecimal digits")
        }
        container = try row.text()
        created = try row.time()
        configuration = try row.bytes()
        try row.check("configuration")
        processName = try row.optionalText()
        pid = try row.optionalInteger(Int32.self)
        exitStatus = try row.optionalInteger(Int32.self)
    }
}

extension VolumeRecord: StoredRecord {
    static var table: String { "volumes" }
    static var columns: String { "name, created, configuration, json_valid(configuration), phase" }

    init(from row: inout RowReader) throws(RowReader.Problem) {
        name = try row.text()
        created = try row.time()
        configuration = try row.bytes()
        try row.check("configuration")
        let word = try row.text()
        guard let phase = Phase(rawValue: word) else { throw row.problem("is `\(word.prefix(32))`, no state") }
        self.phase = phase
    }
}

extension NetworkRecord: StoredRecord {
    static var table: String { "networks" }
    static var columns: String { "id, name, created, configuration, json_valid(configuration), is_removing" }

    init(from row: inout RowReader) throws(RowReader.Problem) {
        id = try row.text()
        guard ContainerRecord.isIdentifier(id) else {
            throw row.problem("is no identifier of 64 hexadecimal digits")
        }
        name = try row.text()
        created = try row.time()
        configuration = try row.bytes()
        try row.check("configuration")
        isRemoving = try row.integer(Int.self) == 1
    }
}

extension ProjectRecord: StoredRecord {
    static var table: String { "projects" }
    static var columns: String { "name, changed, definition, json_valid(definition)" }

    init(from row: inout RowReader) throws(RowReader.Problem) {
        name = try row.text()
        changed = try row.time()
        definition = try row.bytes()
        try row.check("definition")
    }
}

extension EventRecord: StoredRecord {
    static var table: String { "events" }
    static var columns: String { "number, time, body, json_valid(body)" }

    init(from row: inout RowReader) throws(RowReader.Problem) {
        _ = try row.integer(Int64.self)
        time = try row.time()
        body = try row.bytes()
        try row.check("body")
    }
}
