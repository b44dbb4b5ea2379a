// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// How the parts of the text form are marked up, for instance with colours.
package struct TextStyle: Sendable {
    /// What a piece of text is.
    package enum Role: Hashable, Sendable {
        case project
        case rule
        case key
        case service
        case image
        case port
        case network
        case volume
        case dependency(ServiceGraph.Condition)
        case remark
    }

    /// Marks a piece of text up; what it adds must take no room on the screen.
    package var mark: @Sendable (Role, String) -> String
    /// Whether lines are drawn with ASCII characters only.
    package var isASCII: Bool

    package init(
        isASCII: Bool = false,
        mark: @escaping @Sendable (Role, String) -> String = { _, text in text }
    ) {
        self.mark = mark
        self.isASCII = isASCII
    }

    /// Text without any markup.
    package static let plain = TextStyle()
}

/// The graph as text for a terminal: services in the order of starting, with what each one waits for and uses.
package enum TextRenderer {
    /// Renders `graph` in at most `width` columns; one long name may stand out.
    package static func render(_ graph: ServiceGraph, style: TextStyle = .plain, width: Int = 80) -> String {
        var page = TextPage(graph, style: style, width: max(40, width))
        page.compose()
        return page.text
    }
}

/// One text in the making.
private struct TextPage {
    let graph: ServiceGraph
    let style: TextStyle
    let width: Int
    private(set) var text = ""
    private let needs: [String: [ServiceGraph.Dependency]]
    private let cyclic: Set<[String]>
    private let nameWidth: Int
    private let imageWidth: Int
    private let showsNetworks: Bool

    private static let keyWidth = 12

    init(_ graph: ServiceGraph, style: TextStyle, width: Int) {
        self.graph = graph
        self.style = style
        self.width = width
        needs = Dictionary(grouping: graph.dependencies, by: \.from)
        cyclic = Set(
            Topology(graph).arcs.filter(\.isReversed)
                .map { graph.dependencies[$0.dependency] }
                .map { [$0.from, $0.to] }
        )
        let names = graph.services.map { TextCells.width(TextCells.printable($0.name)) }
        nameWidth = min(max(names.max() ?? 0, Self.keyWidth + 3), width / 3)
        let images = graph.services.map { TextCells.width(TextCells.printable($0.subtitle ?? "")) }
        imageWidth = min(images.max() ?? 0, max(12, width * 2 / 5))
        // With one network for all, the list at the end says it.
        showsNetworks = graph.networks.count > 1
    }

    mutating func compose() {
        let title = TextCells.printable(graph.project)
        let summary = GraphSummary(graph).counts
        if !title.isEmpty { text += style.mark(.project, TextCells.fit(title, to: width)) + "\n" }
        line(.remark, style.isASCII ? summary.replacing("·", with: "|") : summary)
        for (depth, layer) in Layers(graph).layers.enumerated() {
            heading(depth == 0 ? "layer 0, depends on nothing" : "layer \(depth)")
            for service in layer { add(graph.services[service]) }
        }
        add("networks", .network, graph.networks.map { ($0.name, $0.driver, $0.isExternal) })
        add("volumes", .volume, graph.volumes.map { ($0.name, $0.driver, $0.isExternal) })
    }

    private mutating func line(_ role: TextStyle.Role, _ content: String) {
        text += style.mark(role, content) + "\n"
    }

    private mutating func heading(_ title: String) {
        let dash = style.isASCII ? "-" : "─"
        let start = "\(dash)\(dash) \(title) "
        let rest = String(repeating: dash, count: max(0, width - TextCells.width(start)))
        text += "\n" + style.mark(.rule, start + rest) + "\n"
    }

