// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import JSONTree
import Terminal

/// `wharf ls`: the projects that have containers.
final class ProjectListCommand {
    private let global: GlobalOptions
    private var showsAll = false
    private var patterns: [NamePattern] = []
    private var format = ProjectTable.Format.table
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("ls", summary: "List the projects that have containers.", section: ProjectCommands.section) {
            ProjectListCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf ls                        the projects that run
                wharf ls -a                     also those of which nothing runs
                wharf ls --filter name=^shop    only some, by a regular expression
                wharf ls --format json
                """,
            options: [
                .flag("all", short: "a", help: "Show also projects of which nothing runs.") { self.showsAll = $0 },
                .value("filter", "name=pattern", help: "Show only some, by name.", isRepeatable: true) {
                    text throws(InvalidValue) in try self.addFilter(text)
                },
                ProjectTable.option { self.format = $0 },
                .flag("quiet", short: "q", help: "Show only names.") { self.isQuiet = $0 },
            ],
            run: run
        )
    }

    private func addFilter(_ text: String) throws(InvalidValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "name", let pattern = NamePattern(String(parts[1])) else {
            throw InvalidValue("name=PATTERN, such as name=shop")
        }
        patterns.append(pattern)
    }

    private func run() throws {
        let filters = Filters(["label": [ProjectLabel.project, ProjectLabel.configHash]])
        let containers = try global.client().listContainers(showsAll: showsAll, filters)
        let projects = Dictionary(grouping: containers) { $0.labels[ProjectLabel.project] ?? "" }
        let rows = projects.map(Row.init).sorted { $0.name < $1.name }.filter { row in
            patterns.isEmpty || patterns.contains { $0.matches(row.name) }
        }
        if isQuiet {
            OutputStream.standard.write(rows.map { $0.name + "\n" }.joined())
        } else if format == .json {
            OutputStream.standard.write(JSON.array(rows.map(\.json)).text() + "\n")
        } else {
            let cells = rows.map { [$0.name, $0.status, $0.configFiles] }
            OutputStream.standard.write(ProjectTable.text(["NAME", "STATUS", "CONFIG FILES"], cells))
        }
    }

    private struct Row {
        var name: String
        var status: String
        var configFiles: String

        init(_ name: String, _ containers: [ContainerSummary]) {
            self.name = name
            let states = Dictionary(grouping: containers, by: \.state.rawValue).mapValues(\.count)
            status = states.sorted { $0.key < $1.key }.map { "\($0.key)(\($0.value))" }.joined(separator: ", ")
            var files: [String] = []
            for file in containers.flatMap(\.configFiles) where !files.contains(file) { files.append(file) }
            configFiles = files.isEmpty ? "N/A" : files.joined(separator: ",")
        }

        var json: JSON {
            ["Name": .string(name), "Status": .string(status), "ConfigFiles": .string(configFiles)]
        }
    }
}
