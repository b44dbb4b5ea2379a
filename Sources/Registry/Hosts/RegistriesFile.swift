// SPDX-License-Identifier: Apache-2.0

/// What files called `registries.conf` say, as containers/image reads them (containers-registries.conf(5), version 2).
struct RegistriesFile: Equatable, Sendable {
    /// Another place with copies.
    struct Mirror: Equatable, Sendable {
        /// What it is asked for.
        enum Use: String, Sendable {
            case all
            case digests = "digest-only"
            case tags = "tag-only"
        }

        /// A host, and perhaps a path.
        var location: String
        var isInsecure = false
        /// What it is asked for; nil where the file does not say it.
        var use: Use?

        /// Whether it is asked for a name that has a digest, or for one that has none.
        func serves(digest isDigested: Bool) -> Bool {
            switch use {
            case .all, nil: true
            case .digests: isDigested
            case .tags: !isDigested
            }
        }
    }

    /// Images whose names begin alike.
    struct Namespace: Equatable, Sendable {
        /// How their names begin; `*.` at the start stands for any names in front.
        var prefix: String
        /// What is in its place where they are; empty for the name itself.
        var location: String
        var isInsecure = false
        var isBlocked = false
        var mirrors: [Mirror] = []
        /// The file that says so.
        var path: String

        /// How much of a name is the prefix.
        ///
        /// - Parameter name: Registry and repository.
        /// - Returns: How many bytes; nil where the name does not begin so.
        func length(in name: String) -> Int? {
            let name = name.utf8
            let host = name.prefix { $0 != UInt8(ascii: "/") }
            if prefix.hasPrefix("*.") {
                // Ports are not a part of what the star is for.
                let plain = host.prefix { $0 != UInt8(ascii: ":") }
                let suffix = prefix.utf8.dropFirst()
                guard plain.count > suffix.count, plain.suffix(suffix.count).elementsEqual(suffix) else { return nil }
                return plain.count
            }
            guard name.starts(with: prefix.utf8) else { return nil }
            let next = name.dropFirst(prefix.utf8.count).first
            return next == nil || next == UInt8(ascii: "/") ? prefix.utf8.count : nil
        }
    }

    private(set) var namespaces: [Namespace] = []
    /// What is in the files and has no meaning, in words.
    private(set) var warnings: [String] = []

    /// Nothing at all.
    init() {}

    /// Keys that say how names without a registry are found, which are those of docker.io as with Docker, and where
    /// credentials are, which are not looked for here.
    private static let keysOfOthers: Set<String> = [
        "additional-layer-store-auth-helper", "aliases", "credential-helpers", "short-name-mode",
        "unqualified-search-registries",
    ]

    /// Adds what a file says; what it says of a prefix is in the place of what was said before.
    ///
    /// - Parameters:
    ///   - text: The text of the file.
    ///   - path: What errors call it.
    /// - Throws: ``RegistryError/Code/configuration`` with the line or the key that is wrong.
    mutating func add(_ text: String, path: String) throws(RegistryError) {
        var reader = TOMLReader(text, path: path)
        for (key, value) in try reader.table().entries {
            switch (key, value) {
            case ("registry", .list(let items)):
                for item in items {
                    let namespace = try namespace(item, path)
                    namespaces.removeAll { $0.prefix == namespace.prefix }
                    namespaces.append(namespace)
                }
            case ("registry", _): throw Self.failure(path, "`registry` is a list of tables: `[[registry]]`")
            case ("registries", _):
                warnings.append(
                    "`\(path)`: `registries` is of version 1 of such files, which is not read; use `[[registry]]`"
                )
            default:
                if !Self.keysOfOthers.contains(key) { warn(path, key) }
            }
        }
    }

    /// What is said of an image: the longest prefix counts, and one without a star where two are as long.
    ///
    /// - Parameter name: Registry and repository.
    /// - Returns: The namespace, and how many bytes of the name are its prefix; nil for none.
    func namespace(of name: String) -> (namespace: Namespace, length: Int)? {
        var found: (namespace: Namespace, length: Int)?
        for namespace in namespaces {
            guard let length = namespace.length(in: name) else { continue }
            if let known = found {
                if length < known.length || length == known.length && namespace.prefix.hasPrefix("*.") { continue }
            }
            found = (namespace, length)
        }
        return found
    }

    // MARK: Tables

    private static func failure(_ path: String, _ reason: String) -> RegistryError {
        RegistryError(.configuration, "`\(path)`: \(reason)")
    }

    private mutating func warn(_ path: String, _ name: String) {
        warnings.append("`\(path)`: the key `\(name)` means nothing to wharf; check how it is written")
    }

