// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container top`: the processes of a container.
final class ContainerTopCommand {
    private let global: GlobalOptions
    private var name = ""
    private var arguments: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("top", summary: "Show the processes of a container.") { ContainerTopCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container top web
                wharf container top web -eo pid,args  columns as for ps
                """,
            positionals: [
                .container(of: global, onlyRunning: true) { self.name = $0 },
                .any("OPTION", help: "Options of ps.") { self.arguments.append($0) },
            ],
            passesThrough: true,
            run: run
        )
    }

    private func run() throws {
        let options = arguments.isEmpty ? nil : arguments.joined(separator: " ")
        OutputStream.standard.write(Self.text(try global.client().top(name, arguments: options)))
    }

    /// The processes in columns.
    static func text(_ top: ContainerTop) -> String {
        let lines = ([top.titles] + top.processes).map { $0.joined(separator: "\t") + "\n" }
        return TabWriter(minimumWidth: 20, padding: 3).aligned(lines.joined())
    }
}
