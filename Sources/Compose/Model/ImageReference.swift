// SPDX-License-Identifier: Apache-2.0

/// The name of an image as written in the compose file.
///
/// Loading does not check it, as Docker Compose does not: the parts are taken out of whatever is there when they are
/// asked for, and the registry is the first to refuse a malformed one.
package struct ImageReference: RawRepresentable, Hashable, Sendable, Codable {
    /// The text as written.
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(_ rawValue: String) {
        self.init(rawValue: rawValue)
    }

    /// The registry that images without one are taken from.
    package static let defaultRegistry = "docker.io"

    /// The host, with a port where one is given: `docker.io`, `localhost:5000`.
    package var registry: String {
        parts.registry.map(String.init) ?? Self.defaultRegistry
    }

    /// The path within the registry: `library/nginx`, `grafana/grafana`.
    package var repository: String {
        let path = String(parts.path)
        let isOfficial = registry == Self.defaultRegistry && !path.utf8.contains(UInt8(ascii: "/"))
        return isOfficial ? "library/" + path : path
    }

    /// The tag; nil where the text has none, which means `latest` unless there is a digest.
    package var tag: String? {
        parts.tag.map(String.init)
    }

    /// The digest with its algorithm: `sha256:…`.
    package var digest: String? {
        parts.digest.map(String.init)
    }

    private typealias Parts = (registry: Substring?, path: Substring, tag: Substring?, digest: Substring?)

    private var parts: Parts {
        var rest = rawValue[...]
        var parts: Parts = (nil, rest, nil, nil)
        if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) {
            parts.digest = rest[rest.utf8.index(after: at)...]
            rest = rest[..<at]
        }
        if let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")), Self.isHost(rest[..<slash]) {
            parts.registry = rest[..<slash] == "index.docker.io" ? nil : rest[..<slash]
            rest = rest[rest.utf8.index(after: slash)...]
        }
        if let colon = rest.utf8.lastIndex(of: UInt8(ascii: ":")) {
            parts.tag = rest[rest.utf8.index(after: colon)...]
            rest = rest[..<colon]
        }
        parts.path = rest
        return parts
    }

    /// Whether the first part of a path names a host rather than an owner on the default registry.
    private static func isHost(_ text: Substring) -> Bool {
        text == "localhost"
            || text.utf8.contains { byte in
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            }
    }
}

extension ImageReference: CustomStringConvertible, ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        self.init(value)
    }

    package var description: String { rawValue }
}
