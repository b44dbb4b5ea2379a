// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import Terminal

/// The command `prune` of one kind of thing: removes those that nothing needs.
final class PruneCommand {
    /// What the command is about.
    struct Subject {
        var examples: String
        /// The filters that there are, for the help.
        var filters: String
        /// What the flag `--all` does; nil where there is no such flag.
        var all: String?
        /// What the user is told before he is asked; true is for all.
        var warning: (Bool) -> String
        /// Removes them; true is for all.
        var prune: (EngineClient, FilterOptions, Bool) throws -> PruneReport
    }

    private let global: GlobalOptions
    private let subject: Subject
    private var filters = FilterOptions()
    private var removesAll = false
    private var isForced = false

    private init(_ global: GlobalOptions, _ subject: Subject) {
        self.global = global
        self.subject = subject
    }

    static func command(_ global: GlobalOptions, summary: String, _ subject: @escaping () -> Subject) -> Command {
        Command("prune", summary: summary) { PruneCommand(global, subject()).syntax() }
    }

    private func syntax() -> Syntax {
        let all = subject.all.map { help in
            Option.flag("all", short: "a", help: help) { self.removesAll = $0 }
        }
        return Syntax(
            examples: subject.examples,
            options: (all.map { [$0] } ?? []) + [
                .value(
                    "filter",
                    "name=value",
                    help: "Remove only some, by \(subject.filters).",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .flag("force", short: "f", help: "Do not ask.") { self.isForced = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        guard Confirmation.asks(subject.warning(removesAll), isForced: isForced) else { return }
        try subject.prune(global.client(), filters, removesAll).write()
    }
}

/// What a `prune` has removed, as Docker tells of it.
struct PruneReport {
    /// What the lines are; not shown without any.
    var title: String
    /// What was removed.
    var lines: [String]
    /// The bytes that are free again; nil for things without any.
    var reclaimed: UInt64?

    func write() {
        if !lines.isEmpty {
            OutputStream.standard.write("\(title):\n" + lines.map { $0 + "\n" }.joined() + "\n")
        }
        if let reclaimed {
            OutputStream.standard.write("Total reclaimed space: \(HumanUnits.size(reclaimed, digits: 4))\n")
        }
    }
}
