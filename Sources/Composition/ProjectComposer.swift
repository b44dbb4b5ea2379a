// SPDX-License-Identifier: Apache-2.0

package import Compose
package import EngineAPI

/// What a project asks of the engine: the requests that Docker Compose would send for its services, networks and volumes.
///
/// It compares nothing with what there is, and touches nothing: what the machine has to tell is in ``Surroundings``.
/// ``ServiceKey`` says of each key of a service where it acts.
package struct ProjectComposer: Sendable {
    package let project: Project
    package let surroundings: Surroundings
    /// What stands between the parts of the names of containers and images.
    let separator: String

    /// Takes a project.
    ///
    /// - Parameters:
    ///   - project: The project as loaded, with its environment resolved.
    ///   - usesUnderscores: Whether names have `_` between their parts, as with `--compatibility`.
    ///   - surroundings: What the machine has to tell.
    package init(_ project: Project, usesUnderscores: Bool = false, surroundings: Surroundings = Surroundings()) {
        self.project = project
        self.surroundings = surroundings
        separator = usesUnderscores ? "_" : "-"
    }

    // MARK: Names

    /// The name of a container: that of `container_name`, or `<project>-<service>-<number>`.
    ///
    /// - Parameters:
    ///   - service: The name of the service.
    ///   - number: Which of its containers, from 1.
    /// - Returns: The name; for a service that does not exist, the one that it would have.
    package func containerName(of service: String, number: Int) -> String {
        project.containerName(of: service, number: number, separator: separator)
    }

    /// The image of a service: that of `image`, or `<project>-<service>` for one that is built.
    ///
    /// - Parameter service: The name of the service.
    /// - Returns: A reference as in the compose file.
    package func imageName(of service: String) -> String {
        project.imageName(of: service, separator: separator)
    }

    /// The name that the engine knows a network by: its own, or `<project>_<key>`.
    package func networkName(_ key: String) -> String {
        project.networkName(key)
    }

    /// The name that the engine knows a volume by: its own, or `<project>_<key>`.
    package func volumeName(_ key: String) -> String {
        project.volumeName(key)
    }

    // MARK: Networks and volumes

    /// The request for a network of the project; one that is external is looked up by ``networkName(_:)`` instead.
    ///
    /// - Parameter key: Its key in the project.
    /// - Returns: The request, with the labels by which tools find the networks of a project.
    package func networkRequest(_ key: String) -> NetworkCreateRequest {
        let network = project.networks[key] ?? Network()
        var request = NetworkCreateRequest()
        request.name = networkName(key)
        request.driver = network.driver ?? ""
        request.options = network.driverOptions.isEmpty ? nil : network.driverOptions
        request.isInternal = network.internal
        request.isAttachable = network.attachable
        request.enablesIPv4 = network.enableIPv4
        request.enablesIPv6 = network.enableIPv6
        if network.ipam.driver != nil || !network.ipam.pools.isEmpty || !network.ipam.options.isEmpty {
            request.ipam = Self.addressManagement(network.ipam)
        }
        request.labels = network.labels.merging(
            resourceLabels(ProjectLabel.network, key, hash: Self.hash(of: network))
        ) { $1 }
        return request
    }

    private static func addressManagement(_ ipam: IPAM) -> NetworkInspection.IPAM {
        var result = NetworkInspection.IPAM()
        result.driver = ipam.driver ?? ""
        result.options = ipam.options.isEmpty ? nil : ipam.options
        let ranges = ipam.pools.map { pool in
            var range = NetworkInspection.Range()
            range.subnet = pool.subnet ?? ""
            range.range = pool.range ?? ""
            range.gateway = pool.gateway ?? ""
            range.auxiliaryAddresses = pool.auxiliaryAddresses.isEmpty ? nil : pool.auxiliaryAddresses
            return range
        }
        result.config = ranges.isEmpty ? nil : ranges
        return result
    }

    /// The request for a volume of the project; one that is external is looked up by ``volumeName(_:)`` instead.
    ///
    /// - Parameter key: Its key in the project.
    /// - Returns: The request, with the labels by which tools find the volumes of a project.
    package func volumeRequest(_ key: String) -> VolumeCreateRequest {
        let volume = project.volumes[key] ?? Compose.Volume()
        var request = VolumeCreateRequest()
        request.name = volumeName(key)
        request.driver = volume.driver ?? ""
        request.options = volume.driverOptions.isEmpty ? nil : volume.driverOptions
        request.labels = volume.labels.merging(
            resourceLabels(ProjectLabel.volume, key, hash: Self.hash(of: volume))
        ) { $1 }
        return request
    }

    private func resourceLabels(_ kind: String, _ key: String, hash: String) -> [String: String] {
        [
            ProjectLabel.project: project.name, kind: key, ProjectLabel.version: ProductVersion.number,
            ProjectLabel.configHash: hash,
        ]
    }

    // MARK: Containers

    /// The request for a container of a service.
    ///
    /// - Parameters:
    ///   - service: The name of the service.
    ///   - number: Which of its containers, from 1.
    ///   - imageID: The identifier of its image, for a label.
    ///   - containers: The identifier or name of the container of another service, which `network_mode`, `ipc`, `pid` and
    ///     `volumes_from` refer to; nil where there is none.
    /// - Returns: The request, with a warning for each key that has no effect.
    /// - Throws: ``CompositionError`` with all that cannot be done.
    package func containerRequest(
        of service: String,
        number: Int,
        imageID: String,
        containers: (String) -> String?
    ) throws(CompositionError) -> ComposedContainer {
        let resolved = try self.resolved(service, containers: containers)
        var builder = ContainerBuilder(composer: self, name: service, service: resolved, number: number)
        builder.build(imageID: imageID)
        guard builder.problems.isEmpty else {
            throw CompositionError(service: service, problems: builder.problems)
        }
        return ComposedContainer(
            name: containerName(of: service, number: number),
            request: builder.request,
            platform: resolved.platform,
            warnings: builder.warnings
        )
    }

    /// A service with the containers that it refers to in the place of other services.
    ///
    /// The label ``EngineAPI/ProjectLabel/configHash`` is the hash of it: where such a container is replaced, so is what
    /// refers to it.
    ///
    /// - Parameters:
    ///   - name: The name of the service.
    ///   - containers: The identifier or name of the container of another service; nil where there is none.
    /// - Returns: The service.
    /// - Throws: ``CompositionError`` where the service, or a container that it refers to, does not exist.
    package func resolved(
        _ name: String,
        containers: (String) -> String?
    ) throws(CompositionError) -> Service {
        guard var service = project.services[name] else {
            throw CompositionError(service: name, problems: ["there is no such service in project `\(project.name)`"])
        }
        var problems: [String] = []
        func resolve(_ mode: String?, _ key: String) -> String? {
            guard let mode, mode.hasPrefix("service:") else { return mode }
            let other = String(mode.dropFirst("service:".count))
            guard let container = containers(other) else {
                problems.append("`\(key)` needs a container of service `\(other)`, which has none")
                return mode
            }
            return "container:" + container
        }
        service.networkMode = resolve(service.networkMode, "network_mode")
        service.ipc = resolve(service.ipc, "ipc")
        service.pid = resolve(service.pid, "pid")
        service.volumesFrom = service.volumesFrom.map { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            if parts[0] == "container" { return parts.dropFirst().joined(separator: ":") }
            guard let container = containers(parts[0]) else {
                problems.append("`volumes_from` needs a container of service `\(parts[0])`, which has none")
                return text
            }
            return ([container] + parts.dropFirst()).joined(separator: ":")
        }
        guard problems.isEmpty else { throw CompositionError(service: name, problems: problems) }
        return service
    }
}

/// A container of a service as the engine is asked for it.
package struct ComposedContainer: Equatable, Sendable {
    /// The name that it is created with.
    package var name: String
    package var request: ContainerCreateRequest
    /// The platform of its image: `linux/arm64/v8`; nil for that of the machine.
    package var platform: String?
    /// What has no effect here, each by its key and with the reason.
    package var warnings: [String]

    package init(name: String, request: ContainerCreateRequest, platform: String?, warnings: [String]) {
        self.name = name
        self.request = request
        self.platform = platform
        self.warnings = warnings
    }
}
