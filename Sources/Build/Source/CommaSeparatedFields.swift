// SPDX-License-Identifier: Apache-2.0

/// The fields of a line of comma-separated values, as Go's `encoding/csv` reads it.
package enum CommaSeparatedFields {
    /// The fields; nil where a quotation mark has no end.
    package static func read(_ text: String) -> [String]? {
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"" where isQuoted && rest.first == "\"":
                field.unicodeScalars.append(scalar)
                rest.removeFirst()
            case "\"" where isQuoted: isQuoted = false
            case "\"" where field.isEmpty: isQuoted = true
            case "," where !isQuoted:
                fields.append(field)
                field = ""
            default: field.unicodeScalars.append(scalar)
            }
        }
        return isQuoted ? nil : fields + [field]
    }
}
