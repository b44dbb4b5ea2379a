// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf attach`: connects to the streams of a container of a service.
final class ProjectAttachCommand {
    private let global: GlobalOptions
    private var service = ""
    private var index: Int?
    private var takesInput = true
    private var forwardsSignals = true
    private var detachKeys: DetachKeys?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "attach",
            summary: "Connect to the streams of a container of a service.",
            section: ProjectCommands.section
        ) { ProjectAttachCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf attach shell
                wharf attach --index 2 --no-stdin web   only look at the second container
                """,
            options: [
                DetachKeys.option { self.detachKeys = $0 },
                .index { self.index = $0 },
                .flag("no-stdin", help: "Do not connect standard input.") { self.takesInput = !$0 },
                .flag("sig-proxy", help: "Pass signals on to the program; true unless given.") {
                    self.forwardsSignals = $0
                },
            ],
            positionals: [.service(of: global) { self.service = $0 }],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global, of: service)
        let container = try scope.container(of: scope.service(service), index: index)
        try AttachCommand.attach(
            to: try scope.client.inspectContainer(container.id),
            scope.client,
            takesInput: takesInput,
            detachKeys,
            forwardsSignals: forwardsSignals
        )
    }
}
