// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Diagram
import Terminal

/// `wharf graph`: draws the services and what they depend on.
final class GraphCommand {
    /// The forms of the drawing.
    enum Form: String, CaseIterable {
        case text, dot, mermaid, svg, json
    }

    let global: GlobalOptions
    var format = Form.text
    var output: String?
    var services: [String] = []

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("graph", summary: "Draw the services and what they depend on.") { GraphCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf graph                          layers of services in the terminal
                wharf graph web                      only web and what it depends on
                wharf graph --format svg > stack.svg a picture
                wharf graph --format mermaid         for a Markdown page
                """,
            options: [
                .value(
                    "format",
                    "form",
                    help: "The form of the drawing.",
                    allowed: Form.allCases.map(\.rawValue),
                    default: "text"
                ) { if let form = Form(rawValue: $0) { self.format = form } },
                .value(
                    "output",
                    short: "o",
                    "path",
                    help: "Write to a file instead of standard output.",
                    completion: .files()
                ) { self.output = $0 },
            ],
            positionals: [
                .any(
                    "SERVICE",
                    help: "The services to draw, with what they depend on; all unless given.",
                    completion: .services(of: global)
                ) { self.services.append($0) }
            ],
            run: run
        )
    }

    func run() throws {
        let result = try ProjectLoading(options: global).load { options in
            options.services = services
            options.resolvesEnvironment = false
        }
        guard let project = result.project, let tree = result.tree else {
            throw CommandFailure()
        }
        let graph = ServiceGraph(project, tree: tree)
        let drawing =
            switch format {
            case .text: TextRenderer.render(graph)
            case .dot: DotRenderer.render(graph)
            case .mermaid: MermaidRenderer.render(graph)
            case .svg: SVGRenderer.render(graph)
            case .json: JSONRenderer.render(graph)
            }
        if let output {
            try OutputFile.write(Array(drawing.utf8), to: output)
        } else {
            OutputStream.standard.write(drawing)
        }
    }
}
