// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Diagram

@Suite struct `SVG picture` {
    @Test(arguments: Graphs.samples)
    func `the same graph gives the same bytes`(graph: ServiceGraph) {
        #expect(SVGRenderer.render(graph) == SVGRenderer.render(graph))
    }

    @Test(arguments: Graphs.samples)
    func `tags are balanced and nothing is left unescaped`(graph: ServiceGraph) {
        let text = SVGRenderer.render(graph)
        var open: [Substring] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { break }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                #expect(open.popLast() == tag.dropFirst())
            } else if !tag.hasSuffix("/") {
                open.append(tag.prefix { $0 != " " })
            }
            #expect(tag.filter { $0 == "\"" }.count.isMultiple(of: 2))
        }
        #expect(open.isEmpty)
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }

    @Test func `markup in names stays text`() {
        let text = SVGRenderer.render(Graphs.hostile)
        #expect(!text.contains("<script"))
        #expect(text.contains("&lt;script&gt;&amp;amp;"))
        #expect(!text.contains("<!--"))
    }

    @Test func `it tells its content to those who cannot see it`() {
        let text = SVGRenderer.render(Graphs.shop)
        #expect(text.contains("role=\"img\""))
        #expect(text.contains("<title>Services of shop</title>"))
        #expect(text.contains("web depends on db (healthy, restart), migrate (completed)."))
        #expect(text.contains("prefers-color-scheme:dark"))
    }

    @Test func `services and arrows can be found by name`() {
        let text = SVGRenderer.render(Graphs.shop)
        #expect(text.contains("data-service=\"migrate\""))
        #expect(text.contains("<g class=\"edge completed\" data-from=\"web\" data-to=\"migrate\">"))
    }

    @Test func `arrows of a cycle are red`() {
        let text = SVGRenderer.render(Graphs.cyclic)
        #expect(text.contains("<g class=\"edge cyclic\" data-from=\"c\" data-to=\"a\">"))
        #expect(text.contains("closes a cycle"))
    }

    @Test func `a service that the project lacks is marked`() {
        var graph = Graphs.shop
        graph.services.append(.init(name: "mail", kind: .missing))
        graph.dependencies.append(.init(from: "web", to: "mail", isRequired: false))
        let text = SVGRenderer.render(graph)
        #expect(text.contains("<g class=\"service missing\" data-service=\"mail\""))
        #expect(text.contains("not in this project"))
        #expect(text.contains("<g class=\"edge started optional\" data-from=\"web\" data-to=\"mail\">"))
    }

    @Test func `a legend explains only what is not written at the arrows`() {
        var graph = Graphs.chain(2)
        graph.dependencies[0].condition = .healthy
        #expect(!SVGRenderer.render(graph).contains("until healthy"))
        #expect(SVGRenderer.render(Graphs.shop).contains("until healthy"))
    }

    @Test func `long names are shortened and keep a tooltip`() {
        let name = "a-service-with-a-very-long-name-that-fits-no-box-at-all"
        let graph = ServiceGraph(project: "p", services: [.init(name: name)])
        let text = SVGRenderer.render(graph)
        #expect(text.contains("<title>\(name)</title>"))
        #expect(text.contains("…"))
        #expect(!text.contains("\">\(name)</text>"))
    }

    @Test(arguments: Graphs.samples)
    func `texts fit their boxes`(graph: ServiceGraph) {
        for node in NodeBox.boxes(graph) {
            let room = node.size.width - 2 * NodeBox.padding
            #expect(TextMetrics.width(node.name.text, size: NodeBox.nameSize, bold: true) <= room)
            if let subtitle = node.subtitle {
                #expect(TextMetrics.width(subtitle.text, size: NodeBox.subtitleSize) <= room)
            }
            #expect(node.badges.reduce(0) { $0 + $1.width } <= room)
        }
    }

    @Test func `more ports than fit are counted`() {
        let ports = (0..<9).map { "\(8000 + $0)→80" }
        let graph = ServiceGraph(project: "p", services: [.init(name: "web", ports: ports)])
        let node = NodeBox.boxes(graph)[0]
        #expect(node.hiddenBadges > 0 && node.badges.count + node.hiddenBadges == 9)
    }

    @Test func `an image loses the front of its path first`() {
        let image = "registry.example.com/platform/services/orders:3.2"
        #expect(TextMetrics.fitImage(image, into: 130, size: 11) == "…/services/orders:3.2")
    }

    @Test func `numbers have one decimal at most`() {
        #expect(SVGText.number(1.25) == "1.3")
        #expect(SVGText.number(-0.04) == "0")
        #expect(SVGText.number(-2.5) == "-2.5")
        #expect(SVGText.number(12) == "12")
    }
}
