// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf top`: the processes of a project.
final class ProjectTopCommand {
    private let global: GlobalOptions
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("top", summary: "Show the processes of the containers.", section: ProjectCommands.section) {
            ProjectTopCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf top
                wharf top web
                """,
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global)
        let chosen = try scope.services(services)
        let containers = scope.containers(of: chosen, includesStopped: false, includesOneOffs: true)
        let client = scope.client
        let tops = try Targets.results(of: containers) { try client.top($0.id) }
        var rows: [(container: ContainerSummary, top: ContainerTop)] = []
        for (container, result) in zip(containers, tops) {
            do {
                rows.append((container, try result.get()))
            } catch let error as EngineError where error.code == .conflict || error.code == .notFound {
                // It ended meanwhile.
                continue
            }
        }
        if !rows.isEmpty { OutputStream.standard.write(Self.text(rows)) }
    }

    /// The processes of all containers in one table, `CMD` last.
    private static func text(_ rows: [(container: ContainerSummary, top: ContainerTop)]) -> String {
        var titles: [String] = []
        for title in rows.flatMap(\.top.titles) where !titles.contains(title) { titles.append(title) }
        if let place = titles.firstIndex(of: "CMD") { titles.append(titles.remove(at: place)) }
        var lines = [["SERVICE", "#"] + titles]
        for (container, top) in rows {
            let number = container.isOneOff ? "" : container.number.map(String.init) ?? ""
            for process in top.processes {
                let cells = Dictionary(zip(top.titles, process)) { first, _ in first }
                lines.append([container.service, number] + titles.map { cells[$0] ?? "-" })
            }
        }
        let text = lines.map { $0.joined(separator: "\t") + "\n" }.joined()
        return TabWriter(minimumWidth: 4, padding: 2).aligned(text)
    }
}
