// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import GoTemplate

/// The command `inspect` of one kind of thing: all that the engine knows of some of them.
final class InspectCommand {
    /// What the command is about.
    struct Subject {
        var examples: String
        /// What is known of the types of the documents.
        var shape = Value.Shape.inspection
        /// A flag that asks for more.
        var detail: (name: String, short: Unicode.Scalar, help: String)?
        /// The argument that names the things.
        var targets: (@escaping (String) -> Void) -> Positional
        /// The document of one of them, with more where that is asked for.
        var read: (EngineClient, String, Bool) throws -> [UInt8]
    }

    private let global: GlobalOptions
    private let subject: Subject
    private var inspection: Inspection
    private var isDetailed = false
    private var names: [String] = []

    private init(_ global: GlobalOptions, _ subject: Subject) {
        self.global = global
        self.subject = subject
        inspection = Inspection(shape: subject.shape)
    }

    /// The command for things of one kind, which the help calls so.
    static func command(_ global: GlobalOptions, of things: String, _ subject: @escaping () -> Subject) -> Command {
        Command("inspect", summary: "Show all that is known of \(things).") {
            InspectCommand(global, subject()).syntax()
        }
    }

    private func syntax() -> Syntax {
        var options: [Option] = [
            .value("format", short: "f", "form", help: "The form: json for one line, or a Go template.") {
                self.inspection.format = $0
            }
        ]
        if let detail = subject.detail {
            options.append(.flag(detail.name, short: detail.short, help: detail.help) { self.isDetailed = $0 })
        }
        return Syntax(
            examples: subject.examples,
            options: options,
            positionals: [subject.targets { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client()
        try inspection.run(names) { try subject.read(engine, $0, isDetailed) }
    }
}
