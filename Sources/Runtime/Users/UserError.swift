// SPDX-License-Identifier: Apache-2.0

/// Why the user of a container could not be found out.
package struct UserError: Error, Equatable, CustomStringConvertible {
    /// The user or group as it was asked for; empty where it is about a file alone.
    package var subject = ""
    /// The file by its path inside the container; nil where it is about none.
    package var file: String?
    /// The line, from 1; nil where it is about none.
    package var line: Int?
    /// What is wrong.
    package var reason: String
    /// The user or group that no entry is of; nil where that is not what is wrong.
    package var missing: Missing?

    /// A user or group that does not exist.
    package struct Missing: Equatable, Sendable {
        package var name: String
        package var isGroup: Bool
    }

    init(_ reason: String) {
        self.reason = reason
    }

    init(file: String, line: Int? = nil, _ reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// No entry of a file is of the name.
    init(missing name: String, isGroup: Bool) {
        let kind = isGroup ? "group" : "user"
        self.init(
            file: isGroup ? "/etc/group" : "/etc/passwd",
            "has no such \(kind); give a number, or add the \(kind) to the image"
        )
        missing = Missing(name: name, isGroup: isGroup)
    }

    package var description: String {
        let place = [file, line.map(String.init)].compactMap(\.self).joined(separator: ":")
        return [subject, place].filter { !$0.isEmpty }.map { "\($0): " }.joined() + reason
    }
}
