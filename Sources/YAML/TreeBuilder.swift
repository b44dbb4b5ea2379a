// SPDX-License-Identifier: Apache-2.0

import CYAML

/// Builds documents from the events of a stream.
///
/// Aliases and merge keys are resolved on the way: an alias shares the storage of what it stands for, and costs a count
/// of its nodes, so that the limits hold before anything has grown.
struct TreeBuilder: ~Copyable {
    private let limits: Parser.Limits
    /// The events; between two calls it stands on the event that the next call is about.
    var reader: EventReader
    /// Where the node at hand stands in the document.
    var path: [NodePath.Component] = []
    /// The `!reset` and `!override` tags of the document so far.
    var directives: [Document.Directive] = []
    /// How many `!reset` nodes stand around the node at hand; in there, nothing is an error.
    var resetDepth = 0
    /// How many `!override` nodes stand around the node at hand; in there, no tag is a directive.
    var overrideDepth = 0

    private var anchors: [String: Int] = [:]
    private var definitions: [Definition] = []
    private var depth = 0
    /// How many brackets and braces stand around the node at hand.
    private(set) var flowDepth = 0
    /// How deep the node at hand has reached, aliases expanded.
    private var deepest = 0
    private var nodes = 0
    private var aliasedNodes = 0
    private var aliasedSteps = 0

    /// What an anchor stands for.
    private struct Definition {
        /// The node; nil while it is being read.
        var node: Node?
        /// Whether the node itself is tagged `!reset`.
        var isReset = false
        /// How many nodes it has, itself included.
        var size = 1
        /// How many levels of collections it has.
        var height = 0
        /// The `!override` tags on and in it, their paths counted from it.
        var overrides: [Document.Directive] = []
    }

    /// Makes a builder for a text, which must outlive it.
    init(text: UnsafeBufferPointer<UInt8>, source: SourceID, limits: Parser.Limits) {
        self.limits = limits
        reader = EventReader(text: text, source: source)
    }

    /// Reads the whole stream.
    mutating func documents() throws(SyntaxError) -> [Document] {
        try reader.checkTagDirectives()
        var documents: [Document] = []
        try reader.advance()
        while true {
            try reader.advance()
            guard reader.kind == YAML_DOCUMENT_START_EVENT else {
                return documents
            }
            // Anchors live on: go-yaml knows those of earlier documents of the stream.
            directives = []
            let start = reader.origin
            guard reader.isVersion11 else {
                throw SyntaxError(
                    message: "the document asks for another YAML version than 1.1; remove the `%YAML` line",
                    origin: start
                )
            }
            try reader.advance()
            let root = try node() ?? Node(.null, at: start)
            documents.append(Document(root: root, directives: directives))
            try reader.advance()
        }
    }

    /// Reads the node that the current event starts; nil where it is tagged `!reset`.
    ///
    /// - Parameter isMergeSource: Whether it is the value of a merge key, whose keys go-yaml turns into text.
    /// - Returns: The node, aliases resolved.
    /// - Throws: The first problem of the node.
    mutating func node(isMergeSource: Bool = false) throws(SyntaxError) -> Node? {
        if reader.kind == YAML_ALIAS_EVENT {
            return try alias()
        }
        let origin = reader.origin
        try count(1, at: origin)
        guard let anchor = reader.anchor else {
            return try tagged(origin, isMergeSource: isMergeSource)
        }
        let number = definitions.count
        definitions.append(Definition())
        anchors[anchor] = number
        let (size, level, firstDirective, outerDeepest) = (nodes, depth, directives.count, deepest)
        deepest = depth
        let node = try tagged(origin, isMergeSource: isMergeSource)
        definitions[number] = Definition(
            node: node ?? Node(.null, at: origin),
            isReset: node == nil,
            size: nodes - size + 1,
            height: deepest - level,
            overrides: relativeOverrides(from: firstDirective)
        )
        deepest = max(deepest, outerDeepest)
        return node
    }

    /// Sets an anchor on a scalar that has been read.
    mutating func define(_ anchor: String, as node: Node) {
        anchors[anchor] = definitions.count
        definitions.append(Definition(node: node))
    }

    private func relativeOverrides(from first: Int) -> [Document.Directive] {
        guard first < directives.count else {
            return []
        }
        return directives[first...].compactMap { directive in
            guard directive.kind == .override else {
                return nil
            }
            var relative = directive
            relative.path.components.removeFirst(min(path.count, directive.path.components.count))
            return relative
        }
    }

