// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI
import EngineServer
import Testing

@Suite struct `Queries` {
    @Test func `names have values, escaped, repeated or empty`() throws {
        let query = try Query("a=1&b=x+y%26z&a=2&empty=&flag&=odd&%61%2B=c")
        #expect(query["a"] == "1")
        #expect(query.all("a") == ["1", "2"])
        #expect(query["b"] == "x y&z")
        #expect(query["empty"] == "" && query.text("empty") == nil)
        #expect(query["flag"] == "" && query["missing"] == nil)
        #expect(query["a+"] == "c")
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "%+1=a"])
    func `wrong escapes are refused`(text: String) {
        #expect(throws: RequestProblem.self) { try Query(text) }
    }

    @Test func `there is an end to the number of values`() {
        #expect(throws: RequestProblem.self) { try Query(String(repeating: "a&", count: 2000)) }
    }

    @Test(arguments: [
        (#"{"label":{"a=b":true}}"#, ["a=b"]), (#"{"label":["a=b","c"]}"#, ["a=b", "c"]), ("", []), ("{}", []),
    ])
    func `filters have two forms`(text: String, labels: [String]) throws {
        let query = try Query("filters=\(escaped(text))")
        #expect(try query.filters(["label"])["label"] == labels)
    }

    @Test(arguments: ["[", "[]", "1", #"{"label":1}"#, #"{"label":{"a":1}}"#, #"{"all":["1"]}"#])
    func `wrong filters are bad parameters`(text: String) throws {
        let query = try Query("filters=\(escaped(text))")
        let error = #expect(throws: EngineError.self) { try query.filters(["label"]) }
        #expect(error?.code == .badParameter)
    }

    @Test func `a list of containers is asked for as old and new clients do`() throws {
        let old = try ContainerListQuery(Query("limit=-1&all=0&size=0&trunc_cmd=0"))
        #expect(old == ContainerListQuery())
        let new = try ContainerListQuery(Query("all=True&limit=3&size=1&filters=%7B%22name%22%3A%5B%22a%22%5D%7D"))
        #expect(new.showsAll && new.limit == 3 && new.countsSizes && new.filters["name"] == ["a"])
        #expect(throws: EngineError.self) { try ContainerListQuery(Query("limit=x")) }
    }

    @Test func `logs are asked for with times and a number of lines`() throws {
        let query = try ContainerLogQuery(
            Query("stdout=1&stderr=true&follow=1&timestamps=1&details=1&tail=5&since=10.5&until=2026-01-01T00:00:00Z")
        )
        #expect(query.showsOutput && query.showsErrors && query.follows && query.showsTimestamps && query.showsDetails)
        #expect(query.tail == 5)
        #expect(query.since == Timestamp(seconds: 10, nanoseconds: 500_000_000))
        #expect(query.until == Timestamp("2026-01-01T00:00:00Z"))
        for tail in ["all", "", "-1", "many"] {
            #expect(try ContainerLogQuery(Query("stdout=1&since=0&until=&tail=\(tail)")).tail == nil)
        }
        #expect(try ContainerLogQuery(Query("stdout=1&tail=0")).tail == 0)
        let error = #expect(throws: EngineError.self) { try ContainerLogQuery(Query("follow=1")) }
        #expect(error?.message == "Bad parameters: you must choose at least one stream")
        #expect(throws: EngineError.self) { try ContainerLogQuery(Query("stdout=1&since=yesterday")) }
    }

    @Test func `an attach says which streams`() throws {
        let request = AttachRequest(try Query("stream=1&stdin=1&stdout=1&logs=0&detachKeys=ctrl-a"))
        #expect(request.streams && request.input && request.output && !request.errors && !request.includesLog)
        #expect(request.detachKeys == "ctrl-a")
        #expect(AttachRequest(try Query("detachKeys=")).detachKeys == nil)
    }

    @Test(arguments: ["", "h=1", "h=1&w=", "h=1&w=-1", "h=1&w=65536", "h=a&w=1"])
    func `a size needs two numbers`(text: String) {
        #expect(throws: EngineError.self) { try TerminalSize(Query(text)) }
    }

    @Test func `a size is rows and columns`() throws {
        let size = try TerminalSize(Query("h=24&w=80"))
        #expect(size.rows == 24 && size.columns == 80)
    }

    @Test func `files are put as the query says`() throws {
        let options = ArchiveOptions(try Query("noOverwriteDirNonDir=true&copyUIDGID=1"))
        #expect(options.keepsKinds && options.copiesOwners)
        #expect(ArchiveOptions(try Query("copyUIDGID=false")) == ArchiveOptions())
    }
}

private func escaped(_ text: String) -> String {
    text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
