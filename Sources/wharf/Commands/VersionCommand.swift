// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Terminal
import YAML

/// `wharf version`: prints the version.
final class VersionCommand {
    /// The version of this build.
    static let number = ProductVersion.number
    static let sentence = "wharf version \(number)"

    var format = "pretty"
    var short = false

    static func command() -> Command {
        Command("version", summary: "Print the version.") { VersionCommand().syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf version
                wharf version --short         only the number
                wharf version --format json   for scripts
                """,
            options: [
                .value(
                    "format",
                    short: "f",
                    "form",
                    help: "The form of the output: pretty or json.",
                    default: "pretty",
                    completion: .words(["pretty", "json"])
                ) { self.format = $0 },
                .flag("short", help: "Print only the number.") { self.short = $0 },
            ],
            run: run
        )
    }

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
