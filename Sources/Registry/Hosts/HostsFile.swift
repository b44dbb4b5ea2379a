// SPDX-License-Identifier: Apache-2.0

/// A `hosts.toml` as containerd has it (docs/hosts.md there): where else than at a registry its content is found.
struct HostsFile: Equatable, Sendable {
    /// A host in the order of the file.
    struct Host: Equatable, Sendable {
        /// What it may be asked for.
        enum Capability: String, Sendable {
            case pull
            case push
            case resolve
        }

        /// As the file has it: a scheme, a host, and perhaps a path.
        var address: String
        var capabilities: Set<Capability> = [.pull, .push, .resolve]
        /// How it is reached and trusted.
        var access = HostAccess.plain
        /// Whether its path is that of the API itself, without `/v2` behind it.
        var overridesPath = false
    }

    /// The registry itself; its address is empty where the file does not say that it is elsewhere than its name says.
    private(set) var server = Host(address: "")
    private(set) var hosts: [Host] = []
    /// What is in the file and has no meaning, in words.
    private(set) var warnings: [String] = []
    /// What errors call it.
    private let path: String

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: Its text.
    ///   - path: What errors call it, and where the files are that it names.
    /// - Throws: ``RegistryError/Code/configuration`` with the line or the key that is wrong.
    init(_ text: String, path: String) throws(RegistryError) {
        self.path = path
        var reader = TOMLReader(text, path: path)
        var server = Host(address: "")
        for (key, value) in try reader.table().entries {
            switch (key, value) {
            case ("server", .text(let text)): server.address = text
            case ("server", _): throw kindFailure("server", "a text")
            case ("host", .table(let table)):
                for (address, value) in table.entries { hosts.append(try host(address, value)) }
            case ("host", _): throw kindFailure("host", "a table for each host: `[host.\"https://mirror.example\"]`")
            default: try set(key, value, of: &server, "")
            }
        }
        self.server = server
    }

    private mutating func host(_ address: String, _ value: TOMLValue) throws(RegistryError) -> Host {
        let name = "host.\"\(address.prefix(200))\""
        guard case .table(let table) = value else { throw kindFailure(name, "a table") }
        var host = Host(address: address)
        for (key, value) in table.entries { try set(key, value, of: &host, name + ".") }
        return host
    }

    private mutating func set(
        _ key: String,
        _ value: TOMLValue,
        of host: inout Host,
        _ place: String
    ) throws(RegistryError) {
        let name = place + key
        switch (key, value) {
        case ("capabilities", _): host.capabilities = try capabilities(value, name)
        case ("ca", .text(let file)): host.access.authorities = [absolute(file)]
        case ("ca", _):
            guard let files = value.texts else { throw kindFailure(name, "a path or a list of paths") }
            host.access.authorities = files.map(absolute)
        case ("client", _): host.access.certificates = try certificates(value, name)
        case ("skip_verify", .boolean(let isSet)): host.access.skipsVerification = isSet
        case ("override_path", .boolean(let isSet)): host.overridesPath = isSet
        case ("skip_verify", _), ("override_path", _): throw kindFailure(name, "`true` or `false`")
        case ("header", .table(let table)): host.access.headers = try headers(table, name)
        case ("header", _): throw kindFailure(name, "a table")
        case ("dial_timeout", .text(let text)):
            guard let time = Self.duration(text) else { throw kindFailure(name, "a time such as `\"5s\"`") }
            host.access.connectTimeout = time
        case ("dial_timeout", _): throw kindFailure(name, "a time such as `\"5s\"`")
        case ("proxy", .text(let text)): host.access.proxy = try proxy(text, name)
        case ("proxy", _): throw kindFailure(name, "the address of a proxy")
        case (_, .table) where !place.isEmpty:
            throw RegistryError(
                .configuration,
                "`\(path)`: `[\(name)]` is no table of a host; a host is written in quotes: "
                    + "`[host.\"https://mirror.example\"]`"
            )
        default:
            warnings.append("`\(path)`: the key `\(name)` means nothing to wharf; check how it is written")
        }
    }

