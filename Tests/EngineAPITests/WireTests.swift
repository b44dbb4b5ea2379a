// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import Testing

@Suite struct `Timestamps` {
    @Test(arguments: [
        ("2026-11-23T16:08:09.298323772Z", "2026-11-23T16:08:09.298323772Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.9Z"),
        ("2024-02-29T23:30:00.120-01:30", "2024-03-01T01:00:00.12Z"),
        ("2000-03-01t00:00:00+00:00", "2000-03-01T00:00:00Z"),
        ("1969-12-31T23:59:59.000000001Z", "1969-12-31T23:59:59.000000001Z"),
        ("1600-02-29T00:00:00Z", "1600-02-29T00:00:00Z"),
    ])
    func `are read and written`(text: String, canonical: String) throws {
        #expect(try #require(Timestamp(text)).description == canonical)
    }

    @Test(arguments: [
        "", "2026", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00Zx",
        "2026-1-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "+026-01-01T00:00:00Z",
    ])
    func `that are none are refused`(text: String) {
        #expect(Timestamp(text) == nil)
        #expect(throws: DecodingError.self) { try decode([Timestamp].self, "[\"\(text)\"]") }
    }

    @Test(arguments: [
        ("1795450089", 1_795_450_089_000_000_000), ("1795450089.5", 1_795_450_089_500_000_000),
        ("1795450089.000000001", 1_795_450_089_000_000_001), ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("-1", -1_000_000_000),
    ])
    func `of queries have three forms`(text: String, nanoseconds: Int64) throws {
        let instant = try #require(Timestamp(query: text))
        #expect(instant.unixNanoseconds == nanoseconds)
        #expect(Timestamp(unixNanoseconds: nanoseconds) == instant)
    }

    @Test(arguments: ["", "x", "1.", "1.x", "1.1234567890", "1e9", "99999999999999999999"])
    func `of queries that are none are refused`(text: String) {
        #expect(Timestamp(query: text) == nil)
    }

    @Test func `every day has its date`() {
        // From 1600 to 2400: a cycle of the calendar, and its neighbours.
        var previous = ""
        for day in Int64(-135_140)...157_054 {
            let text = Timestamp(seconds: day * 86_400).description
            if Timestamp(text)?.seconds != day * 86_400 || text <= previous {
                Issue.record("\(text) after \(previous)")
                break
            }
            previous = text
        }
        #expect(previous == "2400-01-01T00:00:00Z")
    }

    @Test(arguments: [Int64.min, -1, 0, 1, .max])
    func `survive the ends of the range`(nanoseconds: Int64) {
        #expect(Timestamp(unixNanoseconds: nanoseconds).unixNanoseconds == nanoseconds)
        #expect(Timestamp.never.unixNanoseconds == .min)
        #expect(Timestamp(Timestamp(seconds: .max).description) != nil)
    }
}

@Suite struct `File modes` {
    @Test(
        arguments: [
            (0o100644, 0o644), (0o040755, 1 << 31 | 0o755), (0o120777, 1 << 27 | 0o777), (0o060660, 1 << 26 | 0o660),
            (0o020666, 1 << 26 | 1 << 21 | 0o666), (0o010600, 1 << 25 | 0o600), (0o140700, 1 << 24 | 0o700),
            (0o041777, 1 << 31 | 1 << 20 | 0o777), (0o104755, 1 << 23 | 0o755), (0o102755, 1 << 22 | 0o755),
        ] as [(UInt32, UInt32)]
    )
    func `have the bits of Go`(status: UInt32, mode: UInt32) {
        #expect(FileMode(status: status).rawValue == mode)
        #expect(FileMode(rawValue: mode).status == status)
    }

    @Test func `of no known type are none of Linux`() {
        #expect(FileMode(status: 0o150000).status == nil)
        #expect(FileMode(rawValue: 1 << 31 | 1 << 27).status == nil)
    }
}

@Suite struct `Names and identifiers` {
    @Test(arguments: ["ab", "a_", "0.", "a-b.c_d", "/web-1", String(repeating: "x", count: 300)])
    func `a name keeps to the rule`(text: String) throws {
        let name = try ContainerName(text)
        #expect(name.slashed == (text.hasPrefix("/") ? text : "/" + text))
    }

    @Test(arguments: ["", "/", "a", "-x", "_a", ".a", "a b", "a/b", "//ab", "ä1", "a\n", "a\u{0}b"])
    func `another name is refused in the words of Docker`(text: String) {
        let error = #expect(throws: EngineError.self) { try ContainerName(text) }
        #expect(error?.message == "Invalid container name (\(text)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        #expect(error?.code == .badParameter)
    }

    @Test func `a new identifier has its form`() {
        var generator = SystemRandomNumberGenerator()
        let ids = (0..<1000).map { _ in ObjectID(using: &generator) }
        #expect(Set(ids).count == 1000)
        #expect(ids.allSatisfy { ObjectID($0.description) == $0 && $0.short.count == 12 && Int($0.short) == nil })
    }

    @Test(arguments: [
        "", "a", String(repeating: "a", count: 63), String(repeating: "A", count: 64),
        String(repeating: "g", count: 64),
    ])
    func `another text is no identifier`(text: String) {
        #expect(ObjectID(text) == nil)
    }

