// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compose
import Diagram
import Terminal

/// `wharf graph`: draws the services and what they depend on.
struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draw the services and what they depend on.",
        usage: "wharf [global options] graph [options] [SERVICE ...]",
        discussion: """
            EXAMPLES:
              wharf graph                          layers of services in the terminal
              wharf graph web                      only web and what it depends on
              wharf graph --format svg > stack.svg a picture
              wharf graph --format mermaid         for a Markdown page
            """
    )

    /// The forms of the drawing.
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case text, dot, mermaid, svg, json
    }

    @ParentCommand var wharf: Wharf

    @Option(help: ArgumentHelp("The form of the drawing.", valueName: "form"))
    var format = Form.text

    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")],
        help: ArgumentHelp("Write to a file instead of standard output.", valueName: "path"),
        completion: .file()
    )
    var output: String?

    @Flag(help: .hidden)
    var dryRun = false

    @Argument(help: "The services to draw, with what they depend on; all unless given.")
    var services: [String] = []

    func run() throws {
        let result = try ProjectLoading(options: wharf.global).load { options in
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
