// SPDX-License-Identifier: Apache-2.0

import YAML

/// What a schema accepts, in words.
extension Schema {
    /// The accepted forms: "a string or a list of strings".
    var acceptedForms: String {
        forms(isPlural: false).joined(or: "or")
    }

    private func forms(isPlural: Bool) -> [String] {
        var forms: [String] = []
        func add(_ kind: Kinds, _ one: String, _ many: String) {
            if kinds.contains(kind) {
                forms.append(isPlural ? many : one)
            }
        }
        add(.boolean, "a boolean", "booleans")
        if kinds.contains(.number) {
            add(.number, "a number", "numbers")
        } else {
            add(.integer, "an integer", "integers")
        }
        if case .words(let words) = text {
            forms += words.map { "`\($0)`" }
        } else {
            add(.string, "a string", "strings")
        }
        if let list {
            // Items that may be mappings have too many forms to be told in passing.
            let items = list.items.object == nil ? " of \(list.items.forms(isPlural: true).joined(or: "or"))" : ""
            forms.append((isPlural ? "lists" : "a list") + items)
        }
        add(.mapping, "a mapping", "mappings")
        // Null says that nothing was written: a form only where there is none to write.
        if forms.isEmpty {
            add(.null, "null", "nulls")
        }
        return forms
    }

    /// The words that are accepted, where only a few are.
    var words: [String]? {
        switch text {
        case .words(let words): words
        case .pullPolicy: TextRule.pullPolicies
        case .any, .containerName: nil
        }
    }

    /// The accepted word that a wrong one looks like.
    func nearestWord(to value: Node.Value) -> String? {
        guard case .string(let string) = value, let words else {
            return nil
        }
        return Suggestions.nearest(to: string, in: words)
    }

    /// What is wrong with a value of an accepted kind; nil where its kind is wrong.
    func complaint(aboutContentOf value: Node.Value) -> String? {
        switch value {
        case .string(let string) where kinds.contains(.string):
            return text.complaint(about: string.inOneLine, hasOtherForms: kinds != .string)
        case .int, .unsigned:
            return kinds.contains(.integer) ? range.complaint(about: value) : nil
        case .float(let number):
            let isOutside = kinds.contains(.integer) && number == number.rounded() && number.isFinite
            return isOutside ? range.complaint(about: value) : nil
        default:
            return nil
        }
    }
}

extension Schema.TextRule {
    fileprivate func complaint(about text: String, hasOtherForms: Bool) -> String? {
        switch self {
        case .any:
            nil
        case .words(let words):
            "must be \(words.map { "`\($0)`" }.joined(or: "or"))\(hasOtherForms ? " or a list" : ""), not `\(text)`"
        case .containerName:
            "must have a letter or digit followed by a letter, digit, `_`, `.` or `-`, unlike `\(text)`"
        case .pullPolicy:
            "must be \((Self.pullPolicies.map { "`\($0)`" } + ["`every_` with a duration"]).joined(or: "or")), "
                + "not `\(text)`"
        }
    }
}

extension Schema.NumberRange {
    fileprivate func complaint(about value: Node.Value) -> String? {
        switch (minimum, maximum) {
        case (let minimum?, let maximum?):
            "must be between \(minimum) and \(maximum), not \(value.shortText ?? "more")"
        case (let minimum?, nil):
            "must be at least \(minimum), not \(value.shortText ?? "less")"
        case (nil, let maximum?):
            "must be at most \(maximum), not \(value.shortText ?? "more")"
        case (nil, nil):
            nil
        }
    }
}
