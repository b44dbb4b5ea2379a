// SPDX-License-Identifier: Apache-2.0

import YAML

extension Codec where Value == [String]? {
    /// A command line: a list of arguments, or a string to be split as a shell does.
    ///
    /// No command (nil) and an empty one differ: the empty one hides that of the image.
    static var command: Codec {
        let strings = Codec<[String]>.strings
        return Codec(zero: nil) { node, context in
            guard let line = node.string else {
                return strings.decode(node, &context)
            }
            do throws(ValueError) {
                return try ShellWords.split(line)
            } catch {
                context.report(.invalidValue, error.message, at: node, suggestion: error.suggestion)
                return nil
            }
        } encode: { value, format in
            value.map { strings.encode($0, format) } ?? Node(.null)
        } isZero: {
            $0 == nil
        }
    }
}

extension Codec where Value == [String] {
    /// A health check: a list that begins with its kind, or a string to be given to the shell.
    static var healthcheckTest: Codec {
        let strings = Codec.strings
        return Codec(zero: []) { node, context in
            if let line = node.string { ["CMD-SHELL", line] } else { strings.decode(node, &context) }
        } encode: { value, format in
            strings.encode(value, format)
        }
    }
}

extension Codec where Value == [String: [String]] {
    /// Additional hosts: a mapping of a name to its addresses, or a list of `name=address` or `name:address`.
    static var extraHosts: Codec {
        Codec(zero: [:]) { node, context in
            var hosts: Value = [:]
            switch node.value {
            case .mapping:
                hosts = Codec.map(.list(.scalar)).decode(node, &context)
                // A name with no address at all stands for the empty address.
                if case .mapping(let mapping) = node.value {
                    for entry in mapping.entries where entry.value.isNull {
                        hosts[entry.key] = [""]
                    }
                }
            case .sequence(let items):
                context.forEachItem(of: items) { item, context in
                    addHost(item, to: &hosts, in: &context)
                }
            default: context.reportKind(of: node, expected: "a mapping or a list")
            }
            for host in hosts.keys.sorted() where host.isEmpty || host.utf8.contains(where: isHostSeparator) {
                context.report(.invalidValue, "bad host name `\(host)`", at: node)
            }
            return hosts.mapValues { $0.map(withoutBrackets) }
        } encode: { value, _ in
            let lines = value.flatMap { host, addresses in addresses.map { host + "=" + $0 } }
            return Node(.sequence(lines.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { Node($0) }))
        } isZero: {
            $0.isEmpty
        }
    }

    private static func addHost(_ item: Node, to hosts: inout Value, in context: inout DecodingContext) {
        guard !item.isInvalid else {
            return
        }
        let text = item.scalarText ?? ""
        let separator: UInt8 = text.utf8.contains(UInt8(ascii: "=")) ? UInt8(ascii: "=") : UInt8(ascii: ":")
        guard case (let host, let addresses?) = text.cut(at: separator) else {
            context.report(.invalidValue, "additional host `\(text)` has no address", at: item)
            return
        }
        hosts[host, default: []] += addresses.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func isHostSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=")
    }

    private static func withoutBrackets(_ address: String) -> String {
        let bytes = address.utf8
        guard bytes.count > 2, bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") else {
            return address
        }
        return String(address.dropFirst().dropLast())
    }
}

extension Codec where Value == Ulimit {
    /// A limit: an integer for both bounds, or a mapping of the two.
    static var ulimit: Codec {
        let integer = Codec<Int>.integer
        return Codec(zero: Ulimit(soft: 0, hard: 0)) { node, context in
            guard case .mapping(let mapping) = node.value else {
                return Ulimit(integer.decode(node, &context))
            }
            var limit = Ulimit(soft: 0, hard: 0)
            context.forEachEntry(of: mapping) { entry, context in
                switch entry.key {
                case "soft": limit.soft = integer.decode(entry.value, &context)
                case "hard": limit.hard = integer.decode(entry.value, &context)
                default: break
                }
            }
            return limit
        } encode: { value, format in
            if value.isSingle {
                return Node(.int(value.soft))
            }
            let bounds = [("soft", value.soft), ("hard", value.hard)].filter { format == .yaml || $0.1 != 0 }
            let entries = bounds.map { Mapping.Entry(key: $0.0, value: Node(.int($0.1))) }
            return Node(.mapping(Mapping(uniqueEntries: entries)))
        }
    }
}

extension Codec where Value == [SSHKey] {
    /// Keys for the build: a mapping of identifiers to paths, or a list of `id` or `id=path`.
    static var sshKeys: Codec {
        Codec(zero: []) { node, context in
            switch node.value {
            case .mapping(let mapping):
                return mapping.entries.map { entry in
                    SSHKey(id: entry.key, path: entry.value.scalarText.flatMap { $0.isEmpty ? nil : $0 })
                }
            case .null, .invalid: return []
            default:
                return Codec<[String]>.strings.decode(node, &context).map { text in
                    let (id, path) = text.cut(at: UInt8(ascii: "="))
                    return SSHKey(id: id, path: path)
                }
            }
        } encode: { value, format in
            // The separator that Docker Compose prints; its JSON fails altogether, ours can be read back.
            let separator = format == .yaml ? ": " : "="
            return Node(.sequence(value.map { key in Node(key.path.map { key.id + separator + $0 } ?? key.id) }))
        }
    }
}

extension Codec where Value == DeviceRequest.Count {
    /// How many devices: an integer, or `all`.
    static var deviceCount: Codec {
        Codec(zero: DeviceRequest.Count(0)) { node, context in
            switch node.value {
            case .int(let int): return DeviceRequest.Count(int)
            case .string(let string):
                if string.lowercased() == "all" {
                    return .all
                }
                if let int = Int(string) {
                    return DeviceRequest.Count(int)
                }
                context.report(.invalidValue, "`\(string)` is neither a number nor `all`", at: node)
            default: context.reportKind(of: node, expected: "an integer or `all`")
            }
            return DeviceRequest.Count(0)
        } encode: { value, _ in
            Node(.int(value.number))
        }
    }
}
