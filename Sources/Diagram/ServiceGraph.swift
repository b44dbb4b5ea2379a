// SPDX-License-Identifier: Apache-2.0

/// The services of a project and what each of them waits for.
///
/// Every renderer of this module takes one. Names may be any text: a renderer escapes what its format cannot hold.
/// The order of the arrays is the order of presentation, and the same graph always gives the same bytes.
package struct ServiceGraph: Hashable, Sendable {
    package var project: String
    package var services: [Service]
    package var dependencies: [Dependency]
    package var networks: [Network]
    package var volumes: [Volume]

    package init(
        project: String,
        services: [Service] = [],
        dependencies: [Dependency] = [],
        networks: [Network] = [],
        volumes: [Volume] = []
    ) {
        self.project = project
        self.services = services
        self.dependencies = dependencies
        self.networks = networks
        self.volumes = volumes
    }
}

extension ServiceGraph {
    /// One box of the graph.
    package struct Service: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable {
            /// A service of the project.
            case service
            /// A service that another one names and the project lacks, which an optional dependency allows.
            case missing
        }

        /// The name, by which dependencies refer to it.
        package var name: String
        package var kind: Kind
        package var image: String?
        /// The directory or address that the image is built from.
        package var build: String?
        /// The published ports as they are to be shown: `8080→80`.
        package var ports: [String]
        /// The names of its networks, as in ``ServiceGraph/networks``.
        package var networks: [String]
        /// The names of its named volumes, as in ``ServiceGraph/volumes``.
        package var volumes: [String]

        package init(
            name: String,
            kind: Kind = .service,
            image: String? = nil,
            build: String? = nil,
            ports: [String] = [],
            networks: [String] = [],
            volumes: [String] = []
        ) {
            self.name = name
            self.kind = kind
            self.image = image
            self.build = build
            self.ports = ports
            self.networks = networks
            self.volumes = volumes
        }

        /// The line under the name: the image, or else what it is built from.
        var subtitle: String? {
            kind == .missing ? "not in this project" : image ?? build.map { "build \($0)" }
        }
    }

    /// One arrow of the graph, from the service that waits to the one it waits for.
    package struct Dependency: Hashable, Sendable {
        package var from: String
        package var to: String
        package var condition: Condition
        /// Whether the dependant fails without it.
        package var isRequired: Bool
        /// Whether the dependant restarts along with it.
        package var restarts: Bool
        /// Whether it follows from another key, such as `links` or `volumes_from`.
        package var isImplied: Bool

        package init(
            from: String,
            to: String,
            condition: Condition = .started,
            isRequired: Bool = true,
            restarts: Bool = false,
            isImplied: Bool = false
        ) {
            self.from = from
            self.to = to
            self.condition = condition
            self.isRequired = isRequired
            self.restarts = restarts
            self.isImplied = isImplied
        }
    }

    /// What a dependant waits for.
    package enum Condition: Hashable, Sendable {
        case started
        case healthy
        case completed
        case other(String)

        /// Reads a condition as a compose file spells it.
        package init(composeName: String) {
            switch composeName {
            case "service_started": self = .started
            case "service_healthy": self = .healthy
            case "service_completed_successfully": self = .completed
            default: self = .other(composeName)
            }
        }

        /// The condition as a compose file spells it.
        package var composeName: String {
            switch self {
            case .started: "service_started"
            case .healthy: "service_healthy"
            case .completed: "service_completed_successfully"
            case .other(let name): name
            }
        }

        /// The condition in one word.
        package var label: String {
            switch self {
            case .started: "started"
            case .healthy: "healthy"
            case .completed: "completed"
            case .other(let name): name
            }
        }
    }

    /// A network of the project.
    package struct Network: Hashable, Sendable {
        package var name: String
        package var driver: String?
        package var isExternal: Bool

        package init(name: String, driver: String? = nil, isExternal: Bool = false) {
            self.name = name
            self.driver = driver
            self.isExternal = isExternal
        }
    }

    /// A named volume of the project.
    package struct Volume: Hashable, Sendable {
        package var name: String
        package var driver: String?
        package var isExternal: Bool

        package init(name: String, driver: String? = nil, isExternal: Bool = false) {
            self.name = name
            self.driver = driver
            self.isExternal = isExternal
        }
    }
}
