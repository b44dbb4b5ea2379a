// SPDX-License-Identifier: Apache-2.0

extension Project {
    /// The name of a container of a service.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - number: The number of the container among the replicas, from 1.
    ///   - separator: What stands between the parts; `_` with `--compatibility`.
    /// - Returns: The name that the service gives, or project, service and number.
    package func containerName(of service: String, number: Int, separator: String = "-") -> String {
        services[service]?.containerName ?? [name, service, String(number)].joined(separator: separator)
    }

    /// The reference of the image of a service: the one that it names, or the one that its `build` makes.
    package func imageName(of service: String, separator: String = "-") -> String {
        let image = (services[service] ?? disabledServices[service])?.image?.rawValue ?? ""
        return image.isEmpty ? [name, service].joined(separator: separator) : image
    }

    /// The name by which the engine knows a network.
    package func networkName(_ key: String) -> String { networks[key]?.name ?? "\(name)_\(key)" }

    /// The name by which the engine knows a volume.
    package func volumeName(_ key: String) -> String { volumes[key]?.name ?? "\(name)_\(key)" }
}

extension Service {
    /// How many containers it has where nobody says otherwise; one in mode `global`, which means one on each machine.
    package var replicas: Int { isGlobal ? 1 : max(0, scale ?? deploy?.replicas ?? 1) }

    /// Whether it has one container on each machine, and so just one here.
    package var isGlobal: Bool { deploy?.mode?.hasPrefix("global") == true }

    /// The order in which its networks are joined; the first one has the published ports and the container's own addresses.
    package var networksByPriority: [String] {
        func priority(_ key: String) -> Int { networks[key]??.priority ?? 0 }
        return networks.keys.sorted { left, right in
            priority(left) == priority(right) ? left < right : priority(left) > priority(right)
        }
    }

    /// The service that a mode such as `service:db` names; nil for any other.
    package static func reference(in mode: String?) -> String? {
        guard let mode, mode.hasPrefix("service:") else { return nil }
        return String(mode.dropFirst("service:".count))
    }

    /// The services whose namespaces or mounts its containers use, so that they cannot outlive theirs.
    package var sharedServices: Set<String> {
        var names = Set([networkMode, ipc, pid, uts].compactMap(Self.reference(in:)))
        for source in volumesFrom where !source.hasPrefix("container:") {
            names.insert(String(source.prefix { $0 != ":" }))
        }
        return names
    }
}
