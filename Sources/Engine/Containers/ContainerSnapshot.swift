// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Store

/// What a container is to be: fixed at its creation, but for limits and the restart policy.
struct ContainerDefinition: Codable, Equatable, Sendable {
    /// The request in one spelling, its `config` completed by that of the image.
    var request: ContainerCreateRequest
    /// The identifier of the image, the digest of its config.
    var image: String
    /// The layers of the image by their chain identifiers, from the base to the top.
    var layers: [String]
    /// The operating system of the image, as inspections tell it.
    var platform = "linux"
    /// Its mounts, with the names of its volumes and what it got of other containers; nil for one of an earlier version.
    var mounts: [RequestedMount]?
    /// The networks that it is to be in; nil for one of an earlier version, which has those of its request.
    var networks: [AttachedNetwork]?
    /// What it was made by, where it belongs to a project that the engine has brought up.
    var membership: ProjectMembership?
}

/// What is known of a container's state besides what its record has in columns.
struct ContainerDetails: Codable, Equatable, Sendable {
    /// Why the last start failed; empty where it did not.
    var error = ""
    /// Whether the kernel ended a process of it for want of memory.
    var wasOutOfMemory = false
    /// Whether a user stopped it: then it is not started again by the policies `unless-stopped` and `always`.
    var wasStopped = false
    /// True from the moment at which the program may run until it is known to: an engine that finds it so does not know
    /// whether the start was told of.
    var isStarting: Bool?
    /// True until it is there with its layers and its folder, and its creation was told: an engine that finds it so takes
    /// back what the engine before had no time to finish.
    var isBeingMade: Bool?
    /// What it has in its networks while it runs.
    var endpoints: [ContainerEndpoint]?
    /// Its published ports while it runs.
    var ports: [PortMapping]?
    /// Whether its volumes without a name go with it, where it is being removed.
    var removesVolumes: Bool?
    /// Whether it works; nil where it has no check, or was never started.
    var health: ContainerHealth?
}

/// A container at one instant, for everything that only looks at it.
struct ContainerSnapshot: Sendable {
    var id: ObjectID
    var name: ContainerName
    var created: Timestamp
    var definition: ContainerDefinition
    var state: ContainerRecord.State
    var details: ContainerDetails
    /// The execs that run.
    var execs: [ObjectID]
    /// The container's folder on the host: `upper` and `work` of its root, `log`, `hostname`, `hosts`, `resolv.conf`.
    var folder: ContainerFolder
    /// The folder of all volumes on the host.
    var volumesFolder = ""
    /// The bytes of what it has written, and of its whole root file system; nil where nobody asked.
    var sizes: (written: Int64, root: Int64)?

    /// Whether it works; nil where it has no check, or was never started.
    ///
    /// ``Engine/waitForHealth(of:)`` waits until that is known.
    var health: ContainerHealth? { details.health }
}
