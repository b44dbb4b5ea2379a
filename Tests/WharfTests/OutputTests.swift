// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import GoTemplate
import JSONTree
import TestSupport
import Testing

@testable import wharf

/// What docker 28.2.2 printed of answers that an engine gave it, with `TZ=UTC`.
struct Recording: Sendable {
    /// One run of docker.
    struct Run: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var output: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    let now: Int64
    let document: JSON
    let runs: [Run]

    static let docker: Recording = {
        let path = "\(Repository.root)/Tests/WharfTests/Fixtures/docker-28.2.2.json"
        guard let bytes = try? readBytes(path), let document = try? JSON(bytes) else {
            return Recording(now: 0, document: .null, runs: [])
        }
        let runs = (document["runs"]?.array ?? []).map { run in
            Run(
                arguments: (run["arguments"]?.array ?? []).compactMap(\.string),
                output: run["output"]?.string ?? ""
            )
        }
        return Recording(now: document["now"]?.integer ?? 0, document: document, runs: runs)
    }()

    /// The runs of one command.
    static func runs(of command: String) -> [Run] { docker.runs.filter { $0.arguments.first == command } }

    /// The answer of the engine.
    func answer<Value: Decodable>(_ type: Value.Type, _ key: String) throws -> Value {
        try EngineClient.decode(type, Array((document[key] ?? .null).text().utf8))
    }
}

extension Recording.Run {
    func has(_ option: String) -> Bool { arguments.contains(option) }

    /// The value of `--format`.
    var format: String {
        guard let place = arguments.firstIndex(of: "--format") else { return has("-q") ? "{{.ID}}" : "" }
        return arguments[place + 1]
    }

    /// Whether docker refused it.
    var isRefused: Bool { format.contains("Nope") || format.hasSuffix("{{.Names") }
}

/// The texts of Docker's client, byte for byte.
@Suite struct `Output as docker prints it` {
    /// The rows that this suite is about are read in UTC, as those of the recording were.
    init() { setTimeZone("UTC") }

    @Test func `there are recorded runs`() {
        #expect(Recording.docker.runs.count > 40)
    }

    @Test(arguments: Recording.runs(of: "ps"))
    func `lists of containers`(run: Recording.Run) throws {
        let recording = Recording.docker
        let containers = try recording.answer([ContainerSummary].self, "containers")
        let rows = containers.map { $0.row(truncates: !run.has("--no-trunc"), now: recording.now) }
        let listing = run.has("-s") ? Listing.sizedContainers : Listing.containers
        if run.isRefused {
            #expect(throws: CommandFailure.self) { try listing.text(rows, format: run.format) }
        } else {
            #expect(try listing.text(rows, format: run.format) == run.output)
        }
    }

    @Test(arguments: Recording.runs(of: "images"))
    func `lists of images`(run: Recording.Run) throws {
        let recording = Recording.docker
        let showsDigests = run.has("--digests")
        let rows = try recording.answer([ImageSummary].self, "images").flatMap {
            $0.rows(truncates: !run.has("--no-trunc"), showsDigests: showsDigests, now: recording.now)
        }
        let listing = showsDigests ? Listing.imagesWithDigests : Listing.images
        #expect(try listing.text(rows, format: run.format) == run.output)
    }

    @Test(arguments: Recording.runs(of: "history"))
    func `histories of images`(run: Recording.Run) throws {
        let recording = Recording.docker
        let isHuman = !run.has("-H=false")
        let rows = try recording.answer([ImageHistoryItem].self, "history").map {
            $0.row(truncates: !run.has("--no-trunc"), isHuman: isHuman, now: recording.now)
        }
        #expect(try Listing.history(isHuman: isHuman).text(rows, format: run.format) == run.output)
    }

    @Test(arguments: Recording.runs(of: "stats"))
    func `what containers use`(run: Recording.Run) throws {
        let statistics = try Recording.docker.answer(ContainerStatistics.self, "statistics")
        var row = StatisticsRow(reference: "web", id: statistics.id)
        row.name = "web"
        row.sample = StatisticsRow.Sample(statistics)
        let text = try Listing.statistics.text([row.row(truncates: !run.has("--no-trunc"))], format: run.format)
        #expect(text == run.output)
    }

