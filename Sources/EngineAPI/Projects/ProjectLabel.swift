// SPDX-License-Identifier: Apache-2.0

/// The labels by which Docker Compose and its tools know what belongs to which project.
package enum ProjectLabel {
    /// What the names of all of them begin with.
    package static let prefix = "com.docker.compose."
    /// The name of the project: of containers, networks, volumes and images.
    package static let project = "com.docker.compose.project"
    /// The service of a container.
    package static let service = "com.docker.compose.service"
    /// The number of a replica, from 1; containers of `run` have none.
    package static let number = "com.docker.compose.container-number"
    /// `True` for containers of `run`, `False` for those of services.
    package static let oneOff = "com.docker.compose.oneoff"
    /// SHA-256 of the definition that a container, network or volume was made by, in hexadecimal.
    package static let configHash = "com.docker.compose.config-hash"
    /// The identifier of the image of a container.
    package static let image = "com.docker.compose.image"
    /// The dependencies of a service: `name:condition:restart`, separated by commas.
    package static let dependsOn = "com.docker.compose.depends_on"
    /// The folder that relative paths of the project begin at.
    package static let workingDirectory = "com.docker.compose.project.working_dir"
    /// The absolute paths of the compose files, separated by commas.
    package static let configFiles = "com.docker.compose.project.config_files"
    /// The absolute paths of the `.env` files that were given, separated by commas.
    package static let environmentFile = "com.docker.compose.project.environment_file"
    /// The version of what made it.
    package static let version = "com.docker.compose.version"
    /// What a container came in the place of: `web-1`.
    package static let replace = "com.docker.compose.replace"
    /// Which hook a container runs: `pre_start`.
    package static let hook = "com.docker.compose.hook"
    /// The identifier of a container of `run`, 64 hexadecimal digits.
    package static let slug = "com.docker.compose.slug"
    /// The key of a network in its project.
    package static let network = "com.docker.compose.network"
    /// The key of a volume in its project.
    package static let volume = "com.docker.compose.volume"

    /// Those that tell which container of a project one is.
    package static let places: Set<String> = [project, service, number, oneOff, configFiles]

    /// What asks for the containers of a project, or of one of its services.
    ///
    /// A container of nobody's has the labels of its image, which tell the project that built it: those of a project have a
    /// ``configHash`` besides.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - service: The service; nil for all.
    /// - Returns: The values of the filter `label`.
    package static func containers(of project: String, service: String? = nil) -> Set<String> {
        Set(["\(Self.project)=\(project)", configHash] + (service.map { ["\(Self.service)=\($0)"] } ?? []))
    }
}