    private mutating func add(_ service: ServiceGraph.Service) {
        let ellipsis = style.isASCII ? "..." : "…"
        let name = TextCells.fit(TextCells.printable(service.name), to: nameWidth, ellipsis: ellipsis)
        let image = TextCells.fitImage(TextCells.printable(service.subtitle ?? ""), to: imageWidth, ellipsis: ellipsis)
        var row = "  " + style.mark(.service, name)
        if !image.isEmpty || !service.ports.isEmpty {
            row += String(repeating: " ", count: nameWidth - TextCells.width(name) + 2)
            row += style.mark(service.kind == .missing ? .remark : .image, image)
        }
        var rows = rows(of: service)
        if !service.ports.isEmpty {
            let ports = service.ports.map { Value(.port, style.isASCII ? $0.replacing("→", with: "->") : $0) }
            let room = width - nameWidth - imageWidth - 6
            if ports.map(\.width).reduce(-2, { $0 + $1 + 2 }) <= room {
                row += String(repeating: " ", count: imageWidth - TextCells.width(image) + 2)
                row += ports.map { style.mark($0.role, $0.text) }.joined(separator: "  ")
            } else {
                rows.append(("ports", ports))
            }
        }
        text += row + "\n"
        for (index, entry) in rows.enumerated() {
            add(entry.key, entry.values, isLast: index == rows.count - 1)
        }
    }

    /// A piece of a row and what marks it.
    private struct Value {
        var role: TextStyle.Role
        var text: String
        var remark = ""

        var width: Int { TextCells.width(text) + TextCells.width(remark) }

        init(_ role: TextStyle.Role, _ text: String, remark: String = "") {
            self.role = role
            self.text = TextCells.printable(text)
            self.remark = remark
        }
    }

    private func rows(of service: ServiceGraph.Service) -> [(key: String, values: [Value])] {
        var rows: [(key: String, values: [Value])] = []
        for dependency in needs[service.name] ?? [] {
            let key = TextCells.fit(TextCells.printable(dependency.condition.label), to: Self.keyWidth)
            let isCyclic = cyclic.contains([dependency.from, dependency.to]) || dependency.from == dependency.to
            let remarks = [
                dependency.isRequired ? nil : "optional", dependency.restarts ? "restart" : nil,
                dependency.isImplied ? "implied" : nil, isCyclic ? "cycle" : nil,
            ].compactMap(\.self)
            let remark = remarks.isEmpty ? "" : " (\(remarks.joined(separator: ", ")))"
            let value = Value(.dependency(dependency.condition), dependency.to, remark: remark)
            if let index = rows.firstIndex(where: { $0.key == key }) {
                rows[index].values.append(value)
            } else {
                rows.append((key, [value]))
            }
        }
        if showsNetworks, !service.networks.isEmpty {
            rows.append(("networks", service.networks.map { Value(.network, $0) }))
        }
        if !service.volumes.isEmpty {
            rows.append(("volumes", service.volumes.map { Value(.volume, $0) }))
        }
        return rows
    }

    /// Adds one row below a service, wrapped to the width.
    private mutating func add(_ key: String, _ values: [Value], isLast: Bool) {
        let branch = style.isASCII ? (isLast ? "`-" : "|-") : (isLast ? "└─" : "├─")
        let bar = isLast ? " " : style.isASCII ? "|" : "│"
        text += "  " + style.mark(.rule, branch) + " "
        text += style.mark(.key, TextCells.padded(key, to: nameWidth - 3)) + "  "
        let start = nameWidth + 4
        var column = start
        for (index, value) in values.enumerated() {
            let comma = index < values.count - 1 ? "," : ""
            let needed = value.width + comma.count
            if column > start, column + 1 + needed > width {
                text += "\n  " + style.mark(.rule, bar) + String(repeating: " ", count: start - 3)
                column = start
            } else if column > start {
                text += " "
                column += 1
            }
            text += style.mark(value.role, value.text)
            if !value.remark.isEmpty { text += style.mark(.remark, value.remark) }
            text += comma
            column += needed
        }
        text += "\n"
    }

    /// Adds the list of networks or volumes.
    private mutating func add(
        _ title: String,
        _ role: TextStyle.Role,
        _ items: [(name: String, driver: String?, isExternal: Bool)]
    ) {
        guard !items.isEmpty else { return }
        heading(title)
        for item in items {
            let name = TextCells.fit(TextCells.printable(item.name), to: nameWidth)
            let remarks = [item.driver.map(TextCells.printable), item.isExternal ? "external" : nil].compactMap(\.self)
            text += "  " + style.mark(role, name)
            if !remarks.isEmpty {
                text += String(repeating: " ", count: nameWidth - TextCells.width(name) + 2)
                text += style.mark(.remark, remarks.joined(separator: ", "))
            }
            text += "\n"
        }
    }
}
