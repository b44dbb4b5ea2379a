// SPDX-License-Identifier: Apache-2.0

import Arguments

extension ConfigCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command("config", aliases: ["convert"], summary: "Check the compose files and print what they mean.") {
            ConfigCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf config                       print the whole project in canonical form
                wharf config web                   only web and what it depends on
                wharf config -q                    only check; the exit status tells
                wharf config --format json -o project.json
                wharf config --explain services.web.environment.MODE
                                                   show where a value comes from
                wharf --diagnostics json config -q errors for editors
                """,
            options: selection.options() + outputOptions() + phaseOptions(),
            positionals: [
                .any(
                    "SERVICE",
                    help: "The services to print, with what they depend on; all unless given.",
                    completion: .services(of: global)
                ) { self.services.append($0) }
            ],
            run: run
        )
    }

    /// Where the project is printed, and in which form.
    private func outputOptions() -> [Option] {
        [
            .value(
                "format",
                "form",
                help: "The form of the output: yaml or json.",
                default: "yaml",
                completion: .words(["yaml", "json"])
            ) { self.format = $0 },
            .value(
                "output",
                short: "o",
                "path",
                help: "Write to a file instead of standard output.",
                completion: .files()
            ) { self.output = $0 },
            .flag("quiet", short: "q", help: "Only check; print nothing.") { self.quiet = $0 },
        ]
    }

    /// What is done to the project before it is printed.
    private func phaseOptions() -> [Option] {
        [
            .flag("no-consistency", help: "Do not check that references lead somewhere and keys agree.") {
                self.noConsistency = $0
            },
            .flag(
                "no-env-resolution",
                help: "Accepted for Docker Compose, in which it has no effect either."
            ) { _ in },
            .flag("no-interpolate", help: "Do not fill in variables.") { self.noInterpolate = $0 },
            .flag("no-normalize", help: "Do not add what is implied.") { self.noNormalize = $0 },
            .flag("no-path-resolution", help: "Do not make paths absolute.") { self.noPathResolution = $0 },
            .flag(
                "resolve-image-digests",
                help: "Replace image tags by digests. (needs a registry; not there yet)"
            ) { self.resolveImageDigests = $0 },
            .flag(
                "lock-image-digests",
                help: "Print an override file that pins images to digests. (needs a registry; not there yet)"
            ) { self.lockImageDigests = $0 },
        ]
    }
}
