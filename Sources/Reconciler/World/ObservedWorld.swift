// SPDX-License-Identifier: Apache-2.0

package import Compose

/// What there is on the machine of a project, and of what the project names, at one instant.
///
/// The engine looks; nothing here is remembered from an earlier plan but ``applied``, which only explains.
package struct ObservedWorld: Equatable, Sendable {
    /// The containers that belong to the project, those of `run` included.
    package var containers: [ObservedContainer] = []
    /// The networks that the project names, and those that belong to it, by their names.
    package var networks: [String: ObservedNetwork] = [:]
    /// The volumes that the project names, and those that belong to it, by their names.
    package var volumes: [String: ObservedVolume] = [:]
    /// The identifiers of the images that are on the machine, by the references that services have.
    package var images: [String: String] = [:]
    /// What stands behind the paths, configs and secrets of the project.
    package var contents: [ContentKey: ContentState] = [:]
    /// Who has a name that a container of the project is to get and does not have: `the container p-web-1 of the project p`.
    package var takenNames: [String: String] = [:]
    /// The ports of the host that the project is to publish and that somebody has.
    package var busyPorts: [BusyPort] = []
    /// The project as it was applied last; nil where it never was.
    package var applied: Project?

    package init() {}

    /// The containers of each service, without those of `run`.
    var replicas: [String: [ObservedContainer]] {
        Dictionary(grouping: containers.lazy.filter { !$0.isOneOff }, by: \.service)
    }
}

/// A container of the project.
package struct ObservedContainer: Equatable, Sendable {
    /// The state in one word.
    package enum Phase: String, Codable, Sendable {
        case created
        case running
        case paused
        case restarting
        case removing
        case exited
        case dead
    }

    /// What its health check says.
    package enum Health: String, Codable, Sendable {
        case starting
        case healthy
        case unhealthy
    }

    package var id: String
    package var name: String
    package var service: String
    /// Its number among the replicas; nil for one of `run`.
    package var number: Int?
    package var isOneOff = false
    /// Whether it is there for a `pre_start` hook of its service; it counts as one of `run` then.
    package var isHook = false
    /// Whether its `post_start` hooks have not come to their end since its last start.
    package var lacksHooks = false
    package var phase = Phase.created
    /// Of the last end; nil where there was none or nobody knows it.
    package var exitStatus: Int32?
    /// Nil where it has no health check or does not run.
    package var health: Health?
    /// The identifier of the image that it was made of.
    package var imageID = ""
    /// The hash that it is labelled with; empty for none.
    package var configHash = ""
    /// The service as it was when the container was made; nil where somebody else made it.
    package var definition: Service?
    /// The digests of the contents that it was made with.
    package var contents: [ContentKey: String] = [:]
    /// The names of its networks.
    package var networks: Set<String> = []
    /// The names of the volumes that are mounted in it.
    package var volumes: Set<String> = []
    /// The identifiers of the containers whose namespaces or mounts it uses.
    package var uses: Set<String> = []

    package init(id: String, name: String, service: String, number: Int?) {
        self.id = id
        self.name = name
        self.service = service
        self.number = number
    }

    /// Whether its processes exist or are about to.
    package var isActive: Bool { phase == .running || phase == .paused || phase == .restarting }

    /// Whether nothing can be done with it but to remove it.
    package var isBroken: Bool { phase == .dead || phase == .removing }
}

/// A network of the machine.
package struct ObservedNetwork: Equatable, Sendable {
    package var id: String
    package var name: String
    /// The project that it is labelled with; empty for none.
    package var project = ""
    /// The key that it is labelled with; empty for none.
    package var key = ""
    /// The hash that it is labelled with; empty for none.
    package var configHash = ""
    /// The names of containers in it that do not belong to the project.
    package var strangers: [String] = []

    package init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// A volume of the machine.
package struct ObservedVolume: Equatable, Sendable {
    package var name: String
    /// The project that it is labelled with; empty for none.
    package var project = ""
    /// The key that it is labelled with; empty for none.
    package var key = ""
    /// The hash that it is labelled with; empty for none.
    package var configHash = ""
    /// The names of containers with it that do not belong to the project.
    package var strangers: [String] = []

    package init(name: String) {
        self.name = name
    }
}

/// Something outside of the compose file whose content belongs to a container's definition.
package struct ContentKey: Hashable, Codable, Sendable {
    /// What it is.
    package enum Kind: String, Codable, Sendable {
        /// A config, by its key.
        case config
        /// A secret, by its key.
        case secret
        /// A path of the host that is bound.
        case bind
    }

    package var kind: Kind
    package var name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

/// What stands behind a ``ContentKey``.
package enum ContentState: Equatable, Sendable {
    /// Nothing, with the path that was looked for.
    case missing(path: String)
    /// A folder, a socket, a device: what is in it is no part of a definition.
    case present
    /// A file with this digest.
    case file(digest: String)

    /// The digest, where there is one.
    package var digest: String? {
        if case .file(let digest) = self { digest } else { nil }
    }
}

/// A port of the host that somebody has.
package struct BusyPort: Equatable, Sendable {
    /// The address that it was looked for at; empty for all.
    package var hostIP: String
    package var port: UInt16
    /// `tcp`, `udp` or `sctp`.
    package var networkProtocol: String
    /// The container of ours that has it, by its identifier.
    package var container: String?
    /// Who has it: `nginx (pid 4711)`.
    package var holder: String
    /// One near it that is free.
    package var free: UInt16?

    package init(hostIP: String, port: UInt16, networkProtocol: String, holder: String) {
        self.hostIP = hostIP
        self.port = port
        self.networkProtocol = networkProtocol
        self.holder = holder
    }
}

extension BusyPort {
    /// Whether it is what a service wants to publish at, which it was looked for as.
    func clashes(with port: Port, _ wanted: UInt16) -> Bool {
        self.port == wanted && networkProtocol == (port.networkProtocol ?? "tcp") && hostIP == (port.hostIP ?? "")
    }
}

extension ObservedWorld {
    /// The service of a container of the project; nil where it has none with this identifier.
    func service(of container: String) -> String? { containers.first { $0.id == container }?.service }
}
