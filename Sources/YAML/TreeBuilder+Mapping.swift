// SPDX-License-Identifier: Apache-2.0

import CYAML

extension TreeBuilder {
    /// One key of a mapping.
    private enum Key {
        case text(String)
        /// `<<`
        case merge
        /// A key that go-yaml leaves out: null in the source of a merge.
        case dropped
    }

    /// Reads a mapping whose start is the current event.
    ///
    /// - Parameter keysBecomeText: Whether a key that is a number or a truth value counts as its text.
    /// - Returns: The entries, merge keys resolved.
    /// - Throws: The first problem of the mapping.
    mutating func mapping(keysBecomeText: Bool) throws(SyntaxError) -> Mapping {
        var mapping = Mapping()
        var merge: (key: Origin, source: Node?)?
        while true {
            try reader.advance()
            guard reader.kind != YAML_MAPPING_END_EVENT else {
                break
            }
            let origin = reader.origin
            let key = try key(asText: keysBecomeText)
            try reader.advance()
            switch key {
            case .merge:
                if let first = merge?.key {
                    try reportDuplicate("<<", at: origin, first: first)
                }
                merge = (origin, try mergeSource())
            case .text(let text):
                if let first = mapping.entry(forKey: text) {
                    try reportDuplicate(text, at: origin, first: first.keyOrigin)
                    _ = try node()
                } else {
                    path.append(.key(text))
                    let value = try node()
                    path.removeLast()
                    if let value {
                        mapping.append(Mapping.Entry(key: text, keyOrigin: origin, value: value))
                    }
                }
            case .dropped:
                _ = try node()
            }
        }
        if let source = merge?.source {
            try add(source, to: &mapping)
        }
        return mapping
    }

    private func reportDuplicate(_ key: String, at origin: Origin, first: Origin) throws(SyntaxError) {
        guard resetDepth == 0 else {
            return
        }
        throw SyntaxError(
            message: "key `\(key)` stands twice in \(place)",
            origin: origin,
            notes: [SyntaxError.Note(message: "it stands here first", origin: first)]
        )
    }

    /// The mapping at hand, for a message.
    private var place: String {
        path.isEmpty ? "the top level" : "`\(NodePath(path))`"
    }

    // MARK: Keys

    private mutating func key(asText: Bool) throws(SyntaxError) -> Key {
        let origin = reader.origin
        switch reader.kind {
        case YAML_SCALAR_EVENT:
            let tag = reader.tag
            if reader.isPlain || tag == .merge, tag == .none || tag == .merge,
                reader.scalarText.elementsEqual("<<".utf8)
            {
                return .merge
            }
            return try scalarKey(tag, origin, asText: asText)
        case YAML_ALIAS_EVENT:
            let value = try node() ?? Node(.null, at: origin)
            return try key(of: value.value, text: Emitter.goDescription(of: value), at: origin, asText: asText)
        default:
            let kind = reader.kind == YAML_SEQUENCE_START_EVENT ? "a list" : "a mapping"
            if resetDepth == 0 {
                throw SyntaxError(message: "a key of \(place) is \(kind); keys must be strings", origin: origin)
            }
            _ = try node()
            return .dropped
        }
    }

    private mutating func scalarKey(_ tag: Tag, _ origin: Origin, asText: Bool) throws(SyntaxError) -> Key {
        let value = try scalar(tag, origin)
        if let anchor = reader.anchor {
            define(anchor, as: Node(value, at: origin))
        }
        if case .string(let text) = value {
            return .text(text)
        }
        let text = String(decoding: reader.scalarText, as: UTF8.self)
        return try key(of: value, text: text, at: origin, asText: asText)
    }

