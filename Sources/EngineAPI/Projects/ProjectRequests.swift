// SPDX-License-Identifier: Apache-2.0

package import Compose
package import Reconciler

/// The body of `POST /wharf/v1/projects/{name}/up` and `…/plan`.
package struct ProjectUpRequest: Codable, Sendable {
    /// The project with all services that are enabled, its environment resolved.
    package var project: Project
    package var options = UpOptions()
    /// How many things are done at a time; nil for as many as the engine likes.
    package var parallelism: Int?
    /// Whether a container that ends with a failure right after its start makes the whole fail.
    package var settles = false
    /// Whether everything that was made is taken back where the whole fails, not only what was not started.
    package var rollsBack = false
    /// The absolute paths of the env files that the command line names, for a label.
    package var environmentFiles: [String] = []

    package init(_ project: Project) {
        self.project = project
    }
}

/// The body of `POST /wharf/v1/projects/{name}/COMMAND`, by the names of ``Reconciler/LifeCommand``.
package struct ProjectLifeRequest: Codable, Sendable {
    /// The project as it is in the files; nil where there are none: then the engine's records tell what it is, or the labels of
    /// its containers.
    package var project: Project?
    package var options = LifeOptions()
    /// How many things are done at a time; nil for as many as the engine likes.
    package var parallelism: Int?

    package init(_ project: Project?) {
        self.project = project
    }
}

/// The body of `POST /wharf/v1/projects/{name}/run`: one more container of a service, for one command.
package struct ProjectRunRequest: Codable, Sendable {
    /// The project, with the service as it is to be for this container.
    package var project: Project
    package var service: String
    /// The name of the container; nil for one that is made up.
    package var name: String?
    /// Whether the container goes away when it ends.
    package var removesItself = false
    /// Whether other containers find it by the name of the service.
    package var usesAliases = false
    /// Whether what the service depends on is brought up before.
    package var includesDependencies = true
    package var removesOrphans = false
    package var ignoresOrphans = false
    /// The absolute paths of the env files that the command line names, for a label.
    package var environmentFiles: [String] = []
    /// What stands between the parts of names.
    package var separator = "-"

    package init(_ project: Project, _ service: String) {
        self.project = project
        self.service = service
    }
}

/// A project that the engine knows.
package struct ProjectSummary: Codable, Equatable, Sendable {
    package var name: String
    /// When it was last applied.
    package var changed: Timestamp
    /// The absolute paths of its compose files.
    package var files: [String]

    package init(name: String, changed: Timestamp, files: [String]) {
        self.name = name
        self.changed = changed
        self.files = files
    }
}
