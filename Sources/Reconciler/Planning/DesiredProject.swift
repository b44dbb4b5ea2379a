// SPDX-License-Identifier: Apache-2.0

package import Compose

/// What the user wants: a project, with the hashes that labels have.
package struct DesiredProject: Sendable {
    package var project: Project
    /// The hashes of the services, by their names.
    package var serviceHashes: [String: String] = [:]
    /// The hashes of the networks, by their keys.
    package var networkHashes: [String: String] = [:]
    /// The hashes of the volumes, by their keys.
    package var volumeHashes: [String: String] = [:]

    package init(_ project: Project) {
        self.project = project
    }
}

/// What `up`, `create` and `scale` are asked for besides the project.
package struct UpOptions: Codable, Equatable, Sendable {
    /// Which containers get others in their place.
    package enum Recreation: String, Codable, Sendable {
        /// Those that are not what they are to be.
        case changed
        case never
        case always
    }

    /// The services that were named; none means all.
    package var services: [String] = []
    /// Whether what they depend on is part of the plan.
    package var includesDependencies = true
    package var recreation = Recreation.changed
    /// The same for services that were not named and are depended on.
    package var dependencyRecreation = Recreation.changed
    /// Whether replaced containers get new volumes without a name.
    package var renewsVolumes = false
    /// How many containers services are to have, in place of what the project says.
    package var scales: [String: Int] = [:]
    package var removesOrphans = false
    package var ignoresOrphans = false
    /// Whether containers are started once they are there.
    package var starts = true
    /// Whether it is over only when everything runs and is healthy.
    package var waits = false
    /// The time of grace for those that are stopped, in seconds; nil takes the container's.
    package var timeout: Int?
    /// Whether volumes that have changed are made anew, and so lose their data.
    package var recreatesVolumes = false
    /// Whether networks and volumes of the project are made that none of the services uses.
    package var includesUnused = false
    /// What stands between the parts of names.
    package var separator = "-"
    /// Images that will be there when the plan is carried out.
    package var awaitedImages: Set<String> = []

    package init() {}
}