    @Test(arguments: Recording.runs(of: "events"))
    func `events`(run: Recording.Run) throws {
        let events = try #require(Recording.docker.document["events"]?.array).map { Array($0.text().utf8) }
        func text() throws -> String {
            let isPlain = run.format.isEmpty || run.format == "json"
            let template = isPlain ? nil : try EventText.template(run.format)
            return try events.map {
                try EventText.text(of: $0, template: template, isJSON: run.format == "json") + "\n"
            }.joined()
        }
        if run.isRefused {
            #expect(throws: CommandFailure.self) { try text() }
        } else {
            #expect(try text() == run.output)
        }
    }

    @Test func `an inspection is indented`() throws {
        let run = try #require(Recording.docker.runs.first { $0.arguments == ["container", "inspect", "web"] })
        let json = JSON.array([Recording.docker.document["inspection"] ?? .null])
        #expect(json.text(.inspection) + "\n" == run.output)
    }

    @Test(arguments: Recording.runs(of: "container").filter { $0.arguments.contains("-f") })
    func `an inspection fills in a template`(run: Recording.Run) throws {
        let inspection = Inspection(format: run.arguments[3], shape: .inspection)
        let document = Recording.docker.document["inspection"] ?? .null
        if run.output == "\n" {
            #expect(throws: CommandFailure.self) { try inspection.text(of: document) }
        } else {
            #expect(try inspection.text(of: document) + "\n" == run.output)
        }
    }

    @Test(arguments: Recording.runs(of: "network").filter { $0.arguments[1] == "ls" })
    func `lists of networks`(run: Recording.Run) throws {
        let networks = try Recording.docker.answer([NetworkInspection].self, "networks")
        let sorted = networks.sorted { NameOrder.precedes($0.name, $1.name) }
        let rows = sorted.map { $0.row(truncates: !run.has("--no-trunc")) }
        let asked = run.arguments.firstIndex(of: "--format").map { run.arguments[$0 + 1] } ?? ""
        let format = run.has("-q") ? Listing.field("ID", unless: asked) : asked
        if run.isRefused {
            #expect(throws: CommandFailure.self) { try Listing.networks.text(rows, format: format) }
        } else {
            #expect(try Listing.networks.text(rows, format: format) == run.output)
        }
    }

    @Test(arguments: Recording.runs(of: "network").filter { $0.arguments[1] == "inspect" })
    func `inspections of networks`(run: Recording.Run) throws {
        let networks = try #require(Recording.docker.document["networks"]?.array)
        let found = run.arguments.compactMap { name in networks.first { $0["Name"]?.string == name } }
        let format = run.has("-f") ? run.arguments[3] : run.has("--format") ? "json" : ""
        let inspection = Inspection(format: format, shape: .network)
        if run.output == "\n" {
            #expect(throws: CommandFailure.self) { try inspection.text(of: found[0]) }
        } else if run.has("-f") {
            #expect(try inspection.text(of: found[0]) + "\n" == run.output)
        } else {
            #expect(JSON.array(found).text(format.isEmpty ? .inspection : .compact) + "\n" == run.output)
        }
    }

    @Test(arguments: Recording.runs(of: "port").filter { !$0.output.isEmpty })
    func `published ports`(run: Recording.Run) throws {
        let inspection = try Recording.docker.answer(Published.self, "inspection")
        let only = run.arguments.count > 2 ? run.arguments[2] + "/tcp" : nil
        #expect(ContainerPortCommand.text(inspection.networkSettings.ports, of: only) == run.output)
    }

    /// What the recorded inspection has of ports.
    private struct Published: Decodable {
        var networkSettings: NetworkSettings

        private enum CodingKeys: String, CodingKey {
            case networkSettings = "NetworkSettings"
        }
    }

    @Test func `processes are in columns`() throws {
        let run = try #require(Recording.runs(of: "top").first)
        let top = try Recording.docker.answer(ContainerTop.self, "top")
        #expect(ContainerTopCommand.text(top) == run.output)
    }
}

@Suite struct `The order of names` {
    @Test(arguments: [
        ["a", "b"], ["net9", "net10"], ["a1", "a01", "a001"], ["1", "a"], ["a", "aa"], ["a9b", "a10a"], ["-", "a"],
        ["10", "a1"], ["A", "a"], ["a2b1", "a2b01", "a3"],
    ])
    func `is that of docker's lists`(names: [String]) {
        for (index, name) in names.enumerated() {
            #expect(!NameOrder.precedes(name, name))
            for later in names[(index + 1)...] {
                #expect(NameOrder.precedes(name, later) && !NameOrder.precedes(later, name), "\(name) \(later)")
            }
        }
    }
}

