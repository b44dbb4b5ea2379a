// SPDX-License-Identifier: Apache-2.0

/// The full name of an image: registry, repository, tag and digest, checked against the grammar of references.
///
/// `Compose` has a type of the same name for what a compose file says, which is kept as written and checked by nobody; here
/// nothing malformed passes, since the parts become paths and requests.
package struct ImageReference: Hashable, Sendable {
    /// The host, with a port where one is given: `docker.io`, `localhost:5000`.
    package let registry: String
    /// The path within the registry: `library/nginx`.
    package let repository: String
    /// Nil where the name has a digest only.
    package let tag: String?
    /// What the name stands for, if it is pinned; wins over the tag.
    package let digest: Digest?

    /// The registry of names without one.
    package static let defaultRegistry = "docker.io"
    /// The tag of names without tag and digest.
    package static let defaultTag = "latest"

    /// Reads a name as users write it and fills in what it leaves out.
    ///
    /// - Parameter text: `[registry/]repository[:tag][@digest]`.
    /// - Throws: The error that says which part breaks the grammar.
    package init(_ text: String) throws(ImageReferenceError) {
        guard text.utf8.count <= 1024 else { throw ImageReferenceError(text, "it is longer than 1024 bytes") }
        // By bytes, since no character of the grammar has more than one.
        var rest = text[...]
        var digest: Digest?
        if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) {
            let digestText = rest[rest.utf8.index(after: at)...]
            digest = Digest(digestText)
            if digest == nil { throw ImageReferenceError(text, "`\(digestText)` is not a digest") }
            rest = rest[..<at]
        }
        var registry = Self.defaultRegistry
        if let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")), Self.isHost(rest[..<slash]) {
            registry = String(rest[..<slash])
            guard Self.isRegistry(registry) else {
                throw ImageReferenceError(text, "`\(registry)` is not a host, with or without a port")
            }
            rest = rest[rest.utf8.index(after: slash)...]
        }
        var tag: String?
        if let colon = rest.utf8.lastIndex(of: UInt8(ascii: ":")) {
            let found = rest[rest.utf8.index(after: colon)...]
            guard Self.isTag(found) else { throw ImageReferenceError(text, "`\(found)` is not a tag") }
            tag = String(found)
            rest = rest[..<colon]
        }
        if registry == "index.docker.io" { registry = Self.defaultRegistry }
        try Self.checkRepository(rest, of: text)
        self.registry = registry
        let isOfficial = registry == Self.defaultRegistry && !rest.utf8.contains(UInt8(ascii: "/"))
        repository = isOfficial ? "library/\(rest)" : String(rest)
        self.tag = tag ?? (digest == nil ? Self.defaultTag : nil)
        self.digest = digest
    }

    private init(registry: String, repository: String, tag: String?, digest: Digest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// The same image with a digest instead of the tag.
    package func pinned(to digest: Digest) -> Self {
        Self(registry: registry, repository: repository, tag: nil, digest: digest)
    }

    /// Registry and repository: `docker.io/library/nginx`.
    package var name: String { "\(registry)/\(repository)" }

    /// The name as Docker shows it, without the default registry and the `library/` of official images.
    package var familiarName: String {
        if registry != Self.defaultRegistry { return name }
        let official = "library/"
        let rest = repository.dropFirst(official.count)
        return repository.hasPrefix(official) && !rest.contains("/") ? String(rest) : repository
    }

    /// The whole as Docker shows it: `nginx:latest`.
    package var familiar: String { familiarName + suffix }

    private var suffix: String {
        (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "")
    }
}

extension ImageReference: CustomStringConvertible {
    /// The whole with all parts: `docker.io/library/nginx:latest`.
    package var description: String { name + suffix }
}

/// A text that is not the name of an image, and why.
package struct ImageReferenceError: Error, Equatable, CustomStringConvertible {
    package var text: String
    package var reason: String

    init(_ text: String, _ reason: String) {
        self.text = text
        self.reason = reason
    }

    package var description: String {
        "`\(text.prefix(256))` is not an image reference: \(reason)"
    }
}

// The grammar of github.com/distribution/reference.
extension ImageReference {
    /// Whether the first part of a path names a host rather than an owner on the default registry.
    private static func isHost(_ text: Substring) -> Bool {
        text == "localhost" || text.utf8.contains { $0 == 0x2E || $0 == 0x3A || isUpper($0) }
    }

    private static func isRegistry(_ text: String) -> Bool {
        var host = text[...]
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            let address = host[host.index(after: host.startIndex)..<end]
            let port = host[host.index(after: end)...]
            return !address.isEmpty && address.utf8.allSatisfy { isHex($0) || $0 == 0x3A } && isPortSuffix(port)
        }
        if let colon = host.firstIndex(of: ":") {
            guard isPortSuffix(host[colon...]) else { return false }
            host = host[..<colon]
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
        }
    }

    private static func isPortSuffix(_ text: Substring) -> Bool {
        text.isEmpty || text.hasPrefix(":") && text.count > 1 && text.utf8.dropFirst().allSatisfy(isDigit)
    }

    private static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return (isAlphanumeric(first) || first == 0x5F)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D }
    }

    private static func checkRepository(_ path: Substring, of text: String) throws(ImageReferenceError) {
        if path.isEmpty { throw ImageReferenceError(text, "it has no repository") }
        if path.utf8.count > 255 { throw ImageReferenceError(text, "its repository is longer than 255 bytes") }
        if path.utf8.count == 64, path.utf8.allSatisfy(isHex) {
            throw ImageReferenceError(text, "64 hexadecimal digits are an identifier and no name")
        }
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for part in parts.lazy.map(Substring.init) where !isPathPart(part) {
            let hint = part.utf8.contains(where: isUpper) ? "; a repository is in lower case" : ""
            throw ImageReferenceError(text, "`\(part)` is not a part of a repository\(hint)")
        }
    }

    /// Whether it is lower-case letters and digits, with single `.`, one or two `_` or any `-` between them.
    private static func isPathPart(_ part: Substring) -> Bool {
        var separator: [UInt8] = []
        var isEmpty = true
        for byte in part.utf8 {
            if isDigit(byte) || (0x61...0x7A).contains(byte) {
                let isValid =
                    separator.isEmpty || separator == [0x2E] || separator == [0x5F] || separator == [0x5F, 0x5F]
                guard isValid || separator.allSatisfy({ $0 == 0x2D }) else { return false }
                separator = []
                isEmpty = false
            } else if !isEmpty, byte == 0x2E || byte == 0x5F || byte == 0x2D {
                separator.append(byte)
            } else {
                return false
            }
        }
        return !isEmpty && separator.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || isUpper(byte) || (0x61...0x7A).contains(byte)
    }
}
