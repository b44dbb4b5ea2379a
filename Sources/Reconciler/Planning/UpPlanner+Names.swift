// SPDX-License-Identifier: Apache-2.0

// MARK: Names that go from one service to another

extension UpPlanner {
    /// How a container makes way.
    private enum Departure {
        /// Without another one in its place.
        case removed([Cause])
        /// Another one comes in its place, which the actions make.
        case replaced(by: [Int], [Cause], renewsVolumes: Bool)
    }

    /// The container of another service, or of `run`, that has a name.
    private func holder(of name: String, besides service: String) -> ObservedContainer? {
        containers.first { $0.name == name && ($0.service != service || $0.isOneOff) }
    }

    /// How a container makes way; nil where it stays.
    private func departure(of container: ObservedContainer) -> Departure? {
        if removals[container.id] != nil { return .removed([]) }
        if let fate = fates[container.service], !container.isOneOff {
            if let surplus = fate.surplus.first(where: { $0.container.id == container.id }) {
                return .removed([surplus.cause])
            }
            let replica = fate.replicas.first { $0.outgoing.contains { $0.id == container.id } }
            guard let replica else { return nil }
            let creation = replica.creation.map { [$0] } ?? []
            return .replaced(by: creation, replica.handOverCauses, renewsVolumes: fate.renewsVolumes)
        }
        guard options.removesOrphans, orphans.contains(where: { $0.id == container.id }) else { return nil }
        return .removed([Self.orphanCause(container)])
    }

    /// Sees to it that a container can be made whose name another service's container still has.
    ///
    /// - Parameter creation: Gets a temporary name where that one goes only once its successor is there.
    /// - Returns: The actions that it has to be made after.
    mutating func claimName(for creation: inout Creation) -> [Int] {
        guard creation.temporaryName == nil, let holder = holder(of: creation.name, besides: creation.service),
            let departure = departure(of: holder)
        else { return [] }
        switch departure {
        case .removed(let causes): return [planRemoval(of: holder, causes)]
        case .replaced:
            creation.temporaryName = "\(holder.id.prefix(12))_\(creation.name)"
            return []
        }
    }

    /// Has the container of another service that has a name make way.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - service: The service that is to have it.
    /// - Returns: The actions after which it is free.
    mutating func freeName(_ name: String, of service: String) -> [Int] {
        guard let holder = holder(of: name, besides: service), let departure = departure(of: holder) else { return [] }
        switch departure {
        case .removed(let causes): return [planRemoval(of: holder, causes)]
        case .replaced(let creation, let causes, let renewsVolumes):
            // Not after what its service waits for: that may be the one which gets the name.
            let before = creation + dependantStops(of: holder.service)
            return [planRemoval(of: holder, causes, after: before, volumes: renewsVolumes)]
        }
    }

    /// Gives new containers the names that those of other services have had.
    mutating func planNames() {
        for name in order {
            for index in fates[name]?.replicas.indices ?? 0..<0 {
                guard let replica = fates[name]?.replicas[index], let reference = replica.reference,
                    let current = replica.isNew ? temporaryName(of: replica) : replica.existing?.name,
                    current != reference.name
                else { continue }
                let freed = freeName(reference.name, of: name)
                if freed.isEmpty { continue }
                fates[name]?.replicas[index].nameFreed = freed
                // One that replaces another gets its name once that one is gone.
                guard replica.outgoing.isEmpty, let creation = replica.creation else { continue }
                let cause = Cause("it gets the name of another service's container")
                let rename = builder.add(
                    .renameContainer(reference, to: reference.name),
                    [cause],
                    after: [creation] + freed
                )
                fates[name]?.replicas[index].beforeStart.append(rename)
            }
        }
    }

    /// Who has a name that a new container of a service is to get, and keeps it.
    func owner(of name: String, besides service: String) -> String? {
        guard let holder = holder(of: name, besides: service), removals[holder.id] == nil else { return nil }
        if holder.isOneOff { return "a container of `run`" }
        return "the container \(holder.id.prefix(12)) of the service \(holder.service)"
    }
}
