// SPDX-License-Identifier: Apache-2.0

package import YAML

/// What the decoding of a canonical tree carries along: the way to the value at hand, and the problems found so far.
///
/// Decoding never stops at a problem: a value that does not fit is reported and left at its default.
package struct DecodingContext {
    /// The problems, in the order in which they were met.
    package private(set) var diagnostics: [Diagnostic] = []
    /// The key path of the value at hand.
    package private(set) var path: NodePath

    /// Starts at a place of the tree, by default at its root.
    package init(path: NodePath = NodePath()) {
        self.path = path
    }

    /// Notes a problem with a value.
    package mutating func report(
        _ code: Diagnostic.Code,
        _ message: String,
        at node: Node,
        suggestion: String? = nil
    ) {
        diagnostics.append(Diagnostic(.error, code, message, at: node.origin, path: path, suggestion: suggestion))
    }

    /// Notes that a truth value is spelled in a way that YAML no longer has.
    mutating func warnOfSpelling(_ text: String, of value: Bool, at node: Node) {
        let message = "`\(text)` is not a boolean in YAML 1.2"
        let suggestion = "write `\(value)`"
        diagnostics.append(
            Diagnostic(.warning, .obsolete, message, at: node.origin, path: path, suggestion: suggestion)
        )
    }

    /// Notes that a value is of the wrong kind, unless an earlier phase has already said so.
    package mutating func reportKind(of node: Node, expected: String) {
        guard !node.isInvalid else {
            return
        }
        report(.wrongType, "expected \(expected), found \(node.kindName)", at: node)
    }

    /// Steps into the entries of a mapping, one after the other.
    @inline(__always)
    mutating func forEachEntry(
        of mapping: Mapping,
        _ body: (Mapping.Entry, inout DecodingContext) -> Void
    ) {
        let depth = path.components.count
        path.components.append(.index(0))
        let entries = mapping.entries.span
        for index in entries.indices {
            path.components[depth] = .key(entries[index].key)
            body(entries[index], &self)
        }
        path.components.removeLast()
    }

    /// Steps into the items of a sequence, one after the other.
    @inline(__always)
    mutating func forEachItem(of items: [Node], _ body: (Node, inout DecodingContext) -> Void) {
        let depth = path.components.count
        path.components.append(.index(0))
        let items = items.span
        for index in items.indices {
            path.components[depth] = .index(index)
            body(items[index], &self)
        }
        path.components.removeLast()
    }
}

extension Node {
    /// What kind of value the node holds, for a message.
    var kindName: String {
        switch value {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .unsigned: "an integer"
        case .float: "a number with a fraction"
        case .string: "a string"
        case .timestamp: "a date"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .invalid: "an invalid value"
        }
    }
}