    /// Reads a node that is not an alias, and takes note of its directive.
    private mutating func tagged(_ origin: Origin, isMergeSource: Bool) throws(SyntaxError) -> Node? {
        let tag = reader.tag
        guard resetDepth == 0, overrideDepth == 0 else {
            return try untagged(tag, origin, isMergeSource: isMergeSource)
        }
        switch tag {
        case .reset:
            directives.append(Document.Directive(kind: .reset, path: NodePath(path), origin: origin))
            resetDepth += 1
            _ = try untagged(tag, origin, isMergeSource: isMergeSource)
            resetDepth -= 1
            return nil
        case .override:
            directives.append(Document.Directive(kind: .override, path: NodePath(path), origin: origin))
            overrideDepth += 1
            let node = try untagged(tag, origin, isMergeSource: isMergeSource)
            overrideDepth -= 1
            return node
        default:
            return try untagged(tag, origin, isMergeSource: isMergeSource)
        }
    }

    private mutating func untagged(
        _ tag: Tag,
        _ origin: Origin,
        isMergeSource: Bool
    ) throws(SyntaxError) -> Node {
        switch reader.kind {
        case YAML_SCALAR_EVENT:
            return Node(try scalar(tag, origin), at: origin)
        case YAML_SEQUENCE_START_EVENT:
            let isFlow = try enter(origin)
            let items = try sequence(isMergeSource: isMergeSource)
            leave(isFlow: isFlow)
            return Node(.sequence(items), at: origin)
        default:
            let isFlow = try enter(origin)
            let entries = try mapping(keysBecomeText: isMergeSource)
            leave(isFlow: isFlow)
            return Node(.mapping(entries), at: origin)
        }
    }

    private mutating func sequence(isMergeSource: Bool) throws(SyntaxError) -> [Node] {
        var items: [Node] = []
        var index = 0
        while true {
            try reader.advance()
            guard reader.kind != YAML_SEQUENCE_END_EVENT else {
                return items
            }
            path.append(.index(index))
            if let item = try node(isMergeSource: isMergeSource) {
                items.append(item)
            }
            path.removeLast()
            index += 1
        }
    }

    /// Reads an alias; nil where it stands for a node tagged `!reset`.
    private mutating func alias() throws(SyntaxError) -> Node? {
        let origin = reader.origin
        let name = reader.anchor ?? ""
        guard let number = anchors[name] else {
            throw SyntaxError(message: "`*\(name)` refers to an anchor that is not defined above", origin: origin)
        }
        guard let node = definitions[number].node else {
            throw SyntaxError(message: "`*\(name)` stands inside the value that it refers to", origin: origin)
        }
        try countAliased(definitions[number], at: origin)
        guard resetDepth == 0, overrideDepth == 0 else {
            return node
        }
        for directive in definitions[number].overrides {
            aliasedSteps += path.count + directive.path.components.count
            guard aliasedSteps <= limits.aliasedNodes else {
                throw SyntaxError(message: "aliases repeat too many `!override` tags", origin: origin)
            }
            var absolute = directive
            absolute.path.components.insert(contentsOf: path, at: 0)
            directives.append(absolute)
        }
        if definitions[number].isReset {
            directives.append(Document.Directive(kind: .reset, path: NodePath(path), origin: node.origin))
            return nil
        }
        return node
    }
}

// MARK: Limits

extension TreeBuilder {
    private mutating func count(_ more: Int, at origin: Origin) throws(SyntaxError) {
        nodes += more
        if nodes > limits.nodes {
            throw SyntaxError(message: "the file has more than \(limits.nodes) values", origin: origin)
        }
    }

    private mutating func countAliased(_ definition: Definition, at origin: Origin) throws(SyntaxError) {
        aliasedNodes += definition.size
        guard aliasedNodes <= limits.aliasedNodes else {
            throw SyntaxError(message: "aliases repeat more than \(limits.aliasedNodes) values", origin: origin)
        }
        try count(definition.size, at: origin)
        deepest = max(deepest, depth + definition.height)
        try checkDepth(at: origin)
    }

    /// Goes into the collection that the current event starts, and says whether it is a `[…]` or `{…}`.
    private mutating func enter(_ origin: Origin) throws(SyntaxError) -> Bool {
        depth += 1
        deepest = max(deepest, depth)
        try checkDepth(at: origin)
        guard reader.isFlow else {
            return false
        }
        flowDepth += 1
        if flowDepth > limits.flowDepth {
            throw SyntaxError(
                message: "brackets and braces are nested more than \(limits.flowDepth) levels deep",
                origin: origin
            )
        }
        return true
    }

    private mutating func leave(isFlow: Bool) {
        depth -= 1
        flowDepth -= isFlow ? 1 : 0
    }

    private func checkDepth(at origin: Origin) throws(SyntaxError) {
        guard deepest <= limits.depth else {
            throw SyntaxError(message: "values are nested more than \(limits.depth) levels deep", origin: origin)
        }
    }
}
