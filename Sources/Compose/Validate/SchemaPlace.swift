// SPDX-License-Identifier: Apache-2.0

import YAML

/// A place that has something wrong, and the sentences about it.
struct SchemaPlace {
    /// The way from the root of the file.
    var path: [NodePath.Component] = []
    /// The schemas on the way, from that of the whole file on: one more than ``path`` has steps.
    var schemas: [Schema] = []
    /// Where the keys inside an object stand, for the objects that were asked about.
    fileprivate var indexes: [ObjectIdentifier: SchemaIndex] = [:]

    /// A value of the wrong kind, or one that is not among the accepted ones.
    func wrongValue(_ value: Node.Value, at origin: Origin) -> Diagnostic {
        guard let schema = schemas.last else {
            return Diagnostic(.error, .wrongType, "wrong value", at: origin)
        }
        if let message = schema.complaint(aboutContentOf: value) {
            return Diagnostic(
                .error,
                .invalidValue,
                "\(subject) \(message)",
                at: origin,
                path: NodePath(path),
                suggestion: schema.nearestWord(to: value).map { "did you mean `\($0)`?" }
            )
        }
        return Diagnostic(
            .error,
            .wrongType,
            "\(subject) must be \(schema.acceptedForms), not \(value.kindName)",
            at: origin,
            path: NodePath(path),
            suggestion: SchemaHints(place: self).suggestion(for: value, insteadOf: schema)
        )
    }

    /// An item of a list that must not stand there twice.
    func duplicate(_ item: Node, at index: Int, of first: Node) -> Diagnostic {
        let name = item.value.shortText.map { " `\($0)`" } ?? ""
        return Diagnostic(
            .error,
            .duplicateItem,
            "duplicate item\(name) in \(subject)",
            at: item.origin,
            path: NodePath(path + [.index(index)]),
            suggestion: "remove one of them",
            notes: [Diagnostic.Note("the same item stands here first", at: first.origin)]
        )
    }

    /// A key that the specification does not have here.
    mutating func unknownKey(_ key: String, _ value: Node, at origin: Origin) -> Diagnostic {
        let index = index()
        return Diagnostic(
            .error,
            .unknownKey,
            path.isEmpty
                ? "unknown key `\(key.inOneLine)` at the top level" : "unknown key `\(key.inOneLine)` in \(subject)",
            at: origin,
            path: NodePath(path + [.key(key)]),
            suggestion: SchemaHints(place: self).suggestion(forUnknown: key, value, index: index)
        )
    }

    /// Built once for each object, since a mistake is often made in every service.
    private mutating func index() -> SchemaIndex {
        guard let object = schemas.last?.object else {
            return SchemaIndex()
        }
        if let index = indexes[ObjectIdentifier(object)] {
            return index
        }
        let index = SchemaIndex(of: object)
        indexes[ObjectIdentifier(object)] = index
        return index
    }

    /// A key that the user chose, against the rule for such keys.
    func badName(_ key: String, at origin: Origin) -> Diagnostic {
        Diagnostic(
            .error,
            .invalidValue,
            badNameMessage(key),
            at: origin,
            path: NodePath(path + [.key(key)])
        )
    }

    private func badNameMessage(_ key: String) -> String {
        guard case .identifier = schemas.last?.object?.names?.rule else {
            return "\(subject) has an empty key"
        }
        guard !key.isEmpty else {
            return "\(subject) has an empty name"
        }
        let kind = path.count == 1 ? NodePath(path).description.singular.map { "\($0) name" } : nil
        let place = kind == nil ? " in \(subject)" : ""
        return "\(kind ?? "name") `\(key.inOneLine)`\(place) may only have letters, digits, `.`, `_` and `-`"
    }

    /// A key that must be there is not.
    func missingKey(_ key: String, at origin: Origin) -> Diagnostic {
        let schema = schemas.last?.object?.keys[key]
        return Diagnostic(
            .error,
            .missingKey,
            "missing key `\(key.inOneLine)` in \(subject)",
            at: origin,
            path: NodePath(path + [.key(key)]),
            suggestion: schema?.words.map { "give it one of \($0.map { "`\($0)`" }.joined(or: "or"))" }
        )
    }

    /// What the sentence is about: "ports[0] of service `web`".
    var subject: String {
        guard case .key(let section)? = path.first else {
            return "the compose file"
        }
        guard path.count > 1, case .key(let name) = path[1], let singular = section.singular else {
            return NodePath(path).description.inOneLine
        }
        let owner = "\(singular) `\(name.inOneLine)`"
        return path.count == 2 ? owner : "\(NodePath(Array(path[2...])).description.inOneLine) of \(owner)"
    }
}

extension String {
    /// The text as it can be quoted in a sentence: short, and without line feeds and their like.
    var inOneLine: String {
        let limit = 80
        var text = ""
        for scalar in unicodeScalars.prefix(limit) {
            text += scalar.value < 0x20 || scalar.value == 0x7F ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return unicodeScalars.dropFirst(limit).isEmpty ? text : text + "…"
    }

    /// What one entry of a top-level section is called.
    fileprivate var singular: String? {
        switch self {
        case "services", "networks", "volumes", "secrets", "configs", "models": String(dropLast())
        default: nil
        }
    }
}

extension Node.Value {
    /// The kind of the value, as a person calls it.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .unsigned: "a number"
        case .float(let number): number == number.rounded() ? "a number" : "a number with a fraction"
        case .string: "a string"
        case .timestamp: "a date"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .invalid: "what it is"
        }
    }

    /// A scalar in one line, where it is not too long to be quoted in a sentence.
    var shortText: String? {
        let text: String
        switch self {
        case .bool(let bool): text = bool ? "true" : "false"
        case .int(let number): text = String(number)
        case .unsigned(let number): text = String(number)
        case .float(let number): text = number.description
        case .string(let string): text = string
        default: return nil
        }
        return text.utf8.count <= 60 && !text.utf8.contains { $0 < 0x20 } ? text : nil
    }
}

extension Sequence<String> {
    /// The parts as a phrase: "a, b or c".
    func joined(or conjunction: String) -> String {
        let parts = Array(self)
        guard let last = parts.last, parts.count > 1 else {
            return parts.first ?? ""
        }
        return "\(parts.dropLast().joined(separator: ", ")) \(conjunction) \(last)"
    }
}
