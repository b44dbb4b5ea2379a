// SPDX-License-Identifier: Apache-2.0

import Testing

import enum Terminal.TextCells

@testable import Diagram

@Suite struct `Text forms of a service graph` {
    @Test func `text shows services in the order of starting`() {
        let expected = """
            shop
            3 services · 2 networks · 1 volume

            ── layer 0, depends on nothing ─────────────────────────────
              db               postgres:16
              ├─ networks      back
              └─ volumes       data

            ── layer 1 ─────────────────────────────────────────────────
              migrate          build ./db
              ├─ healthy       db
              └─ networks      back

            ── layer 2 ─────────────────────────────────────────────────
              web              shop/web:1.4  8080→80
              ├─ healthy       db (restart)
              ├─ completed     migrate
              └─ networks      front, back

            ── networks ────────────────────────────────────────────────
              front            bridge
              back             external

            ── volumes ─────────────────────────────────────────────────
              data

            """
        #expect(TextRenderer.render(Graphs.shop, width: 60) == expected)
    }

    @Test(arguments: Graphs.samples, [48, 80, 132])
    func `no line of text is wider than the terminal`(graph: ServiceGraph, width: Int) {
        for line in TextRenderer.render(graph, width: width).split(separator: "\n") {
            #expect(TextCells.width(String(line)) <= width)
        }
    }

    @Test func `marks take no room`() {
        let style = TextStyle { _, text in "\u{1b}[1m\(text)\u{1b}[0m" }
        let marked = TextRenderer.render(Graphs.shop, style: style)
        let bare = marked.replacing("\u{1b}[1m", with: "").replacing("\u{1b}[0m", with: "")
        #expect(bare == TextRenderer.render(Graphs.shop))
    }

    @Test func `the ASCII form keeps to ASCII`() {
        var graph = Graphs.shop
        graph.services[0].image = String(repeating: "long/", count: 40)
        let text = TextRenderer.render(graph, style: TextStyle(isASCII: true))
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        #expect(text.contains("8080->80"))
    }

    @Test func `cycles are named in text`() {
        #expect(TextRenderer.render(Graphs.cyclic).contains("a (cycle)"))
    }

    @Test func `control characters never reach the terminal`() {
        let text = TextRenderer.render(Graphs.hostile)
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202e })
    }

    @Test func `dot is stable`() {
        let text = DotRenderer.render(Graphs.shop)
        let body = text.split(separator: "\n").dropFirst(4)
        let expected = [
            #"  "web" [label="web\nshop/web:1.4\n8080→80", tooltip="networks: front, back"];"#,
            #"  "migrate" [label="migrate\nbuild ./db", tooltip="networks: back"];"#,
            #"  "db" [label="db\npostgres:16", tooltip="networks: back\nvolumes: data"];"#,
            ##"  "web" -> "db" [label="healthy, restart", color="#2f9e58"];"##,
            ##"  "web" -> "migrate" [label="completed", color="#8b6fd0"];"##,
            ##"  "migrate" -> "db" [label="healthy", color="#2f9e58"];"##,
            "}",
        ]
        #expect(body.map(String.init) == expected)
    }

    @Test func `dot escapes names`() {
        let text = DotRenderer.render(Graphs.hostile)
        #expect(text.hasPrefix(#"digraph "<a>&\"'\\" {"#))
        #expect(text.contains(#""end\\" -> "\"]; x --> y %%{init}%%""#))
        #expect(text.contains("<script>&amp;amp;"))
    }

    @Test func `mermaid is stable`() {
        let expected = """
            ---
            title: "shop"
            ---
            flowchart LR
              s0["web<br>shop/web:1.4<br>8080→80"]
              s1["migrate<br>build ./db"]
              s2["db<br>postgres:16"]
              s0 -->|"healthy, restart"| s2
              s0 -->|"completed"| s1
              s1 -->|"healthy"| s2

            """
        #expect(MermaidRenderer.render(Graphs.shop) == expected)
    }

    @Test func `mermaid sees no marks in names`() {
        let text = MermaidRenderer.render(Graphs.hostile)
        #expect(!text.contains("%%{"))
        #expect(text.contains(##"s0["#34;]#59; x --#62; y #37;#37;#123;init#125;#37;#37;"##))
    }

    @Test func `json has every key`() {
        let expected = """
            {
              "project": "shop",
              "layers": [
                ["db"],
                ["migrate"],
                ["web"]
              ],
              "services": [
                {
                  "name": "web",
                  "image": "shop/web:1.4",
                  "build": null,
                  "layer": 2,
                  "dependsOn": [
                    {
                      "service": "db",
                      "condition": "service_healthy",
                      "required": true,
                      "restart": true,
                      "implied": false
                    },
                    {
                      "service": "migrate",
                      "condition": "service_completed_successfully",
                      "required": true,
                      "restart": false,
                      "implied": false
                    }
                  ],
                  "networks": ["front", "back"],
                  "volumes": [],
                  "ports": ["8080→80"]
                },
            """
        #expect(JSONRenderer.render(Graphs.shop).hasPrefix(expected))
        let end = """
              "networks": [
                {
                  "name": "front",
                  "driver": "bridge",
                  "external": false
                },
                {
                  "name": "back",
                  "driver": null,
                  "external": true
                }
              ],
              "volumes": [
                {
                  "name": "data",
                  "driver": null,
                  "external": false
                }
              ]
            }

            """
        #expect(JSONRenderer.render(Graphs.shop).hasSuffix(end))
    }

    @Test(arguments: ["service_started", "service_healthy", "service_completed_successfully", "soon"])
    func `a condition keeps its spelling`(name: String) {
        #expect(ServiceGraph.Condition(composeName: name).composeName == name)
    }

    @Test func `wide characters take two cells`() {
        #expect(TextCells.width("数据") == 4)
        #expect(TextCells.width("e\u{301}") == 1)
        #expect(TextCells.fit("registry.example", to: 8) == "regi…ple")
    }
}
