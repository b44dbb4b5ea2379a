// SPDX-License-Identifier: Apache-2.0

/// How many containers a service has, what they may use, and how they are replaced.
package struct Deploy: ComposeObject {
    /// `replicated` or `global`.
    package var mode: String?
    /// How many containers; nil: one.
    package var replicas: Int?
    /// Labels of the service.
    package var labels: [String: String] = [:]
    /// How a new version is rolled out.
    package var updateConfig: UpdateConfig?
    /// How an old version is restored.
    package var rollbackConfig: UpdateConfig?
    /// Limits and reservations.
    package var resources = Resources()
    /// When to restart; wins over the service's own ``Service/restart``.
    package var restartPolicy: RestartPolicy?
    /// Where containers may run; for clusters.
    package var placement = Placement()
    /// How clients reach the service: `vip` or `dnsrr`.
    package var endpointMode: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Deploy> = [
        Field("mode", \.mode, .text),
        Field("replicas", \.replicas, .optional(.integer)),
        Field("labels", \.labels, .pairs),
        Field("update_config", \.updateConfig, .optional(.object)),
        Field("rollback_config", \.rollbackConfig, .optional(.object)),
        Field("resources", \.resources, .object, omitted: .whenZeroInYAML),
        Field("restart_policy", \.restartPolicy, .optional(.object)),
        Field("placement", \.placement, .object, omitted: .whenZeroInYAML),
        Field("endpoint_mode", \.endpointMode, .text),
    ]
}

/// How the containers of a service are replaced by others.
package struct UpdateConfig: ComposeObject {
    /// What comes first when a container is replaced.
    package enum Order: String, Codable, Sendable {
        case stopFirst = "stop-first"
        case startFirst = "start-first"
    }

    /// How many at a time; 0: all at once; nil: one.
    package var parallelism: UInt?
    /// The time between two batches.
    package var delay: Duration?
    /// What a failure leads to: `continue`, `rollback` or `pause`.
    package var failureAction: String?
    /// How long a new container is watched for failures.
    package var monitor: Duration?
    /// The share of failures to bear, from 0 to 1.
    package var maxFailureRatio: Float?
    /// What comes first; nil: the stop.
    package var order: Order?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<UpdateConfig> = [
        Field("parallelism", \.parallelism, .optional(.integer)),
        Field("delay", \.delay, .nonZero(.duration)),
        Field("failure_action", \.failureAction, .text),
        Field("monitor", \.monitor, .nonZero(.duration)),
        Field("max_failure_ratio", \.maxFailureRatio, .nonZero(.float)),
        Field("order", \.order, .optional(.word(.stopFirst))),
    ]
}

/// What the containers of a service may use and what is kept for them.
package struct Resources: ComposeObject {
    /// What a container may use at most.
    package var limits: Resource?
    /// What is kept for a container.
    package var reservations: Resource?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Resources> = [
        Field("limits", \.limits, .optional(.object)),
        Field("reservations", \.reservations, .optional(.object)),
    ]
}

/// An amount of each resource.
package struct Resource: ComposeObject {
    /// Processors; fractions count.
    package var cpus: Float?
    /// Memory.
    package var memory: ByteCount?
    /// Processes.
    package var pids: Int?
    /// Devices of given kinds.
    package var devices: [DeviceRequest] = []
    /// Resources of the user's own kinds; for clusters.
    package var genericResources: [GenericResource] = []
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Resource> = [
        Field("cpus", \.cpus, .nonZero(.float)),
        Field("memory", \.memory, .nonZero(.byteCount)),
        Field("pids", \.pids, .nonZero(.integer)),
        Field("devices", \.devices, .list(.object)),
        Field("generic_resources", \.genericResources, .list(.object)),
    ]
}

/// A resource of a kind that the user has made up.
package struct GenericResource: ComposeObject {
    /// Its kind and amount.
    package var discreteResource: DiscreteResource?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<GenericResource> = [
        Field("discrete_resource_spec", \.discreteResource, .optional(.object))
    ]
}

/// A number of pieces of some kind.
package struct DiscreteResource: ComposeObject {
    /// What it is: `gpu`, `ssd`.
    package var kind = ""
    /// How many.
    package var value = 0
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<DiscreteResource> = [
        Field("kind", \.kind, .string, omitted: .never),
        Field("value", \.value, .integer, omitted: .never),
    ]
}

/// When a container is started again.
package struct RestartPolicy: ComposeObject {
    /// `none`, `on-failure`, `any`, or a policy of ``Service/restart``; nil: `any`.
    package var condition: String?
    /// The time between two attempts.
    package var delay: Duration?
    /// How many attempts; 0 or nil: no limit.
    package var maxAttempts: UInt?
    /// How long a container has to run for the attempt to count as a success.
    package var window: Duration?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<RestartPolicy> = [
        Field("condition", \.condition, .text),
        Field("delay", \.delay, .optional(.duration)),
        Field("max_attempts", \.maxAttempts, .optional(.integer)),
        Field("window", \.window, .optional(.duration)),
    ]
}

/// Where the containers of a service may run; for clusters.
package struct Placement: ComposeObject {
    /// Conditions on a node: `node.role==manager`.
    package var constraints: [String] = []
    /// What to spread the containers over.
    package var preferences: [PlacementPreference] = []
    /// The limit of containers on a node.
    package var maxReplicasPerNode: UInt?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Placement> = [
        Field("constraints", \.constraints, .strings),
        Field("preferences", \.preferences, .list(.object)),
        Field("max_replicas_per_node", \.maxReplicasPerNode, .nonZero(.integer)),
    ]
}

/// A label of nodes to spread containers over.
package struct PlacementPreference: ComposeObject {
    /// The label: `node.labels.zone`.
    package var spread: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<PlacementPreference> = [
        Field("spread", \.spread, .text)
    ]
}
