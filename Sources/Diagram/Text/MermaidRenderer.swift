// SPDX-License-Identifier: Apache-2.0

import JSONTree

import enum Terminal.TextCells

/// The graph as a Mermaid flowchart.
///
/// Nodes are numbered, since several plain words (`end`, `graph`) may not name a node.
package enum MermaidRenderer {
    package static func render(_ graph: ServiceGraph) -> String {
        var text = "---\ntitle: \(JSON.string(TextCells.printable(graph.project)).text())\n---\nflowchart LR\n"
        var identifiers: [String: String] = [:]
        for (index, service) in graph.services.enumerated() {
            let identifier = "s\(index)"
            if identifiers[service.name] == nil { identifiers[service.name] = identifier }
            text += "  \(identifier)[\"\(lines(service).map(escaped).joined(separator: "<br>"))\"]\n"
        }
        let cyclic = Set(Topology(graph).arcs.filter(\.isReversed).map(\.dependency))
        var red: [Int] = []
        var count = 0
        for (index, dependency) in graph.dependencies.enumerated() {
            guard let from = identifiers[dependency.from], let to = identifiers[dependency.to] else { continue }
            let arrow = dependency.isRequired && !dependency.isImplied ? "-->" : "-.->"
            text += "  \(from) \(arrow)|\"\(escaped(GraphSummary.remark(on: dependency)))\"| \(to)\n"
            if cyclic.contains(index) || dependency.from == dependency.to { red.append(count) }
            count += 1
        }
        if !red.isEmpty {
            text += "  linkStyle \(red.map(String.init).joined(separator: ",")) stroke:#cf222e\n"
        }
        let missing = graph.services.indices.filter { graph.services[$0].kind == .missing }
        if !missing.isEmpty {
            text += "  classDef missing stroke-dasharray:4 3\n"
            text += "  class \(missing.map { "s\($0)" }.joined(separator: ",")) missing\n"
        }
        return text
    }

    private static func lines(_ service: ServiceGraph.Service) -> [String] {
        var lines = [service.name]
        if let subtitle = service.subtitle { lines.append(subtitle) }
        if !service.ports.isEmpty { lines.append(service.ports.joined(separator: ", ")) }
        return lines
    }

    /// `text` for a quoted label.
    ///
    /// Everything that Mermaid, Markdown or HTML might read as a mark becomes a numbered entity; `%` too, since
    /// `%%{` would begin a directive.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in TextCells.printable(text).unicodeScalars {
            switch scalar {
            case "\"", "#", "&", "<", ">", "`", "%", "{", "}", "*", "\\", "|", ";": result += "#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