    @Test func `a container is found by identifier, name and prefix in this order`() throws {
        let first = try #require(ObjectID("abc" + String(repeating: "0", count: 61)))
        let second = try #require(ObjectID("abd" + String(repeating: "0", count: 61)))
        let third = try #require(ObjectID(String(repeating: "f", count: 64)))
        let names = [(id: first, name: "one"), (id: second, name: "two"), (id: third, name: "abc")]
        for (text, id) in [
            ("one", first), ("/two", second), ("abd", second), ("abc", third), ("abc0", first), ("f", third),
        ] {
            #expect(try ObjectLookup.resolve(text, among: names) == id)
        }
        #expect(try ObjectLookup.resolve(first.description, among: names) == first)
        #expect(throws: EngineError.ambiguousPrefix("ab")) { try ObjectLookup.resolve("ab", among: names) }
        for text in ["", "/", "zzz", "/abd", "AB", "a0"] {
            #expect(throws: EngineError(.notFound, "No such container: \(text)")) {
                try ObjectLookup.resolve(text, among: names)
            }
        }
    }
}

@Suite struct `Queries` {
    @Test(arguments: [#"{"label":{"a=b":true,"c":true}}"#, #"{"label":["a=b","c"]}"#])
    func `filters have two forms`(text: String) throws {
        let filters = try decode(Filters.self, text)
        #expect(filters["label"] == ["a=b", "c"])
        #expect(filters["name"] == [])
        #expect(filters.accept(labels: ["a": "b", "c": "", "d": "e"]))
        #expect(!filters.accept(labels: ["a": "x", "c": ""]))
        #expect(!filters.accept(labels: ["a": "b"]))
        #expect(try decode(Filters.self, encode(filters)) == filters)
        #expect(try decode(JSONValue.self, encode(filters))["label"]?["c"] == .boolean(true))
    }

    @Test func `an unknown filter is refused in the words of Docker`() throws {
        let filters = try decode(Filters.self, #"{"all":["x"],"label":["a"]}"#)
        #expect(throws: EngineError(.badParameter, "Invalid filter 'all'")) { try filters.check(against: ["label"]) }
        try filters.check(against: ["all", "label"])
    }

    @Test(arguments: ["zz", "[]", #"{"label":"a"}"#, #"{"label":{"a":1}}"#, #"{"label":[1]}"#])
    func `malformed filters are refused`(text: String) {
        #expect(throws: DecodingError.self) { try decode(Filters.self, text) }
    }

    @Test func `a filter can be a boolean`() throws {
        #expect(try Filters(["dangling": ["true"]]).boolean("dangling") == true)
        #expect(try Filters(["dangling": ["0"]]).boolean("dangling") == false)
        #expect(try Filters().boolean("dangling") == nil)
        for values in [["x"], ["true", "false"]] as [Set<String>] {
            #expect(throws: EngineError.self) { try Filters(["dangling": values]).boolean("dangling") }
        }
    }

    @Test(arguments: [
        ("1", true), ("0", false), ("true", true), ("True", true), ("False", false), ("", false), ("no", false),
        ("none", false),
        ("yes", true),
    ])
    func `booleans are read as Docker does`(text: String, truth: Bool) {
        #expect(QueryBoolean.read(text) == truth)
        #expect(QueryBoolean.read(nil, absent: truth) == truth)
    }
}

@Suite struct `Versions and errors` {
    @Test(arguments: [
        ("v1.99", "client version 1.99 is too new. Maximum supported API version is 1.51"),
        ("2.0", "client version 2.0 is too new. Maximum supported API version is 1.51"),
        (
            "v1.23",
            "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"
        ),
    ])
    func `another version is refused in the words of Docker`(text: String, message: String) throws {
        let version = try #require(APIVersion(text))
        #expect(throws: EngineError(.badParameter, message)) { try version.checkSupported() }
    }

    @Test(arguments: ["1.24", "v1.30", "1.51"])
    func `versions between are served`(text: String) throws {
        try #require(APIVersion(text)).checkSupported()
    }

    @Test(arguments: ["", "v", "1", "1.", "1.2.3", "1.x", "-1.24", "1.+4", "vv1.24", "1.99999"])
    func `what is no version is refused`(text: String) {
        #expect(APIVersion(text) == nil)
    }

    @Test func `the headers of a ping say what it is`() {
        let ping = Ping()
        let headers = ping.headers(server: "wharf")
        #expect(Ping(headers: headers) == ping)
        #expect(headers.contains { $0 == ("Api-Version", "1.51") })
        #expect(headers.contains { $0 == ("Swarm", "inactive") })
        #expect(Ping(headers: []).apiVersion == .minimum)
        #expect(
            Ping(headers: [("api-VERSION", "1.41"), ("docker-experimental", "true")]).apiVersion == APIVersion(1, 41)
        )
    }

    @Test func `each code has its statuses`() {
        let table = EngineError.Code.allCases.map { [$0.httpStatus, Int($0.exitStatus), Int($0.runExitStatus)] }
        #expect(
            table == [
                [304, 0, 0], [400, 1, 125], [401, 1, 125], [403, 1, 125], [404, 1, 125], [409, 1, 125],
                [400, 126, 126],
                [400, 127, 127], [500, 1, 125], [501, 1, 125], [503, 1, 125],
            ]
        )
    }

    @Test func `a client gets the code back from the response`() throws {
        for code in EngineError.Code.allCases where code.exitStatus < 2 {
            #expect(ErrorResponse(message: "m").error(httpStatus: code.httpStatus) == EngineError(code, "m"))
        }
        let missing = "exec: \"x\": executable file not found in $PATH: unknown"
        #expect(ErrorResponse(message: missing).error(httpStatus: 400).code == .commandNotFound)
        let refused = "exec: \"/x\": permission denied: unknown"
        #expect(ErrorResponse(message: refused).error(httpStatus: 400).code == .commandNotExecutable)
        #expect(ErrorResponse(message: "m").error(httpStatus: 418).code == .badParameter)
        #expect(ErrorResponse(message: "m").error(httpStatus: 599).code == .failed)
        let body = try decode(JSONValue.self, encode(EngineError.unknownRoute.body))
        #expect(body == .object(["message": .text("page not found")]))
    }

    @Test func `the texts are those that clients look for`() {
        #expect(EngineError.noSuchContainer("zzz").message == "No such container: zzz")
        #expect(EngineError.noSuchImage("zzz:latest").message == "No such image: zzz:latest")
        #expect(EngineError.notRunning("x").message == "Container x is not running")
        #expect(
            EngineError.wrongContentType("a/b").message == "Content-Type specified (a/b) must be 'application/json'"
        )
        #expect(EngineError.removingRunning("x").message.hasSuffix("before attempting removal or force remove"))
        #expect(
            EngineError.nameInUse("web", by: "f0").message
                == "Conflict. The container name \"/web\" is already in use by container \"f0\". "
                + "You have to remove (or rename) that container to be able to reuse that name."
        )
    }
}

@Suite struct `Stream frames` {
    private typealias Received = [StandardStream: [UInt8]]

