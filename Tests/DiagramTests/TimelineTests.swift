// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Diagram

@Suite struct `A timeline` {
    private typealias Record = Timeline.Record

    /// A moment in milliseconds after an arbitrary begin.
    private static func at(_ milliseconds: Int64) -> Int64 { 1_764_385_600_000_000_000 + milliseconds * 1_000_000 }

    /// db is healthy after 3.1 s, migrate has ended 0.8 s later, and web starts then; cache is ready early.
    private static let records: [Record] = [
        Record(.created, "db", container: "d", at: at(100)), Record(.created, "cache", container: "c", at: at(110)),
        Record(.created, "migrate", container: "m", at: at(120)),
        Record(.created, "web", 1, container: "w", at: at(130)),
        Record(.created, "web", 2, container: "x", at: at(140)), Record(.started, "db", container: "d", at: at(200)),
        Record(.started, "cache", container: "c", at: at(210)), Record(.healthy, "db", container: "d", at: at(3100)),
        Record(.started, "migrate", container: "m", at: at(3150)),
        Record(.ended(status: 0), "migrate", container: "m", at: at(3900)),
        Record(.started, "web", 1, container: "w", at: at(4000)),
        Record(.started, "web", 2, container: "x", at: at(4020)),
    ]

    private static let dependencies: [ServiceGraph.Dependency] = [
        .init(from: "migrate", to: "db", condition: .healthy), .init(from: "web", to: "db", condition: .healthy),
        .init(from: "web", to: "migrate", condition: .completed), .init(from: "web", to: "cache"),
    ]

    private static func shop(_ records: [Record] = records, begin: Int64? = at(0)) -> Timeline {
        Timeline(project: "shop", records: records, dependencies: dependencies, begin: begin)
    }

