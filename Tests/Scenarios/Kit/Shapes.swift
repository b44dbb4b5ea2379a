// SPDX-License-Identifier: Apache-2.0

import ConformanceKit

/// What of an inspection of a container counts.
enum ContainerShape {
    /// Facts of a moment, of a machine or of a version of the engine.
    private static let dropped: Set = [
        "Id", "Name", "Created", "Path", "Args", "ResolvConfPath", "HostnamePath", "HostsPath", "LogPath", "Driver",
        "GraphDriver", "Platform", "MountLabel", "ProcessLabel", "AppArmorProfile", "ExecIDs", "SizeRw", "SizeRootFs",
        "ImageManifestDescriptor", "Storage",
    ]

    /// How the engine runs everything that does not say otherwise.
    private static let hostDefaults: [String: Set<String>] = [
        "Runtime": [#""runc""#, #""wharf""#], "MaskedPaths": [], "ReadonlyPaths": [], "ConsoleSize": [],
        "CgroupnsMode": [], "IpcMode": [#""private""#], "ShmSize": ["67108864"], "LogConfig": [], "Isolation": [],
    ]

    static func shown(_ container: JSONValue, _ words: Words) -> JSONValue {
        var members = container.members.filter { !dropped.contains($0.key) }
        members["State"] = state(container["State"])
        members["Config"] = config(container)
        members["HostConfig"] = hostConfig(container["HostConfig"])
        members["NetworkSettings"] = networks(container)
        members["Mounts"] = .object(
            Dictionary(
                container["Mounts"].values.map { ($0["Destination"].text ?? "", mount($0)) },
                uniquingKeysWith: { first, _ in first }
            )
        )
        return JSONValue.object(members).tidied(words)
    }

    private static func state(_ state: JSONValue) -> JSONValue {
        var members = state.members.filter { ["Status", "ExitCode", "OOMKilled"].contains($0.key) }
        members["Health"] = state["Health"]["Status"].text == "none" ? .null : state["Health"]["Status"]
        return .object(members)
    }

    private static func config(_ container: JSONValue) -> JSONValue {
        var members = container["Config"].members
        if let hostname = members["Hostname"]?.text, let id = container["Id"].text, id.hasPrefix(hostname) {
            members["Hostname"] = nil
        }
        var labels = members["Labels"]?.members ?? [:]
        // wharf's own version stands there.
        labels["com.docker.compose.version"] = nil
        // Docker Compose writes them in any order.
        let dependencies = labels["com.docker.compose.depends_on"]?.text?.split(separator: ",").sorted()
        labels["com.docker.compose.depends_on"] = dependencies.map { .string($0.joined(separator: ",")) }
        members["Labels"] = .object(labels)
        members["Env"] = .array((members["Env"]?.texts ?? []).sorted().map { .string($0) })
        return .object(members)
    }

    private static func hostConfig(_ hostConfig: JSONValue) -> JSONValue {
        var members = hostConfig.members
        for (key, values) in hostDefaults {
            guard let value = members[key] else { continue }
            if values.isEmpty || values.contains(value.lines.first.map { String($0.dropFirst(". = ".count)) } ?? "") {
                if key != "LogConfig" || logsPlainly(value) { members[key] = nil }
            }
        }
        // What is said of an unprivileged container by its silence.
        let labels = members["SecurityOpt"]?.texts.filter { $0 != "label=disable" }
        members["SecurityOpt"] = labels.map { .array($0.map { .string($0) }) }
        // Whoever has none has this one.
        if members["RestartPolicy"]?["Name"].text == "no" { members["RestartPolicy"] = nil }
        for key in ["Binds", "CapAdd", "CapDrop"] {
            guard let texts = members[key]?.texts, !texts.isEmpty else { continue }
            members[key] = .array(texts.sorted().map { .string($0) })
        }
        // In no order, as they stand in the file's mapping.
        if let limits = members["Ulimits"]?.values, !limits.isEmpty {
            members["Ulimits"] = .array(limits.sorted { ($0["Name"].text ?? "") < ($1["Name"].text ?? "") })
        }
        if let mounts = members["Mounts"]?.values, !mounts.isEmpty {
            members["Mounts"] = .array(mounts.sorted { ($0["Target"].text ?? "") < ($1["Target"].text ?? "") })
        }
        return .object(members)
    }

    private static func logsPlainly(_ config: JSONValue) -> Bool {
        config["Config"].members.isEmpty && ["json-file", "local", ""].contains(config["Type"].text ?? "")
    }

    private static func mount(_ mount: JSONValue) -> JSONValue {
        var members = mount.members
        members["Destination"] = nil
        members["Mode"] = nil
        if members["Type"]?.text == "volume" { members["Source"] = nil }
        if members["Propagation"]?.text == "rprivate" { members["Propagation"] = nil }
        return .object(members)
    }

    private static func networks(_ container: JSONValue) -> JSONValue {
        let settings = container["NetworkSettings"]
        let id = String(container["Id"].text?.prefix(12) ?? "")
        let name = String(container["Name"].text?.dropFirst() ?? "")
        let networks = settings["Networks"].members.mapValues { network in
            var members = network.members.filter {
                ["IPAMConfig", "Links", "DriverOpts", "GwPriority"].contains($0.key)
            }
            // Newer engines have a list of them, which also tells the identifier and the name of the container.
            let names = Set(network["Aliases"].texts + network["DNSNames"].texts).subtracting([id, name])
            members["Names"] = .array(names.sorted().map { .string($0) })
            return JSONValue.object(members)
        }
        let ports = settings["Ports"].members.mapValues { JSONValue.array($0.values.map(port)) }
        return .object(["Networks": .object(networks), "Ports": .object(ports)])
    }

    /// A port that the engine chose is no more than one.
    private static func port(_ binding: JSONValue) -> JSONValue {
        var members = binding.members
        if let number = members["HostPort"]?.text.flatMap({ Int($0) }), number >= 32768 {
            members["HostPort"] = .string("<port>")
        }
        return .object(members)
    }
}

/// What of an inspection of a network counts.
enum NetworkShape {
    /// What counts; of its containers those that run, since others leave a little later than they end.
    static func shown(_ network: JSONValue, _ words: Words, running: Set<String>) -> JSONValue {
        var members = network.members.filter {
            !["Id", "Name", "Created", "Peers", "Status", "Services", "ConfigFrom", "EnableIPv4"].contains($0.key)
        }
        members["Labels"] = withoutVersion(network["Labels"])
        members["Containers"] = .array(
            network["Containers"].members.values.compactMap { $0["Name"].text }.map { words.replace(in: $0) }
                .filter(running.contains).sorted().map { .string($0) }
        )
        var ipam = network["IPAM"].members
        ipam["Config"] = .array(network["IPAM"]["Config"].values.filter { !isAutomatic($0) })
        if ipam["Driver"]?.text == "default" { ipam["Driver"] = nil }
        members["IPAM"] = .object(ipam)
        return JSONValue.object(members).tidied(words)
    }

    /// Scenarios choose from 10.0.0.0/8, engines from elsewhere.
    private static func isAutomatic(_ config: JSONValue) -> Bool {
        config["Subnet"].text.map { $0.hasPrefix("172.") || $0.hasPrefix("192.168.") || $0.hasPrefix("fd") } ?? false
    }

    static func withoutVersion(_ labels: JSONValue) -> JSONValue {
        .object(labels.members.filter { $0.key != "com.docker.compose.version" })
    }
}

/// What of an inspection of a volume counts.
enum VolumeShape {
    static func shown(_ volume: JSONValue, _ words: Words) -> JSONValue {
        var members = volume.members.filter { ["Driver", "Options", "Scope"].contains($0.key) }
        members["Labels"] = NetworkShape.withoutVersion(volume["Labels"])
        return JSONValue.object(members).tidied(words)
    }
}

extension JSONValue {
    /// Without members that say nothing: null, false, zero, and what is empty, which one engine leaves out and another
    /// writes.
    fileprivate func tidied(_ words: Words) -> JSONValue {
        switch self {
        case .string(let text): return .string(words.replace(in: text))
        case .array(let values): return .array(values.map { $0.tidied(words) })
        case .object(let members):
            let tidy = members.map { (words.replace(in: $0.key), $0.value.tidied(words)) }.filter { !$0.1.saysNothing }
            return .object(Dictionary(tidy, uniquingKeysWith: { first, _ in first }))
        default: return self
        }
    }

    private var saysNothing: Bool {
        switch self {
        case .null, .bool(false), .integer(0), .string(""): true
        case .array(let values): values.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
