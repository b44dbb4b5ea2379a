// SPDX-License-Identifier: Apache-2.0

import YAML

/// Finds what the author of a wrong place may have meant.
struct SchemaHints {
    private let place: SchemaPlace

    init(place: SchemaPlace) {
        self.place = place
    }
}

/// Values of the wrong kind.
extension SchemaHints {
    /// A near correction of a value of the wrong kind.
    func suggestion(for value: Node.Value, insteadOf schema: Schema) -> String? {
        misplacedEntry(schema) ?? retiredKey ?? correction(of: value, to: schema)
    }

    /// `services.image`: a key of a service where a service is expected.
    private func misplacedEntry(_ schema: Schema) -> String? {
        guard
            place.path.count == 2, case .key(let section) = place.path[0], case .key(let key) = place.path[1],
            schema.object?.keys[key] != nil
        else {
            return nil
        }
        let kind = section.dropLast()
        return "`\(key)` is a key of a \(kind): indent it below the name of a \(kind)"
    }

    private var retiredKey: String? {
        place.path == [.key("version")] ? "remove it, a compose file needs no version" : nil
    }

    private func correction(of value: Node.Value, to schema: Schema) -> String? {
        let isSwitch = schema.kinds.contains(.boolean) && schema.kinds.isDisjoint(with: .number)
        return switch value {
        case .null:
            "give it a value or remove it"
        case .string(let string) where isSwitch:
            booleanCorrection(of: string)
        case _ where isSwitch:
            "write true or false"
        case .int(let number) where isDuration:
            "write it with a unit: \(number)s"
        case .bool(let bool) where schema.kinds.contains(.string):
            place.path.last == .key("restart") && !bool
                ? "write it in quotes: \"no\"" : "write it in quotes: \"\(bool)\""
        // The text of the file is not known here, and 0o17 or 1.10 would not survive: so without an example.
        case .int, .unsigned, .float, .timestamp:
            numberCorrection(value, to: schema)
        case .string(let string) where schema.kinds.contains(.list):
            listCorrection(of: string)
        case .string where schema.kinds.contains(.integer):
            "write it as a number, without quotes"
        case .mapping(let mapping):
            itemCorrection(of: mapping, to: schema)
        case .sequence where schema.kinds.contains(.mapping):
            "write it as `key: value` lines, without dashes"
        default:
            nil
        }
    }

    /// Whether the specification has a duration here, which it only knows as a string.
    private var isDuration: Bool {
        guard case .key(let key)? = place.path.last else {
            return false
        }
        return [
            "delay", "interval", "monitor", "start_interval", "start_period", "stop_grace_period", "timeout", "window",
        ].contains(key)
    }

    private func numberCorrection(_ value: Node.Value, to schema: Schema) -> String? {
        if schema.kinds.contains(.string) {
            return "write it in quotes"
        }
        guard let list = schema.list, list.items.accepts(value), let text = value.shortText else {
            return nil
        }
        return "write it as a list: [\(text)]"
    }

    private func listCorrection(of string: String) -> String? {
        guard let text = Node.Value.string(string).shortText, !text.contains("\""), !text.contains("\\") else {
            return "write it as a list"
        }
        return "write it as a list: [\"\(text)\"]"
    }

    private func booleanCorrection(of string: String) -> String? {
        switch string.lowercased() {
        case "true", "yes", "on", "y": "write it without quotes: true"
        case "false", "no", "off", "n": "write it without quotes: false"
        default: "write true or false"
        }
    }

    /// `- KEY: value` in a list of strings.
    private func itemCorrection(of mapping: Mapping, to schema: Schema) -> String? {
        guard
            schema.kinds.contains(.string), mapping.count == 1, let entry = mapping.entries.first,
            case .index? = place.path.last, place.schemas.count > 1
        else {
            return schema.kinds.contains(.list) ? "write each entry as an item with a dash: `- …`" : nil
        }
        let list = place.schemas[place.schemas.count - 2]
        guard list.kinds.contains(.mapping), let value = entry.value.value.shortText else {
            return "write it in quotes, since `: ` makes it a mapping"
        }
        return "write `\(entry.key)=\(value)`, or remove the dashes"
    }
}

/// Unknown keys.
extension SchemaHints {
    /// The key that was meant, or the place that it belongs to.
    func suggestion(forUnknown key: String, _ value: Node, index: SchemaIndex) -> String? {
        guard let object = place.schemas.last?.object else {
            return nil
        }
        return owner(of: key)
            ?? synonym(of: key, in: object).map { "did you mean `\($0)`?" }
            ?? Suggestions.nearest(to: key, in: object.keys.keys.sorted()).map { "did you mean `\($0)`?" }
            ?? misplacedSection
            ?? index.hint(for: key)
            ?? missingSection(value)
    }

    /// The key stands too deep: an object around this one has it.
    private func owner(of key: String) -> String? {
        for depth in place.path.indices.reversed() where place.schemas[depth].object?.keys[key] != nil {
            guard depth > 0 else {
                return "`\(key)` belongs at the top level"
            }
            var outer = place
            outer.path.removeSubrange(depth...)
            return "`\(key)` belongs directly in \(outer.subject)"
        }
        return nil
    }

    /// `services.networks` whose entries are not keys of a service.
    private var misplacedSection: String? {
        guard
            place.path.count == 2, place.path[0] == .key("services"), case .key(let name) = place.path[1],
            Schema.project.object?.keys[name] != nil
        else {
            return nil
        }
        return "if `\(name)` is not meant as a service, move it out of `services` to the top level"
    }

    /// A service at the top level, as in files of the first version.
    private func missingSection(_ value: Node) -> String? {
        guard
            place.path.isEmpty, case .mapping(let mapping) = value.value, let service = Schema.service.object,
            mapping.entries.contains(where: { service.keys[$0.key] != nil })
        else {
            return nil
        }
        return "a service belongs under `services`"
    }

    /// What other tools and older files call a key.
    private func synonym(of key: String, in object: Schema.Object) -> String? {
        let name: String
        switch key {
        case "cmd": name = "command"
        case "depends": name = "depends_on"
        case "env", "envs", "environments": name = "environment"
        case "mem", "memory": name = "mem_limit"
        case "cpu", "cpu_limit": name = "cpus"
        case "net": name = "network_mode"
        case "workdir": name = "working_dir"
        case "network": name = "networks"
        default: return nil
        }
        return object.keys[name] == nil ? nil : name
    }
}
