// SPDX-License-Identifier: Apache-2.0

/// What is to become of one replica of a service.
struct ReplicaFate {
    enum Decision {
        /// There is none yet.
        case create([Cause])
        /// Another one comes in its place.
        case replace([Cause])
        /// It stays, and takes what has changed; what concerns only us is told to nobody.
        case adjust([Change])
        case keep
    }

    let number: Int
    /// The container that is there.
    var existing: ObservedContainer?
    /// Those that it comes in the place of, where a replacement was cut off before they were gone.
    var predecessors: [ObservedContainer] = []
    var decision: Decision
    /// The action that makes the new one.
    var creation: Int?
    /// What the container is called by actions that come after it was made.
    var reference: ContainerReference?
    /// The actions by which a container of another service gives its name to it.
    var nameFreed: [Int] = []
    /// The actions that have to be done before it may be started.
    var beforeStart: [Int] = []
    /// The actions after which it runs.
    var started: [Int] = []

    var isReplaced: Bool { if case .replace = decision { true } else { false } }

    /// Whether another container than there was before is there in the end.
    var isNew: Bool {
        switch decision {
        case .create, .replace: true
        case .adjust, .keep: false
        }
    }

    /// The containers that make room for the one that is there in the end.
    var outgoing: [ObservedContainer] {
        switch decision {
        case .replace: existing.map { [$0] } ?? []
        case .create, .adjust, .keep: predecessors
        }
    }

    /// Why its outgoing containers go, and the new one starts.
    var handOverCauses: [Cause] {
        if case .replace(let causes) = decision { causes } else { [Cause("a replacement of it was cut off")] }
    }

    /// The actions that others which wait for its start come after; those that prepare it where it is not started.
    var startedOrPrepared: [Int] { started.isEmpty ? beforeStart : started }
}

/// What is to become of the containers of a service.
struct ServiceFate {
    let service: String
    var replicas: [ReplicaFate] = []
    /// Containers that are too many, with the reasons.
    var surplus: [(container: ObservedContainer, cause: Cause)] = []
    /// Why its containers that stay are stopped and started again for a dependency; nil where they are not.
    var restartCause: Cause?
    /// Whether its containers take part only because a dependency of theirs is replaced.
    var isTakenAlong = false
    /// The actions after which its new containers are accepted, where its file says how it is rolled out.
    var accepted: [Int] = []
    /// Whether containers that are replaced get new volumes without a name.
    var renewsVolumes = false

    /// Whether it has a container that was not there before.
    var hasNew: Bool { replicas.contains(where: \.isNew) }
    /// Whether a container of it that runs makes room for another.
    var hasReplaced: Bool {
        replicas.contains { $0.isReplaced || $0.predecessors.contains(where: \.isActive) }
    }
    /// The actions after which its containers run, or are ready to.
    var startedOrPrepared: [Int] { replicas.flatMap(\.startedOrPrepared) + accepted }
}
