// SPDX-License-Identifier: Apache-2.0

package import Compose

/// Why something is done, in words for a person.
package struct Cause: Codable, Equatable, Sendable {
    /// The reason: `environment.MODE "dev" → "prod"`.
    package var text: String
    /// The place of what has changed within the project: `services.web.environment.MODE`.
    package var path: String?
    /// What it was; nil where there was nothing.
    package var old: String?
    /// What it is; nil where there is nothing.
    package var new: String?
    /// Where in the files it stands.
    package var location: SourceLocation?

    package init(_ text: String, at location: SourceLocation? = nil) {
        self.text = text
        self.location = location
    }

    /// A value that has changed.
    ///
    /// - Parameters:
    ///   - name: What it is called in the text.
    ///   - path: Its place within the project.
    ///   - old: What it was; nil for nothing.
    ///   - new: What it is; nil for nothing.
    ///   - location: Where the new one stands.
    package init(_ name: String, _ path: String, old: String?, new: String?, at location: SourceLocation?) {
        text =
            switch (old, new) {
            case (let old?, let new?): "\(name) \(old) → \(new)"
            case (nil, let new?): new == "null" ? "\(name) is new" : "\(name) \(new) is new"
            case (let old?, nil) where old != "null": "\(name) \(old) is gone"
            case (_, nil): "\(name) is gone"
            }
        (self.path, self.old, self.new, self.location) = (path, old, new, location)
    }

    /// The text, with the place in the files.
    ///
    /// - Parameter directory: The folder that paths are shown relative to.
    /// - Returns: The text; without a place where it has none.
    package func description(from directory: String) -> String {
        guard let location else { return text }
        let prefix = directory.hasSuffix("/") ? directory : directory + "/"
        let file = location.file.hasPrefix(prefix) ? String(location.file.dropFirst(prefix.count)) : location.file
        return "\(text) (\(file):\(location.line):\(location.column))"
    }
}

/// Something that stands in the way of a plan, or that is to be known of it.
package struct Problem: Codable, Equatable, Sendable {
    package var message: String
    /// What to do about it; nil where the message says it.
    package var help: String?
    /// Where in the files it comes from.
    package var location: SourceLocation?

    package init(_ message: String, help: String? = nil, at location: SourceLocation? = nil) {
        self.message = message
        self.help = help
        self.location = location
    }
}
