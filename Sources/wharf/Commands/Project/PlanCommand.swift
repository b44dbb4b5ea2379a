// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import JSONTree
import Reconciler
import Terminal

/// `wharf plan`: what `up` would do, and why.
final class PlanCommand {
    private let global: GlobalOptions
    private let settings = UpSettings()
    private var isJSON = false
    private var setsExitCode = false

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("plan", summary: "Show what `up` would do, and why.", section: ProjectCommands.section) {
            PlanCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf plan                what would change, with the reasons
                wharf plan --json         the same for programs
                wharf plan --exit-code    exit with 2 where anything would change
                """,
            options: settings.creation() + [
                .flag("exit-code", help: "Exit with 2 where anything would change.") { self.setsExitCode = $0 },
                .flag("json", help: "Print JSON.") { self.isJSON = $0 },
                .flag("no-deps", help: "Leave out what the services depend on.") {
                    self.settings.options.includesDependencies = !$0
                },
            ],
            positionals: [settings.positional(global)],
            check: settings.check,
            run: run
        )
    }

    private func run() throws {
        let wanted = try WantedProject(global, services: settings.services)
        guard !wanted.project.services.isEmpty else { throw CommandFailure(message: "no service selected") }
        let client = try global.client()
        if wanted.removesOrphans { settings.options.removesOrphans = true }
        var request = wanted.upRequest(settings.options, parallelism: nil)
        request.options.awaitedImages = try settings.images(of: wanted, client, global).awaited
        let plan = try client.plan(request)
        try Self.show(plan, global, isJSON: isJSON)
        if !plan.problems.isEmpty { throw CommandFailure() }
        if setsExitCode, plan.hasChanges { throw CommandFailure(status: .changesPending) }
    }

    /// Prints a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - global: How it is printed.
    ///   - isJSON: Whether for programs.
    ///   - isDryRun: Whether it stands for what a command would have done.
    /// - Throws: ``CommandFailure`` where the current folder cannot be told.
    static func show(_ plan: Plan, _ global: GlobalOptions, isJSON: Bool = false, isDryRun: Bool = false) throws {
        if isJSON {
            let document = try JSON(try JSON.encode(PlanDocument(plan)), .values)
            OutputStream.standard.write(document.text(JSON.WritingStyle(indent: 2)) + "\n")
            return
        }
        let directory = try ProjectLoading.currentDirectory()
        let style = OutputStream.standard.style(global.colour(nil))
        let text = PlanText(plan, from: directory, markup: PlanText.Markup(style)).text
        let start = isDryRun ? "DRY-RUN MODE - " : ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            OutputStream.standard.write((line.isEmpty ? "" : start) + line + "\n")
        }
    }
}

extension PlanText.Markup {
    /// The looks of a plan on a terminal.
    init(_ style: TextStyle) {
        self.init(
            change: { kind, text in
                switch kind {
                case .create, .start, .unpause: style.green(text)
                case .remove, .stop, .kill: style.red(text)
                case .replace, .update, .restart, .pause: style.yellow(text)
                }
            },
            cause: { style.faint($0) },
            severity: { isError, text in isError ? style.red(text) : style.yellow(text) }
        )
    }
}
