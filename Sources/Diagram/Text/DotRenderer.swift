// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// The graph in the language of Graphviz.
package enum DotRenderer {
    package static func render(_ graph: ServiceGraph) -> String {
        var text = "digraph \(identifier(graph.project)) {\n"
        text += "  rankdir=LR;\n"
        text += "  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];\n"
        text += "  edge [fontname=\"Helvetica\", fontsize=9];\n"
        for service in graph.services {
            var attributes = ["label=\(label(lines(service)))"]
            var tooltip: [String] = []
            if !service.networks.isEmpty { tooltip.append("networks: \(service.networks.joined(separator: ", "))") }
            if !service.volumes.isEmpty { tooltip.append("volumes: \(service.volumes.joined(separator: ", "))") }
            if !tooltip.isEmpty { attributes.append("tooltip=\(label(tooltip))") }
            if service.kind == .missing { attributes.append("style=\"rounded,dashed\"") }
            text += "  \(identifier(service.name)) [\(attributes.joined(separator: ", "))];\n"
        }
        let cyclic = Set(Topology(graph).arcs.filter(\.isReversed).map(\.dependency))
        for (index, dependency) in graph.dependencies.enumerated() {
            var attributes = ["label=\(label([GraphSummary.remark(on: dependency)]))"]
            switch dependency.condition {
            case .healthy: attributes.append("color=\"#2f9e58\"")
            case .completed: attributes.append("color=\"#8b6fd0\"")
            case .started, .other: break
            }
            if cyclic.contains(index) || dependency.from == dependency.to {
                attributes.append("color=\"#cf222e\", constraint=false")
            }
            if dependency.isImplied {
                attributes.append("style=dotted")
            } else if !dependency.isRequired {
                attributes.append("style=dashed")
            }
            text += "  \(identifier(dependency.from)) -> \(identifier(dependency.to))"
            text += " [\(attributes.joined(separator: ", "))];\n"
        }
        return text + "}\n"
    }

    private static func lines(_ service: ServiceGraph.Service) -> [String] {
        var lines = [service.name]
        if let subtitle = service.subtitle { lines.append(subtitle) }
        if !service.ports.isEmpty { lines.append(service.ports.joined(separator: ", ")) }
        return lines
    }

    /// A name in quotes.
    ///
    /// A backslash only matters before a quote and at a line's end. Doubled, it can end nothing, and stays distinct.
    private static func identifier(_ name: String) -> String {
        var result = "\""
        for character in TextCells.printable(name).unicodeScalars {
            if character == "\"" || character == "\\" { result += "\\" }
            result.unicodeScalars.append(character)
        }
        return result + "\""
    }

    /// Lines of text in quotes, with nothing in them that Graphviz would read as an escape or an entity.
    private static func label(_ lines: [String]) -> String {
        var result = "\""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += "\\n" }
            for character in TextCells.printable(line).unicodeScalars {
                switch character {
                case "\"", "\\": result += "\\\(character)"
                case "&": result += "&amp;"
                default: result.unicodeScalars.append(character)
                }
            }
        }
        return result + "\""
    }
}
