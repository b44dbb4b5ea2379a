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
    var decision: Decision
    /// The action that makes the new one.
    var creation: Int?
    /// What the container is called by actions that come after it was made.
    var reference: ContainerReference?
    /// The actions that have to be done before it may be started.
    var beforeStart: [Int] = []
    /// The actions after which it runs.
    var started: [Int] = []
    /// Whether it runs already and goes on.
    var isRunning = false

    var isReplaced: Bool { if case .replace = decision { true } else { false } }

    /// Whether another container than there was before is there in the end.
    var isNew: Bool {
        switch decision {
        case .create, .replace: true
        case .adjust, .keep: false
        }
    }
}

/// What is to become of the containers of a service.
struct ServiceFate {
    let service: String
    var replicas: [ReplicaFate] = []
    /// Containers that are too many, with the reasons.
    var surplus: [(container: ObservedContainer, cause: Cause)] = []
    /// Whether its containers, which stay, are stopped and started again for a dependency.
    var restartCause: Cause?

    /// Whether it has a container that was not there before.
    var hasNew: Bool { replicas.contains(where: \.isNew) }
    /// Whether a container of it makes room for another.
    var hasReplaced: Bool { replicas.contains(where: \.isReplaced) }
}