    // MARK: Values

    private func capabilities(_ value: TOMLValue, _ name: String) throws(RegistryError) -> Set<Host.Capability> {
        guard let texts = value.texts else { throw kindFailure(name, "a list of `pull`, `resolve` and `push`") }
        var found: Set<Host.Capability> = []
        for text in texts {
            guard let capability = Host.Capability(rawValue: text.lowercased()) else {
                throw RegistryError(
                    .configuration,
                    "`\(path)`: `\(text.prefix(200))` in `\(name)` is none of `pull`, `resolve` and `push`"
                )
            }
            found.insert(capability)
        }
        return found.isEmpty ? [.pull, .push, .resolve] : found
    }

    /// Certificates of the client: a file with the key in it, a list of those, or a list of pairs of certificate and key.
    private func certificates(_ value: TOMLValue, _ name: String) throws(RegistryError) -> [ClientCertificate] {
        let items: [TOMLValue]
        if case .list(let list) = value { items = list } else { items = [value] }
        var found: [ClientCertificate] = []
        for item in items {
            if case .text(let file) = item {
                found.append(ClientCertificate(file: absolute(file), key: absolute(file)))
            } else if let pair = item.texts, pair.count == 2 {
                // An empty name of the second one means the first one.
                let key = pair[1].isEmpty ? pair[0] : pair[1]
                found.append(ClientCertificate(file: absolute(pair[0]), key: absolute(key)))
            } else {
                throw kindFailure(name, "a path, a list of paths, or a list of pairs of a certificate and its key")
            }
        }
        return found
    }

    /// Fields that belong to a connection or to a message, and not to who sends it.
    private static let ownHeaders: Set<String> = [
        "connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    private func headers(_ table: TOMLTable, _ name: String) throws(RegistryError) -> [HostAccess.Header] {
        var found: [HostAccess.Header] = []
        for (header, value) in table.entries {
            let name = "\(name).\(header)"
            var texts = value.texts
            if case .text(let text) = value { texts = [text] }
            guard let texts else { throw kindFailure(name, "a text or a list of texts") }
            let isName = !header.isEmpty && header.utf8.allSatisfy { Self.isPartOfName($0) }
            let isValue = texts.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
            guard isName, isValue, !Self.ownHeaders.contains(header.lowercased()) else {
                throw RegistryError(.configuration, "`\(path)`: `\(name)` is no header that can be set")
            }
            found += texts.map { HostAccess.Header(name: header, value: $0) }
        }
        return found
    }

    /// Whether a byte may be in the name of a header (RFC 9110 section 5.6.2).
    private static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private func proxy(_ text: String, _ name: String) throws(RegistryError) -> ProxySettings.Proxy {
        guard text.contains("://"), let proxy = ProxySettings.read(text) else {
            throw RegistryError(
                .configuration,
                "`\(path)`: `\(name)` is no address of a proxy of HTTP, such as `http://proxy.example:3128`; others are "
                    + "not supported"
            )
        }
        return proxy
    }

    /// A time as Go writes it: `1m30s`, `500ms`; nil for another text, and for none at all.
    static func duration(_ text: String) -> Duration? {
        let units: [(name: String, seconds: Double)] = [
            ("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("h", 3600), ("m", 60), ("s", 1),
        ]
        var (rest, sum) = (text[...], 0.0)
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            guard let number = Double(digits), let unit = units.first(where: { rest.hasPrefix($0.name) }) else {
                return nil
            }
            rest = rest.dropFirst(unit.name.count)
            sum += number * unit.seconds
        }
        return sum > 0 && sum < 86_400 ? .seconds(sum) : nil
    }

    private func absolute(_ file: String) -> String {
        if file.hasPrefix("/") { return file }
        return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/"
            + file
    }

    private func kindFailure(_ name: String, _ wanted: String) -> RegistryError {
        RegistryError(.configuration, "`\(path)`: the value of `\(name)` is not of its kind; it is \(wanted)")
    }
}
