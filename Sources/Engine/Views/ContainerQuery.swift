// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Store

/// Chooses containers by the filters of the API.
struct ContainerQuery {
    private static let keys: Set = [
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
        "publish", "since", "status", "volume",
    ]

    private let filters: Filters
    private let exitStatuses: [Int32]
    private let ports: (published: [PortName], exposed: [PortName])
    private let patterns: (names: [NamePattern], ids: [NamePattern])
    /// The images that `ancestor` means.
    private let ancestors: Set<String>
    private let isTask: Bool?

    /// The containers of a list, the newest first.
    ///
    /// - Parameters:
    ///   - query: What is asked for.
    ///   - containers: All containers.
    ///   - images: The identifiers of the images that a name means, and of those that were made from them.
    /// - Returns: Those that the query shows.
    /// - Throws: `badParameter` for a filter that is not known or makes no sense, `notFound` for one that names a
    ///   container that does not exist.
    static func list(
        _ query: ContainerListQuery,
        among containers: [ContainerSnapshot],
        imagesNamed images: (String) -> Set<String>
    ) throws(EngineError) -> [ContainerSnapshot] {
        let filter = try ContainerQuery(query.filters, images)
        let limit = query.limit.flatMap { $0 > 0 ? $0 : nil } ?? .max
        let showsAll =
            query.showsAll || limit < .max || !query.filters["status"].isEmpty || !query.filters["exited"].isEmpty
        let (before, since) = (query.filters["before"], query.filters["since"])
        if before.isEmpty, since.isEmpty {
            let found = containers.filter { (showsAll || $0.isRunning) && filter.accepts($0) }
            return Array(newestFirst(found).prefix(limit))
        }
        // These are about all containers, those that are not shown among them.
        var candidates = newestFirst(containers)
        let names = candidates.map { (id: $0.id, name: $0.name.description) }
        for reference in before {
            let id = try ObjectLookup.resolve(reference, among: names)
            candidates = Array(candidates.drop { $0.id != id }.dropFirst())
        }
        for reference in since {
            let id = try ObjectLookup.resolve(reference, among: names)
            candidates = Array(candidates.prefix { $0.id != id })
        }
        return Array(candidates.filter { (showsAll || $0.isRunning) && filter.accepts($0) }.prefix(limit))
    }

    private static func newestFirst(_ containers: [ContainerSnapshot]) -> [ContainerSnapshot] {
        let keys = containers.map { (created: $0.created, id: $0.id.description) }
        let order = keys.indices.sorted { (keys[$0].created, keys[$0].id) > (keys[$1].created, keys[$1].id) }
        return order.map { containers[$0] }
    }

    private init(_ filters: Filters, _ images: (String) -> Set<String>) throws(EngineError) {
        try filters.check(against: Self.keys)
        self.filters = filters
        for status in filters["status"] where ContainerState.Status(rawValue: status) == nil {
            throw Self.invalid("status", status)
        }
        for health in filters["health"] where !["starting", "healthy", "unhealthy", "none"].contains(health) {
            throw Self.invalid("health", health)
        }
        var statuses: [Int32] = []
        for text in filters["exited"] {
            guard let status = Int32(text) else { throw Self.invalid("exited", text) }
            statuses.append(status)
        }
        exitStatuses = statuses
        ports = (try Self.ports("publish", filters), try Self.ports("expose", filters))
        patterns = (
            filters["name"].compactMap { NamePattern($0) }, filters["id"].compactMap { NamePattern($0) }
        )
        ancestors = filters["ancestor"].reduce(into: []) { $0.formUnion(images($1)) }
        isTask = try filters.boolean("is-task")
    }

    private static func invalid(_ key: String, _ value: String) -> EngineError {
        EngineError(.badParameter, "Invalid filter '\(key)=\(value.prefix(64))'")
    }

    private static func ports(_ key: String, _ filters: Filters) throws(EngineError) -> [PortName] {
        var ports: [PortName] = []
        for text in filters[key] {
            guard let port = PortName(text) else { throw invalid(key, text) }
            ports.append(port)
        }
        return ports
    }

    // MARK: One container

    private func accepts(_ container: ContainerSnapshot) -> Bool {
        acceptsIdentity(container) && acceptsState(container) && acceptsPlaces(container)
    }

    private func acceptsIdentity(_ container: ContainerSnapshot) -> Bool {
        let name = container.name
        if !filters["name"].isEmpty {
            // Some users write the slash that lists show.
            guard patterns.names.contains(where: { $0.matches(name.description) || $0.matches(name.slashed) }) else {
                return false
            }
        }
        if !filters["id"].isEmpty, !patterns.ids.contains(where: { $0.matches(container.id.description) }) {
            return false
        }
        if !filters["ancestor"].isEmpty, !ancestors.contains(container.definition.image) { return false }
        return filters.accept(labels: container.definition.request.config.labels ?? [:])
    }

    private func acceptsState(_ container: ContainerSnapshot) -> Bool {
        let state = container.state
        let phase = state.phase.rawValue
        if !filters["status"].isEmpty, !filters["status"].contains(phase) { return false }
        if !filters["exited"].isEmpty {
            guard !container.isRunning, state.started != nil, let status = state.exitStatus,
                exitStatuses.contains(status)
            else { return false }
        }
        if !filters["health"].isEmpty, !filters["health"].contains(container.health?.status.rawValue ?? "none") {
            return false
        }
        return isTask != true
    }

    private func acceptsPlaces(_ container: ContainerSnapshot) -> Bool {
        let request = container.definition.request
        if !filters["isolation"].isEmpty {
            let isolation = request.hostConfig.isolation
            guard filters["isolation"].contains(isolation.isEmpty ? "default" : isolation) else { return false }
        }
        if !filters["network"].isEmpty {
            let networks = container.networkSettings.networks
            let wanted = filters["network"]
            guard networks.contains(where: { wanted.contains($0.key) || wanted.contains($0.value.networkID) }) else {
                return false
            }
        }
        if !filters["volume"].isEmpty {
            let mounts = container.mountPoints
            let wanted = Set(filters["volume"].flatMap { [$0, HostPath.clean($0)] })
            let fits = mounts.contains {
                wanted.contains($0.destination) || !$0.name.isEmpty && wanted.contains($0.name)
                    || !$0.source.isEmpty && wanted.contains($0.source)
            }
            guard fits else { return false }
        }
        return acceptsPorts(container)
    }

    /// Whether it publishes or exposes any of the ports that are asked for: `publish` means ports of the host, `expose` those of
    /// the container.
    private func acceptsPorts(_ container: ContainerSnapshot) -> Bool {
        if ports.published.isEmpty, ports.exposed.isEmpty { return true }
        // As with Docker, what does not run has no ports.
        guard container.isRunning else { return false }
        let mappings = container.mappings
        if Self.meet(ports.published, mappings.compactMap { PortName("\($0.hostPort)/\($0.kind)") }) { return true }
        let exposed = Array((container.definition.request.config.exposedPorts ?? [:]).keys) + mappings.map(\.name)
        return Self.meet(ports.exposed, exposed.compactMap { PortName($0) })
    }

    private static func meet(_ wanted: [PortName], _ found: [PortName]) -> Bool {
        wanted.contains { one in
            found.contains { other in
                one.kind == other.kind && one.ports.first <= other.ports.last && other.ports.first <= one.ports.last
            }
        }
    }
}
