// SPDX-License-Identifier: Apache-2.0

package import YAML

/// The variables that interpolation sees, each with the place that gave it.
package struct ProjectEnvironment: Sendable {
    /// One variable's value.
    package struct Value: Sendable {
        package var text: String
        /// Where an env file sets it; ``Origin/none`` for the process's own environment.
        package var origin: Origin
    }

    package private(set) var values: [String: Value]

    /// Makes the environment of a process.
    package init(process: [String: String] = [:]) {
        values = process.mapValues { Value(text: $0, origin: .none) }
    }

    /// The value of a variable, or nil where it is not set.
    package subscript(name: String) -> String? {
        values[name]?.text
    }

    /// Sets a variable, whether or not it is set already.
    package mutating func set(_ name: String, to text: String, origin: Origin = .none) {
        values[name] = Value(text: text, origin: origin)
    }

    /// Takes over the variables that are not set here.
    package mutating func fill(from other: ProjectEnvironment) {
        values.merge(other.values) { own, _ in own }
    }

    /// Takes over all variables of the other environment.
    package mutating func override(with other: ProjectEnvironment) {
        values.merge(other.values) { $1 }
    }
}

extension ProjectEnvironment {
    /// Reads env files in their order; a later one overrides an earlier one and may use its values.
    ///
    /// Every problem is reported. A variable that `outer` sets wins over the files' own values in `${…}`.
    static func reading(
        _ files: [String],
        outer: ProjectEnvironment,
        context: LoadContext,
        referrer: Origin? = nil
    ) -> ProjectEnvironment {
        var environment = ProjectEnvironment()
        for file in files {
            switch FilePath.kind(of: file) {
            case .missing:
                context.diagnostics.error(.unreadableFile, "cannot find the env file `\(file)`", at: referrer)
            case .directory:
                context.diagnostics.error(
                    .unreadableFile,
                    "cannot read the env file `\(file)`: it is a directory",
                    at: referrer
                )
            case .file, .unknown:
                let known = environment
                let read = EnvFileReader(context: context).read(file, format: .dotenv, referrer: referrer) {
                    outer[$0] ?? known[$0]
                }
                environment.override(with: read ?? ProjectEnvironment())
            }
        }
        return environment
    }
}
