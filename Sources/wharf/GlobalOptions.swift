// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Terminal

/// The options before the command, those of `docker compose`.
///
/// A class, because the program reads them and its commands use them.
final class GlobalOptions {
    var files: [String] = []
    var projectName: String?
    var projectDirectory: String?
    var workdir: String?
    var envFiles: [String] = []
    var profiles: [String] = []
    /// The folder of the engine; nil for that of the user.
    var root: String?
    var allResources = false
    var compatibility = false
    var ansi: String?
    var progress: String?
    var parallel: Int?
    var dryRun = false
    var noAnsi = false
    var verbose = false
    var diagnosticsForm = DiagnosticsForm.text

    /// How errors and warnings are printed.
    enum DiagnosticsForm: String, CaseIterable {
        case text
        case json
    }

    /// The table of the options.
    func options() -> [Option] {
        projectOptions() + outputOptions() + deprecatedOptions()
    }

    /// Which files are read, and how.
    private func projectOptions() -> [Option] {
        [
            .value(
                "file",
                short: "f",
                "path",
                help: "A compose file; repeat to merge several, - is standard input. "
                    + "(default: compose.yaml here or above)",
                completion: .files(extensions: ["yaml", "yml", "json"]),
                isRepeatable: true
            ) { self.files.append($0) },
            .value("project-name", short: "p", "name", help: "The project's name.") { self.projectName = $0 },
            .value(
                "project-directory",
                "path",
                help: "The folder that relative paths start from. (default: that of the first file)",
                completion: .folders
            ) { self.projectDirectory = $0 },
            .value(
                "env-file",
                "path",
                help: "A file of variables in place of .env; repeat for several.",
                completion: .files(),
                isRepeatable: true
            ) { self.envFiles.append($0) },
            .value(
                "profile",
                "name",
                help: "A profile to activate; repeat for several, * for all.",
                isRepeatable: true
            ) { self.profiles.append($0) },
            .value(
                "root",
                "path",
                help: "The folder of the engine and all that it keeps. (default: $WHARF_ROOT, or that of the user)",
                completion: .folders
            ) { path throws(InvalidValue) in
                if path.isEmpty { throw InvalidValue("a folder") }
                self.root = path
            },
            .flag("all-resources", help: "Keep networks, volumes, secrets and configs that no service uses.") {
                self.allResources = $0
            },
            .flag(
                "compatibility",
                help: "Name containers as Docker Compose 1 did, and do not normalise the model."
            ) { self.compatibility = $0 },
        ]
    }

    /// What is shown, and what is done.
    private func outputOptions() -> [Option] {
        let choices = ["auto", "tty", "plain", "json", "quiet"]
        return [
            .value(
                "ansi",
                "when",
                help: "When to use colour: never, always or auto.",
                completion: .words(["never", "always", "auto"])
            ) { self.ansi = $0 },
            .value(
                "progress",
                "mode",
                help: "How to show progress: auto, tty, plain, json or quiet.",
                completion: .words(choices)
            ) { mode throws(InvalidValue) in
                guard choices.contains(mode) || mode == "none" else {
                    throw InvalidValue("auto, tty, plain, json or quiet")
                }
                self.progress = mode
            },
            .number("parallel", "count", help: "How many things to do at a time; -1 for no limit.") {
                count throws(InvalidValue) in
                guard count == -1 || count > 0 else {
                    throw InvalidValue("a positive number, or -1 for no limit")
                }
                self.parallel = count
            },
            .flag("dry-run", help: "Change nothing; show what would be done.") { self.dryRun = $0 },
            .value(
                "diagnostics",
                "form",
                help: "How to print errors and warnings.",
                allowed: DiagnosticsForm.allCases.map(\.rawValue),
                default: "text"
            ) { if let form = DiagnosticsForm(rawValue: $0) { self.diagnosticsForm = form } },
        ]
    }

    /// What Docker Compose still accepts.
    private func deprecatedOptions() -> [Option] {
        [
            .value("workdir", "path", help: "The same as --project-directory.", completion: .folders, isHidden: true) {
                self.workdir = $0
            },
            .flag("no-ansi", help: "The same as --ansi never.", isHidden: true) { self.noAnsi = $0 },
            .flag("verbose", help: "Accepted for Docker Compose.", isHidden: true) { self.verbose = $0 },
        ]
    }

    /// What stands between the parts of the names of images and containers.
    ///
    /// - Parameter environment: The variables of the project.
    /// - Returns: A dash; an underscore where names are to be those of Docker Compose 1.
    func separator(_ environment: ProjectEnvironment) -> String {
        compatibility || WantedProject.isTrue(environment["COMPOSE_COMPATIBILITY"]) ? "_" : "-"
    }

    /// The user's wish about colour.
    ///
    /// - Parameter variable: The value of `COMPOSE_ANSI`, which counts where there is no option.
    /// - Returns: The wish.
    func colour(_ variable: String?) -> ColourChoice {
        switch noAnsi ? "never" : ansi ?? variable {
        case "never": .never
        case "always": .always
        default: .automatic
        }
    }

    /// Refuses options that exclude each other.
    func check() throws(UsageError) {
        if progress == "tty", ansi == "never" {
            throw UsageError("`--progress tty` needs a terminal, which `--ansi never` forbids")
        }
        if progress == "plain", ansi == "always" {
            throw UsageError("`--progress plain` cannot be combined with `--ansi always`")
        }
    }
}
