// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

/// The answer of `wharf config --explain`: what a key path holds, and which places and variables gave it.
struct Explanation {
    let result: LoadResult
    let text: DiagnosticText
    let path: NodePath

    /// The lines about one key path.
    ///
    /// - Throws: ``CommandFailure`` where the project has no such key.
    static func lines(of written: String, loading: ProjectLoading, command: ConfigCommand) throws -> [UInt8] {
        let result = try loading.load { options in
            command.configure(&options)
            options.interpolates = true
            options.recordsHistory = true
        }
        guard let tree = result.tree, let path = NodePath(parsing: written, in: tree), let node = tree.node(at: path)
        else {
            throw notFound(written, in: result)
        }
        let text = DiagnosticText(sources: result.sources, currentDirectory: try ProjectLoading.currentDirectory())
        let explanation = Explanation(result: result, text: text, path: path)
        return Array(explanation.lines(of: node).joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]
    }

    private static func notFound(_ written: String, in result: LoadResult) -> CommandFailure {
        var message = "the project has no key `\(written)`"
        var node = result.tree ?? Node(.null)
        for part in written.split(separator: ".") {
            guard let next = node[String(part)] else {
                let keys = node.mapping?.entries.map(\.key) ?? []
                if let near = Suggestions.nearest(to: String(part), in: keys) {
                    message += "; did you mean `\(near)` instead of `\(part)`?"
                } else if !keys.isEmpty {
                    message += "; there is: \(keys.sorted().prefix(20).joined(separator: ", "))"
                }
                break
            }
            node = next
        }
        return CommandFailure(message: message)
    }

    private func lines(of node: Node) -> [String] {
        var lines = [path.description]
        switch node.value {
        case .mapping, .sequence:
            lines.append("  " + source(of: node))
            lines += children(of: node, at: path)
        default:
            lines.append("  value       \(Self.scalar(node))")
            lines.append("  set at      \(source(of: node))")
        }
        for variable in result.sources.variables(of: node.origin) {
            lines.append("  variable    \(explain(variable))")
        }
        for origin in (result.overridden[path] ?? []).reversed() {
            lines.append("  overrides   \(text.place(of: origin) ?? "a default")")
        }
        return lines
    }

    /// The values below a mapping or a list, each with its place.
    private func children(of node: Node, at path: NodePath) -> [String] {
        var lines: [String] = []
        collect(node, path: path, into: &lines)
        return lines
    }

    private func collect(_ node: Node, path: NodePath, into lines: inout [String]) {
        switch node.value {
        case .mapping(let mapping):
            for entry in mapping.entries {
                collect(entry.value, path: path.appending(entry.key), into: &lines)
            }
        case .sequence(let items):
            for (index, item) in items.enumerated() {
                collect(item, path: path.appending(index), into: &lines)
            }
        default:
            let variables = result.sources.variables(of: node.origin).map { "${\($0)}" }
            let from = variables.isEmpty ? "" : " from " + variables.joined(separator: ", ")
            lines.append("  \(path) = \(Self.scalar(node))  (\(source(of: node))\(from))")
        }
    }

    private static func scalar(_ node: Node) -> String {
        String(decoding: Emitter.yaml(node).dropLast(), as: UTF8.self)
    }

    private func source(of node: Node) -> String {
        text.place(of: node.origin) ?? "no file: it is a default or follows from other keys"
    }

    private func explain(_ variable: String) -> String {
        guard let value = result.environment.values[variable] else {
            return "\(variable) is not set"
        }
        let place = text.place(of: value.origin) ?? "the environment"
        return "\(variable) = \"\(value.text)\" (\(place))"
    }
}

extension NodePath {
    /// Reads a path as users write it, `services.web.ports[0].target`, along a tree.
    ///
    /// A key that holds dots is found where the tree has it. Nil where the text does not lead to a node.
    init?(parsing text: String, in tree: Node) {
        var components: [Component] = []
        var node = tree
        var rest = text[...]
        while !rest.isEmpty {
            guard let (component, next, remaining) = Self.step(rest, in: node) else {
                return nil
            }
            components.append(component)
            node = next
            rest = remaining
        }
        guard !components.isEmpty else {
            return nil
        }
        self.init(components)
    }

    private static func step(_ text: Substring, in node: Node) -> (Component, Node, Substring)? {
        if let items = node.sequence {
            let digits = text.drop { $0 == "[" || $0 == "." }.prefix { $0.isASCII && $0.isNumber }
            guard let index = Int(digits), items.indices.contains(index) else {
                return nil
            }
            return (.index(index), items[index], text[digits.endIndex...].drop { $0 == "]" }.drop { $0 == "." })
        }
        let matches = node.mapping?.entries.filter { entry in
            guard text.hasPrefix(entry.key) else {
                return false
            }
            let rest = text.dropFirst(entry.key.count)
            return rest.isEmpty || rest.first == "." || rest.first == "["
        }
        guard let entry = matches?.max(by: { $0.key.count < $1.key.count }) else {
            return nil
        }
        return (.key(entry.key), entry.value, text.dropFirst(entry.key.count).drop { $0 == "." })
    }
}
