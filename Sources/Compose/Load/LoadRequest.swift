// SPDX-License-Identifier: Apache-2.0

package import YAML

/// What a load starts from: the command line and the environment of the user.
package struct LoadRequest: Sendable {
    /// The compose files in their order, as the user names them, `-` for standard input; empty to look for them.
    package var files: [String] = []
    /// The folder that relative paths start from; nil for that of the first file.
    package var projectDirectory: String?
    /// The project's name; nil to work it out.
    package var projectName: String?
    /// The active profiles; empty to take those of `COMPOSE_PROFILES`.
    package var profiles: [String] = []
    /// The env files; empty for the automatic `.env`.
    package var envFiles: [String] = []
    /// The process's environment.
    package var environment: [String: String] = [:]
    /// The absolute folder that the user stands in.
    package var currentDirectory: String
    /// Which phases to run.
    package var options = LoadOptions()

    package init(currentDirectory: String) {
        self.currentDirectory = currentDirectory
    }
}

/// What a load found.
package struct LoadResult: Sendable {
    /// The project; nil where there are errors.
    package var project: Project?
    /// The canonical tree that the project was read from, all services included; nil where no file could be read.
    package var tree: Node?
    /// All errors and warnings, in the order of the files.
    package var diagnostics: [Diagnostic]
    /// The texts that the diagnostics and the tree point into.
    package var sources: SourceMap
    /// The variables that interpolation saw.
    package var environment: ProjectEnvironment
    /// The absolute paths of the compose files.
    package var files: [String]
    /// The absolute folder that relative paths start from.
    package var workingDirectory: String
    /// The places of values that were overridden, oldest first, by key path; empty unless asked for.
    package var overridden: [NodePath: [Origin]] = [:]

    /// Whether the project cannot be used.
    package var hasErrors: Bool {
        diagnostics.contains { $0.severity == .error }
    }
}