    @Test func `finds the chain that took longest`() {
        let timeline = Self.shop()
        #expect(timeline.bars.map(\.name) == ["db", "cache", "migrate", "web-1", "web-2"])
        #expect(timeline.path.map { timeline.bars[$0.bar].name } == ["db", "migrate", "web-2"])
        #expect(timeline.path.map(\.condition) == [.healthy, .completed, .started])
        #expect(timeline.path.map { ($0.end - $0.begin) / 1_000_000 } == [3100, 800, 120])
        #expect(timeline.bars.filter(\.isCritical).map(\.name) == ["db", "migrate", "web-2"])
        #expect(timeline.length == 4_020_000_000)
        #expect(
            timeline.summary == "Ready after 4.02s; the longest chain is db (3.10s until healthy) → "
                + "migrate (0.80s until completed) → web-2 (0.12s until started)."
        )
    }

    @Test func `does not depend on the order of records`() {
        #expect(Self.shop(Self.records.reversed()) == Self.shop())
    }

    @Test func `tells what is waited for in vain`() {
        let timeline = Self.shop(Self.records.filter { $0.time < Self.at(3000) })
        #expect(timeline.path.map { timeline.bars[$0.bar].name } == ["cache"])
        #expect(
            timeline.summary
                == "Ready after 0.21s, and nothing else was waited for: the last was cache (0.21s until started). "
                + "migrate has not started: it waits for db to be healthy. "
                + "web has not started: it waits for db to be healthy. "
                + "web has not started: it waits for migrate to be completed."
        )
        #expect(TimelineText.render(timeline).contains("not healthy"))
    }

    @Test func `takes the first run of a container and the last container in a place`() throws {
        let records = [
            Record(.ended(status: 0), "web", container: "old", at: Self.at(5)),
            Record(.created, "web", container: "given up", at: Self.at(10)),
            Record(.created, "web", container: "new", at: Self.at(20)),
            Record(.started, "web", container: "new", at: Self.at(30)),
            Record(.ended(status: 3), "web", container: "new", at: Self.at(40)),
            Record(.started, "web", container: "new", at: Self.at(50)),
            Record(.ended(status: 4), "web", container: "new", at: Self.at(60)),
            Record(.started, "web", container: "new", at: Self.at(70)),
        ]
        let timeline = Timeline(project: "p", records: records, dependencies: [])
        let bar = try #require(timeline.bars.first)
        #expect(timeline.bars.count == 1 && bar.container == "new" && bar.restarts == 2)
        #expect(timeline.origin == Self.at(5))
        #expect(bar.started == 25_000_000 && bar.ended == Timeline.End(time: 35_000_000, status: 3))
        #expect(timeline.remark(bar) == "exited (3) 0.04s, 2× again")
    }

    @Test func `survives circles and nothing at all`() {
        let ring = Timeline(
            project: "ring",
            records: [Record(.started, "a", container: "a", at: 5), Record(.started, "b", container: "b", at: 5)],
            dependencies: [.init(from: "a", to: "b"), .init(from: "b", to: "a"), .init(from: "a", to: "a")]
        )
        #expect(ring.path.count == 2)
        let none = Timeline(project: "none", records: [], dependencies: [])
        #expect(none.bars.isEmpty && none.summary.isEmpty && none.length == 0)
        for timeline in [ring, none] {
            #expect(TimelineSVG.render(timeline).hasSuffix("</svg>\n"))
            #expect(!TimelineText.render(timeline).isEmpty)
        }
    }

    @Test func `what happened before its begin does not count`() {
        let timeline = Self.shop(begin: Self.at(4010))
        #expect(timeline.bars.map(\.name) == ["web"])
    }

    @Test func `is a text of bars`() {
        #expect(
            TimelineText.render(Self.shop()) == """
                shop
                           0s          1s           2s           3s
                ▶ db        ─▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒████████████  healthy 3.10s
                  cache     ─█████████████████████████████████████████████████  started 0.21s
                ▶ migrate   ──────────────────────────────────────▒▒▒▒▒▒▒▒▒▒▒   exited (0) 3.90s
                  web-1     ─────────────────────────────────────────────────█  started 4.00s
                ▶ web-2     ─────────────────────────────────────────────────█  started 4.02s

                ─ created  ▒ others wait  █ runs  ▶ longest chain
                Ready after 4.02s; the longest chain is db (3.10s until healthy) → migrate
                (0.80s until completed) → web-2 (0.12s until started).

                """
        )
    }

    @Test func `is a picture`() throws {
        let path = "\(Repository.root)/Tests/DiagramTests/Fixtures/timeline.svg"
        #expect(TimelineSVG.render(Self.shop()) == (try readText(path)))
    }

    @Test(arguments: [40, 50, 63, 80, 120, 400])
    func `fits its width`(width: Int) {
        for line in TimelineText.render(Self.shop(), width: width).split(separator: "\n") {
            #expect(line.unicodeScalars.count <= max(50, width), "\(line)")
        }
    }

    @Test(arguments: [(0, 1), (7, 1), (900, 200), (4020, 500), (65_000, 10_000)])
    func `marks the time in round numbers`(length: Int64, step: Int64) {
        let records = [
            Record(.created, "a", container: "a", at: 0), Record(.started, "a", container: "a", at: length * 1_000_000),
        ]
        let timeline = Timeline(project: "p", records: records, dependencies: [])
        #expect(timeline.tick(atMost: 9) == step * 1_000_000)
    }

    @Test func `writes times as people do`() {
        let texts = [
            (0, "0.00s"), (3_124_999_999, "3.12s"), (9_999_999_999, "10.0s"), (59_940_000_000, "59.9s"),
            (125_400_000_000, "2m05s"),
        ]
        for (time, text) in texts { #expect(Timeline.seconds(Int64(time)) == text) }
        #expect(
            Timeline.mark(500_000_000) == "500ms" && Timeline.mark(1_500_000_000) == "1.5s"
                && Timeline.mark(20_000_000_000) == "20s"
        )
    }

    @Test func `is JSON`() {
        let timeline = Timeline(
            project: "p",
            records: Array(Self.records.prefix(6)),
            dependencies: Self.dependencies,
            begin: Self.at(0)
        )
        let text = TimelineJSON.render(timeline)
        #expect(text.contains("\"begin\": 1764385600,\n  \"length\": 0.2,"))
        #expect(text.contains("\"waiting\": [\n    {\n      \"service\": \"cache\"") == false)
        #expect(
            text.contains("\"service\": \"migrate\",\n      \"for\": \"db\",\n      \"condition\": \"service_healthy\"")
        )
    }
}