    private func decoded(_ bytes: [UInt8], pieces: Int, limit: Int = 1 << 20) throws -> Received {
        var decoder = StreamFrameDecoder(limit: limit)
        var received: Received = [:]
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try decoder.feed(bytes[start..<min(start + pieces, bytes.count)]) { received[$0, default: []] += $1 }
        }
        try decoder.finish()
        return received
    }

    @Test func `a frame has the bytes of Docker`() {
        #expect(StreamFrames.encode("hi\n".utf8, of: .output) == [1, 0, 0, 0, 0, 0, 0, 3, 0x68, 0x69, 0x0A])
        #expect(StreamFrames.header(.errors, length: 0x0102_0304) == [2, 0, 0, 0, 1, 2, 3, 4])
        #expect(StreamFrames.encode([], of: .output) == [])
        #expect(StreamFrames.encode([7, 8, 9], of: .errors, longest: 2).count == 2 * 8 + 3)
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 64, 4096])
    func `contents arrive whole however they are cut`(pieces: Int) throws {
        let output = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let errors = (0..<333).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let bytes =
            StreamFrames.encode(output, of: .output, longest: 17) + StreamFrames.header(.input, length: 0)
            + StreamFrames.encode(errors, of: .errors) + StreamFrames.encode(output, of: .output)
        #expect(try decoded(bytes, pieces: pieces) == [.output: output + output, .errors: errors])
    }

    @Test(arguments: [
        (Array("hello world".utf8), StreamFrameDecoder.Problem.unknownStream(104)),
        ([1, 0, 1, 0, 0, 0, 0, 1, 0], .malformedHeader([1, 0, 1, 0, 0, 0, 0, 1])),
        ([1, 0, 0, 0, 255, 255, 255, 255, 0], .tooLong(length: 4_294_967_295, limit: 1 << 20)),
        ([1, 0, 0, 0, 0, 0, 0, 2, 0], .truncated(missing: 1)), ([1, 0, 0], .truncated(missing: 5)),
    ])
    func `what is no frame is refused`(bytes: [UInt8], problem: StreamFrameDecoder.Problem) {
        #expect(throws: problem) { try decoded(bytes, pieces: 3) }
    }

    @Test func `a refusal stays`() {
        var decoder = StreamFrameDecoder()
        #expect(throws: StreamFrameDecoder.Problem.unknownStream(9)) {
            try decoder.feed([9, 0, 0, 0, 0, 0, 0, 0]) { _, _ in }
        }
        #expect(throws: StreamFrameDecoder.Problem.unknownStream(9)) { try decoder.feed([1]) { _, _ in } }
        #expect(throws: StreamFrameDecoder.Problem.unknownStream(9)) { try decoder.finish() }
        #expect(StreamFrameDecoder.Problem.unknownStream(104).description == "104 is not a valid stream")
    }

    @Test func `a claimed length takes no memory`() throws {
        var decoder = StreamFrameDecoder(limit: .max)
        var count = 0
        try decoder.feed([1, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3]) { count += $1.count }
        #expect(count == 3)
    }
}
