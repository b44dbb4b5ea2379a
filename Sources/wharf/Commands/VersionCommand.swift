// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Terminal
import YAML

/// `wharf version`: prints the version.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version.",
        usage: "wharf version [options]",
        discussion: """
            EXAMPLES:
              wharf version
              wharf version --short         only the number
              wharf version --format json   for scripts
            """
    )

    /// The version of this build.
    static let number = "0.1.0"
    static let sentence = "wharf version \(number)"

    @Option(name: .shortAndLong, help: ArgumentHelp("The form of the output: pretty or json.", valueName: "form"))
    var format = "pretty"

    @Flag(help: "Print only the number.")
    var short = false

    @Flag(help: .hidden)
    var dryRun = false

    func run() throws {
        if short {
            OutputStream.standard.write(Self.number + "\n")
        } else if format == "json" {
            OutputStream.standard.write(JSONWriter.json(Node(.mapping(["version": Node(Self.number)])), indent: nil))
            OutputStream.standard.write("\n")
        } else if format == "pretty" {
            OutputStream.standard.write(Self.sentence + "\n")
        } else {
            throw CommandFailure(message: "unsupported format '\(format)'; use pretty or json")
        }
    }
}