    private mutating func namespace(_ value: TOMLValue, _ path: String) throws(RegistryError) -> Namespace {
        guard case .table(let table) = value else {
            throw Self.failure(path, "`registry` is a list of tables: `[[registry]]`")
        }
        var namespace = Namespace(prefix: "", location: "", path: path)
        var isForDigestsOnly = false
        for (key, value) in table.entries {
            switch (key, value) {
            case ("prefix", .text(let text)): namespace.prefix = try Self.location(text, "prefix", path)
            case ("location", .text(let text)): namespace.location = try Self.location(text, key, path)
            case ("insecure", .boolean(let isSet)): namespace.isInsecure = isSet
            case ("blocked", .boolean(let isSet)): namespace.isBlocked = isSet
            case ("mirror-by-digest-only", .boolean(let isSet)): isForDigestsOnly = isSet
            case ("mirror", .list(let items)):
                for item in items { namespace.mirrors.append(try mirror(item, path)) }
            case ("prefix", _), ("location", _): throw Self.failure(path, "the value of `\(key)` is a text")
            case ("insecure", _), ("blocked", _), ("mirror-by-digest-only", _):
                throw Self.failure(path, "the value of `\(key)` is `true` or `false`")
            case ("mirror", _): throw Self.failure(path, "mirrors are a list of tables: `[[registry.mirror]]`")
            default: warn(path, "registry.\(key)")
            }
        }
        try Self.complete(&namespace)
        if isForDigestsOnly {
            if namespace.mirrors.contains(where: { $0.use != nil }) {
                throw Self.failure(
                    path,
                    "`\(namespace.prefix)` has `mirror-by-digest-only`, and a mirror `pull-from-mirror`; only one can be"
                )
            }
            for index in namespace.mirrors.indices { namespace.mirrors[index].use = .digests }
        }
        return namespace
    }

    /// Checks the prefix, and fills in what it is where only the location is said.
    private static func complete(_ namespace: inout Namespace) throws(RegistryError) {
        if namespace.prefix.isEmpty { namespace.prefix = namespace.location }
        let prefix = namespace.prefix
        if prefix.isEmpty { throw failure(namespace.path, "a `[[registry]]` has neither `prefix` nor `location`") }
        let isPlain = prefix.hasPrefix("*.") ? !prefix.contains("/") && !prefix.contains(":") : true
        if !isPlain || prefix.dropFirst(2).contains("*") || prefix.hasPrefix("*") && !prefix.hasPrefix("*.") {
            throw failure(namespace.path, "the prefix `\(prefix)` has a star elsewhere than in `*.example.com`")
        }
        if namespace.location.hasPrefix("*") {
            throw failure(
                namespace.path,
                "the location `\(namespace.location)` has a star, which only a prefix can have"
            )
        }
        let path = prefix.split(separator: "/", maxSplits: 1).dropFirst().first ?? ""
        if path.contains(where: { $0 == ":" || $0 == "@" }) {
            throw failure(
                namespace.path,
                "the prefix `\(prefix)` has a tag or a digest, which is not supported; name the repository alone"
            )
        }
        if namespace.location.isEmpty, !prefix.hasPrefix("*.") { namespace.location = prefix }
    }

    private mutating func mirror(_ value: TOMLValue, _ path: String) throws(RegistryError) -> Mirror {
        guard case .table(let table) = value else {
            throw Self.failure(path, "mirrors are a list of tables: `[[registry.mirror]]`")
        }
        var mirror = Mirror(location: "")
        for (key, value) in table.entries {
            switch (key, value) {
            case ("location", .text(let text)): mirror.location = try Self.location(text, key, path)
            case ("insecure", .boolean(let isSet)): mirror.isInsecure = isSet
            case ("pull-from-mirror", .text("")): break
            case ("pull-from-mirror", .text(let text)):
                guard let use = Mirror.Use(rawValue: text) else {
                    throw Self.failure(
                        path,
                        "`pull-from-mirror` is `all`, `digest-only` or `tag-only`, and not `\(text.prefix(200))`"
                    )
                }
                mirror.use = use
            case ("location", _), ("pull-from-mirror", _): throw Self.failure(path, "the value of `\(key)` is a text")
            case ("insecure", _): throw Self.failure(path, "the value of `insecure` is `true` or `false`")
            default: warn(path, "registry.mirror.\(key)")
            }
        }
        if mirror.location.isEmpty { throw Self.failure(path, "a `[[registry.mirror]]` has no `location`") }
        return mirror
    }

    private static func location(_ text: String, _ name: String, _ path: String) throws(RegistryError) -> String {
        if text.contains("://") {
            throw failure(
                path,
                "the \(name) `\(text.prefix(200))` has a scheme; write the host alone, and `insecure = true` for one of HTTP"
            )
        }
        var text = text[...]
        while text.hasSuffix("/") { text = text.dropLast() }
        return String(text)
    }
}