@Suite struct `A subnet` {
    @Test(arguments: [
        ("10.1.0.0/16", "10.1.255.255", true), ("10.1.0.0/16", "10.2.0.0", false), ("10.1.7.7/16", "10.1.0.0/24", true),
        ("10.1.0.0/20", "10.1.15.1", true), ("10.1.0.0/20", "10.1.16.0", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("10.1.0.1/32", "10.1.0.1", true), ("10.1.0.1/32", "10.1.0.2", false), ("fd00::/64", "fd00::1:2:3:4", true),
        ("fd00::/64", "fd00:0:0:1::", false), ("::/0", "1.2.3.4", false), ("fd00::/64", "bad", false),
    ])
    func `has the addresses that begin as it does`(subnet: String, address: String, isInside: Bool) throws {
        #expect(try #require(SubnetText(subnet)).contains(address) == isInside)
    }

    @Test(arguments: [
        "", "10.1.0.0", "10.1.0.0/33", "10.1.0.0/-1", "10.1.0.0/+1", "10.1/16", "fd00::/129", "a/8", "/8",
    ])
    func `is written with the length of its prefix`(text: String) {
        #expect(SubnetText(text) == nil)
    }
}

@Suite struct `Units for people` {
    @Test func `an age counts whole seconds that have passed`() {
        let instant = Timestamp(seconds: 100, nanoseconds: 900_000_000)
        #expect(HumanUnits.ago(instant, now: Timestamp(seconds: 102, nanoseconds: 800_000_000)) == "1 second ago")
        #expect(HumanUnits.ago(instant, now: Timestamp(seconds: 102, nanoseconds: 900_000_000)) == "2 seconds ago")
    }

    @Test(arguments: [
        (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (119, "About a minute"),
        (120, "2 minutes"), (3599, "59 minutes"), (3600, "About an hour"), (5399, "About an hour"), (5400, "2 hours"),
        (86_400, "24 hours"), (171_000, "2 days"), (172_800, "2 days"), (1_209_600, "2 weeks"),
        (5_184_000, "2 months"), (63_072_000, "2 years"), (100_000_000, "3 years"),
    ])
    func `a duration is that of go-units`(seconds: Int, text: String) {
        #expect(HumanUnits.duration(seconds: Double(seconds)) == text)
    }

    @Test(arguments: [
        (0, 3, "0B"), (999, 3, "999B"), (1000, 3, "1kB"), (1536, 3, "1.54kB"), (999_999, 3, "1e+03kB"),
        (4_431_234, 4, "4.431MB"), (123_456_789_012, 3, "123GB"), (Int64.max, 4, "9.223EB"),
    ])
    func `a size has so many digits`(bytes: Int64, digits: Int, text: String) {
        #expect(HumanUnits.size(bytes, digits: digits) == text)
    }

    @Test(arguments: [(0.0, "0B"), (1023, "1023B"), (1024, "1KiB"), (2_147_483_648, "2GiB"), (100_000_000, "95.37MiB")])
    func `a binary size has four digits`(bytes: Double, text: String) {
        #expect(HumanUnits.binarySize(bytes) == text)
    }

    @Test(arguments: [
        ("a\tb\nccc\td\n", "a         b\nccc       d\n"),
        ("aaaaaaaaaaaa\tb\nc\td\n\nx\ty\n", "aaaaaaaaaaaa   b\nc              d\n\nx         y\n"),
        ("no tab\n", "no tab\n"),
        ("a\t\n", "a         \n"),
        ("é\tb", "é         b"),
        ("a\tb\tc\nlonger than ten\tb\n", "a                 b         c\nlonger than ten   b\n"),
        ("", ""),
    ])
    func `cells are aligned as tabwriter does it`(text: String, aligned: String) {
        #expect(TabWriter().aligned(text) == aligned)
    }

    @Test(arguments: [
        ("1700000000", "1700000000.000000000"), ("1700000000.5", "1700000000.500000000"),
        ("2023-11-14T22:13:20Z", "1700000000.000000000"), ("2023-11-14T22:13:20.25Z", "1700000000.250000000"),
        ("2023-11-14", "1699920000.000000000"), ("1h30m", "1699994600.000000000"), ("0s", "1700000000.000000000"),
    ])
    func `a time of events is read`(text: String, query: String) throws {
        #expect(try EventTime.query(text, now: 1_700_000_000) == query)
    }
}
