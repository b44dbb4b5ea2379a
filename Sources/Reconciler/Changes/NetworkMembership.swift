// SPDX-License-Identifier: Apache-2.0

import Compose

/// How the networks of a service differ from those that one of its containers was made with.
///
/// A container joins and leaves networks while it runs, so that a change of `networks:` alone needs no other container. The first
/// network is the exception: published ports, the service's own hardware address and the way out belong to it, and the container
/// is known by its name. Where that one or the gateway changes, the container is replaced.
struct NetworkMembership {
    /// The keys of the networks to join.
    var joined: [String] = []
    /// The keys of the networks to leave; those whose settings have changed are left and joined.
    var left: [String] = []
    /// Whether a container can take the change while it is.
    var isInPlace: Bool

    init(from old: Service, to new: Service) {
        for key in Set(old.networks.keys).union(new.networks.keys).sorted() {
            let (before, after) = (old.networks[key], new.networks[key])
            if let before, let after, Self.settings(before) == Self.settings(after) { continue }
            if after != nil { joined.append(key) }
            if before != nil { left.append(key) }
        }
        let first = new.networksByPriority.first
        let hasGateway = (joined + left).contains { key in
            (old.networks[key]??.gatewayPriority ?? 0) != (new.networks[key]??.gatewayPriority ?? 0)
        }
        isInPlace =
            old.networkMode == nil && new.networkMode == nil && first != nil && first == old.networksByPriority.first
            && !joined.contains { $0 == first } && !hasGateway
    }

    /// What was set of a membership: one without settings is the same as an empty one.
    private static func settings(_ network: ServiceNetwork?) -> ServiceNetwork { network ?? ServiceNetwork() }
}
