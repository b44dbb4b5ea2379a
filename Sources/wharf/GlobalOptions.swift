// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The options before the command, those of `docker compose`.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: [.customShort("f", allowingJoined: true), .customLong("file")],
        help: ArgumentHelp(
            "A compose file; repeat to merge several, - is standard input. (default: compose.yaml here or above)",
            valueName: "path"
        ),
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var files: [String] = []

    @Option(
        name: [.customShort("p", allowingJoined: true), .customLong("project-name")],
        help: ArgumentHelp("The project's name.", valueName: "name")
    )
    var projectName: String?

    @Option(
        help: ArgumentHelp(
            "The folder that relative paths start from. (default: that of the first file)",
            valueName: "path"
        ),
        completion: .directory
    )
    var projectDirectory: String?

    @Option(help: .hidden, completion: .directory)
    var workdir: String?

    @Option(
        name: .customLong("env-file"),
        help: ArgumentHelp("A file of variables in place of .env; repeat for several.", valueName: "path"),
        completion: .file()
    )
    var envFiles: [String] = []

    @Option(
        name: .customLong("profile"),
        help: ArgumentHelp("A profile to activate; repeat for several, * for all.", valueName: "name")
    )
    var profiles: [String] = []

    @Flag(help: "Keep networks, volumes, secrets and configs that no service uses.")
    var allResources = false

    @Flag(help: "Name containers as Docker Compose 1 did, and do not normalise the model.")
    var compatibility = false

    @Option(help: ArgumentHelp("When to use colour: never, always or auto.", valueName: "when"))
    var ansi: String?

    @Option(help: ArgumentHelp("How to show progress: auto, tty, plain, json or quiet.", valueName: "mode"))
    var progress: String?

    @Option(help: ArgumentHelp("How many things to do at a time; -1 for no limit.", valueName: "count"))
    var parallel: Int?

    @Flag(help: "Change nothing; show what would be done.")
    var dryRun = false

    @Flag(help: .hidden)
    var noAnsi = false

    @Flag(help: .hidden)
    var verbose = false

    @Option(
        name: .customLong("diagnostics"),
        help: ArgumentHelp("How to print errors and warnings: text or json.", valueName: "form")
    )
    var diagnosticsForm = DiagnosticsForm.text

    /// How errors and warnings are printed.
    enum DiagnosticsForm: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    func validate() throws {
        if let parallel, parallel < -1 || parallel == 0 {
            throw ValidationError("--parallel must be a positive number, or -1 for no limit, not \(parallel).")
        }
        if let progress {
            guard ["auto", "tty", "plain", "json", "quiet", "none"].contains(progress) else {
                throw ValidationError("--progress must be auto, tty, plain, json or quiet, not '\(progress)'.")
            }
            if progress == "tty", ansi == "never" {
                throw ValidationError("--progress tty needs a terminal, which --ansi never forbids.")
            }
            if progress == "plain", ansi == "always" {
                throw ValidationError("--progress plain cannot be combined with --ansi always.")
            }
        }
    }
}