    private func key(
        of value: Node.Value,
        text: String,
        at origin: Origin,
        asText: Bool
    ) throws(SyntaxError) -> Key {
        let kind: String
        switch value {
        case .string(let text): return .text(text)
        case .null: kind = "null"
        case .bool: kind = "a boolean"
        case .int, .unsigned: kind = "an integer"
        case .float: kind = "a number"
        case .timestamp: kind = "a date"
        case .sequence: kind = "a list"
        case .mapping: kind = "a mapping"
        case .invalid: return .dropped
        }
        if resetDepth > 0 {
            return .dropped
        }
        if asText {
            return value.isNull ? .dropped : .text(text)
        }
        throw SyntaxError(
            message: text.isEmpty
                ? "a key of \(place) is empty; keys must be strings"
                : "key `\(text)` of \(place) is \(kind); keys must be strings",
            origin: origin
        )
    }

    // MARK: Merge keys

    /// Reads the value of a `<<` key; nil where it is tagged `!reset`.
    private mutating func mergeSource() throws(SyntaxError) -> Node? {
        // What is merged counts as standing in the mapping itself; only at the top level, go-yaml's caller sees `<<`.
        let isTopLevel = path.isEmpty
        if isTopLevel {
            path.append(.key("<<"))
        }
        defer {
            if isTopLevel {
                path.removeLast()
            }
        }
        return try node(isMergeSource: true)
    }

    private func add(_ source: Node, to mapping: inout Mapping) throws(SyntaxError) {
        switch source.value {
        case .mapping(let merged):
            add(merged, to: &mapping)
        case .sequence(let items):
            for item in items {
                guard case .mapping(let merged) = item.value else {
                    try reportMergeSource(item)
                    continue
                }
                add(merged, to: &mapping)
            }
        default:
            try reportMergeSource(source)
        }
    }

    private func add(_ merged: Mapping, to mapping: inout Mapping) {
        for entry in merged.entries where mapping.position(of: entry.key) == nil {
            mapping.append(entry)
        }
    }

    private func reportMergeSource(_ source: Node) throws(SyntaxError) {
        guard resetDepth == 0 else {
            return
        }
        throw SyntaxError(
            message: "`<<` takes a mapping or a list of mappings",
            origin: source.origin
        )
    }

    // MARK: Scalars

    /// Reads the scalar that is the current event.
    mutating func scalar(_ tag: Tag, _ origin: Origin) throws(SyntaxError) -> Node.Value {
        let text = reader.scalarText
        if flowDepth > 0, reader.isPlain, text.contains(UInt8(ascii: "?")) {
            // libyaml reads it since 0.2.3; go-yaml, and so Docker Compose, takes `?` for the start of a key.
            throw SyntaxError(message: "inside brackets and braces a value with `?` in it needs quotes", origin: origin)
        }
        let resolution: ScalarResolver.Resolution
        switch tag {
        case .none:
            resolution = reader.isPlain ? ScalarResolver.resolve(text) : .string
        case .string, .merge, .reset, .override, .other:
            resolution = .string
        case .binary:
            return .string(try binary(text, origin))
        case .null, .bool, .int, .float, .timestamp:
            guard let tagged = ScalarResolver.resolve(text, as: tag) else {
                let text = String(decoding: text.prefix(40), as: UTF8.self)
                throw SyntaxError(message: "`\(text)` is not \(tag.kind), as its tag says", origin: origin)
            }
            resolution = tagged
        }
        return switch resolution {
        case .string: .string(String(decoding: text, as: UTF8.self))
        case .null: .null
        case .bool(let bool): .bool(bool)
        case .int(let int): .int(int)
        case .unsigned(let unsigned): .unsigned(unsigned)
        case .float(let float): .float(float)
        case .timestamp: .timestamp(Timestamp.canonical(text))
        }
    }

    private func binary(_ text: UnsafeBufferPointer<UInt8>, _ origin: Origin) throws(SyntaxError) -> String {
        guard let bytes = Base64.decode(text) else {
            throw SyntaxError(message: "the value is tagged `!!binary` but is not base64", origin: origin)
        }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw SyntaxError(message: "the `!!binary` value does not decode to UTF-8 text", origin: origin)
        }
        return string
    }
}

extension Node.Value {
    fileprivate var isNull: Bool {
        if case .null = self { true } else { false }
    }
}
