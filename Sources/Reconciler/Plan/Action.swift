// SPDX-License-Identifier: Apache-2.0

/// One step of a plan: safe to repeat, and done when what it is about is as it is to be.
package struct Action: Codable, Equatable, Sendable, Identifiable {
    /// The number of the action in its plan, from 1.
    package var id: Int
    package var operation: Operation
    /// Why it is done, the strongest reason first.
    package var causes: [Cause]
    /// The numbers of the actions that have to be done before.
    ///
    /// A wait that bears failures (``Expectation/bearsFailures``) begins once all of these have ended, however they did.
    package var after: [Int]
    /// The numbers of earlier actions of which one has to fail for this one to be done; none for those that are done anyhow.
    ///
    /// It begins once each of them is done, has failed, or will never be done, at least one has failed, and ``after`` is done.
    /// Where none fails it is not done, and nothing else waits for it.
    package var onFailureOf: [Int] = []
}

/// What an action does.
package enum Operation: Codable, Equatable, Sendable {
    /// Makes a network of the project.
    case createNetwork(key: String, name: String)
    case removeNetwork(id: String, name: String)
    /// Makes a volume of the project.
    case createVolume(key: String, name: String)
    case removeVolume(name: String)
    case removeImage(reference: String)
    case createContainer(Creation)
    /// Brings limits, restart policy, stop signal and our labels up to date while the container stays as it is.
    case adjustContainer(ContainerReference)
    case connect(ContainerReference, network: String)
    case disconnect(ContainerReference, networkID: String)
    /// Runs the `pre_start` hooks of the service of a container that does not run yet, each in a container of its own.
    case prepareService(ContainerReference)
    case startContainer(ContainerReference)
    /// Stops it after its `pre_stop` hooks; nil takes the container's time of grace, in seconds.
    case stopContainer(ContainerReference, timeout: Int?)
    case restartContainer(ContainerReference, timeout: Int?)
    case killContainer(ContainerReference, signal: String)
    case pauseContainer(ContainerReference)
    case unpauseContainer(ContainerReference)
    /// Removes it, killed where it still runs; with its volumes that have no name, if asked.
    case removeContainer(ContainerReference, volumes: Bool)
    case renameContainer(ContainerReference, to: String)
    /// Waits until something is true of all containers of a service.
    case awaitService(Expectation)
    /// Waits for a time, in milliseconds, as `update_config.delay` wants it.
    case pause(milliseconds: Int)
}

extension Operation {
    /// The container that it is about, where there is just one that is there or planned.
    package var container: ContainerReference? {
        switch self {
        case .adjustContainer(let container), .connect(let container, _), .disconnect(let container, _),
            .prepareService(let container), .startContainer(let container), .stopContainer(let container, _),
            .restartContainer(let container, _),
            .killContainer(let container, _), .pauseContainer(let container), .unpauseContainer(let container),
            .removeContainer(let container, _), .renameContainer(let container, _):
            container
        default: nil
        }
    }
}

/// A container that is to be made.
package struct Creation: Codable, Equatable, Sendable {
    package var service: String
    package var number: Int
    /// The name that it has in the end.
    package var name: String
    /// The name that it is made with, where another one has its name until it is removed.
    package var temporaryName: String?
    /// The container that it comes in the place of, by its identifier.
    package var replaces: String?
    /// Whether it gets the volumes without a name of the one that it replaces.
    package var inheritsVolumes = false
    /// The containers whose namespaces or mounts it uses, by their services.
    package var uses: [String: ContainerReference] = [:]

    package init(service: String, number: Int, name: String) {
        self.service = service
        self.number = number
        self.name = name
    }
}

/// A container, which is there already or which another action makes.
package struct ContainerReference: Codable, Hashable, Sendable {
    /// The identifier of one that is there.
    package var id: String?
    /// The number of the action that makes it.
    package var creation: Int?
    /// The name by which users know it.
    package var name: String
    package var service: String
    package var number: Int?

    /// One that is there.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - name: The name by which users know it; nil for the one that it has.
    package init(_ container: ObservedContainer, name: String? = nil) {
        id = container.id
        self.name = name ?? container.name
        service = container.service
        number = container.number
    }

    init(madeBy action: Int, _ creation: Creation) {
        self.creation = action
        name = creation.name
        service = creation.service
        number = creation.number
    }
}

/// What is waited for.
package struct Expectation: Codable, Equatable, Sendable {
    /// What has to be true.
    package enum Condition: String, Codable, Sendable {
        /// Each has been started.
        case started
        /// The health check of each succeeds.
        case healthy
        /// One has exited with status 0.
        case completed
        /// Each runs, and its health check, where it has one, succeeds.
        case ready
    }

    package var service: String
    package var condition: Condition
    /// The containers.
    package var containers: [ContainerReference]
    /// Whether who waits goes on with a warning where it cannot come true, or where what it waits for was never started.
    package var isOptional = false
    /// How many of the containers may fail without harm, as `update_config.max_failure_ratio` allows it.
    package var mayFail = 0
    /// How long the containers are watched from their start on, in milliseconds; nil: only until the condition is true.
    ///
    /// One that ends within this time, or whose health check fails, has failed.
    package var monitor: Int?

    /// Whether it goes on although what came before it has failed.
    package var bearsFailures: Bool { isOptional || mayFail > 0 }

    package init(
        service: String,
        condition: Condition,
        containers: [ContainerReference],
        isOptional: Bool = false
    ) {
        self.service = service
        self.condition = condition
        self.containers = containers
        self.isOptional = isOptional
    }
}
