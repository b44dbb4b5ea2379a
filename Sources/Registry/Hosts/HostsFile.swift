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
        /// Files with authorities that prove who it is.
        var authorities: [String] = []
        /// Whether it need not prove that.
        var skipsVerification = false
        /// Whether its path is that of the API itself, without `/v2` behind it.
        var overridesPath = false
    }

    /// The registry itself, where it is elsewhere than its name says.
    var server: Host?
    var hosts: [Host] = []

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: Its text.
    ///   - path: What errors call it, and where the files are that it names.
    /// - Throws: ``RegistryError/Code/configuration`` with the line that is wrong.
    init(_ text: String, path: String) throws(RegistryError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        var top = Host(address: "")
        /// Whose keys these are: that of a number, -1 for the top, nil for a table without a meaning.
        var place: Int? = -1
        for line in TOMLLines(text).lines {
            if line.hasPrefix("[") {
                place = try Self.table(line, path, &hosts)
                continue
            }
            guard let place else { continue }
            guard let (key, value) = Self.pair(line) else { throw Self.failure(path, line) }
            if place < 0 {
                try Self.set(key, value, of: &top, folder, path)
            } else {
                try Self.set(key, value, of: &hosts[place], folder, path)
            }
        }
        if !top.address.isEmpty { server = top }
    }

    private static func failure(_ path: String, _ line: String) -> RegistryError {
        RegistryError(.configuration, "`\(path)`: `\(line.prefix(200))` cannot be read")
    }

    /// Begins `[host."https://mirror"]`; other tables, such as those of headers, have no number.
    private static func table(_ line: String, _ path: String, _ hosts: inout [Host]) throws(RegistryError) -> Int? {
        guard line.hasSuffix("]") else { throw failure(path, line) }
        let name = line.dropFirst().dropLast().trimmingBlanks
        guard name.hasPrefix("host.") else { return nil }
        let quoted = name.dropFirst("host.".count)
        guard let quote = quoted.first, quote == "\"" || quote == "'",
            let end = quoted.dropFirst().firstIndex(of: quote)
        else { throw failure(path, line) }
        let address = String(quoted[quoted.index(after: quoted.startIndex)..<end])
        if quoted.index(after: end) != quoted.endIndex { return nil }
        hosts.append(Host(address: address))
        return hosts.count - 1
    }

    private static func pair(_ line: String) -> (key: String, value: TOMLValue)? {
        guard let mark = line.firstIndex(of: "=") else { return nil }
        let key = line[..<mark].trimmingBlanks.filter { $0 != "\"" && $0 != "'" }
        return TOMLValue(line[line.index(after: mark)...]).map { (String(key), $0) }
    }

    private static func set(
        _ key: String,
        _ value: TOMLValue,
        of host: inout Host,
        _ folder: String,
        _ path: String
    ) throws(RegistryError) {
        switch (key, value) {
        case ("server", .text(let text)): host.address = text
        case ("capabilities", .list(let names)):
            host.capabilities = Set(names.compactMap { Host.Capability(rawValue: $0) })
        case ("ca", .text(let file)): host.authorities = [file.hasPrefix("/") ? file : folder + "/" + file]
        case ("ca", .list(let files)):
            host.authorities = files.map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
        case ("skip_verify", .boolean(let isSet)): host.skipsVerification = isSet
        case ("override_path", .boolean(let isSet)): host.overridesPath = isSet
        case ("server", _), ("capabilities", _), ("ca", _), ("skip_verify", _), ("override_path", _):
            throw RegistryError(.configuration, "`\(path)`: the value of `\(key)` is not of its kind")
        // Client certificates have their files beside, as `HOST.cert` and `HOST.key`.
        default: return
        }
    }
}

/// A value of TOML as hosts have them.
private enum TOMLValue: Equatable {
    case text(String)
    case boolean(Bool)
    case list([String])

    init?(_ text: some StringProtocol) {
        let text = text.trimmingBlanks
        if text == "true" || text == "false" {
            self = .boolean(text == "true")
        } else if text.hasPrefix("[") {
            guard text.hasSuffix("]") else { return nil }
            var (items, item, quote): ([String], String, Character?) = ([], "", nil)
            for character in text.dropFirst().dropLast() {
                if let open = quote {
                    if character == open {
                        items.append(item)
                        (item, quote) = ("", nil)
                    } else {
                        item.append(character)
                    }
                } else if character == "\"" || character == "'" {
                    quote = character
                }
            }
            self = .list(items)
        } else if let quote = text.first, quote == "\"" || quote == "'", text.last == quote, text.count >= 2 {
            self = .text(String(text.dropFirst().dropLast()))
        } else {
            return nil
        }
    }
}

/// The lines of a text of TOML without comments; a list over several lines is one.
private struct TOMLLines {
    private(set) var lines: [String] = []

    init(_ text: String) {
        var open = ""
        for line in text.split(separator: "\n") {
            let plain = Self.withoutComment(line).trimmingBlanks
            if plain.isEmpty { continue }
            open += (open.isEmpty ? "" : " ") + plain
            let isTable = open.hasPrefix("[")
            if !isTable, open.contains("["), !open.hasSuffix("]") { continue }
            lines.append(open)
            open = ""
        }
        if !open.isEmpty { lines.append(open) }
    }

    private static func withoutComment(_ line: Substring) -> Substring {
        var quote: Character?
        for index in line.indices {
            let character = line[index]
            if character == quote {
                quote = nil
            } else if quote == nil {
                if character == "#" { return line[..<index] }
                if character == "\"" || character == "'" { quote = character }
            }
        }
        return line
    }
}

extension StringProtocol {
    fileprivate var trimmingBlanks: String {
        var rest = Substring(self)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
