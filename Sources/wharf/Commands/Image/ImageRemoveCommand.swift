// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf image rm`: removes names of images, and images with their last name.
final class ImageRemoveCommand {
    private let global: GlobalOptions
    private var isForced = false
    private var keepsParents = false
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("rm", aliases: ["remove"], summary: "Remove images.") { ImageRemoveCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image rm app:1
                wharf image rm -f 5f2c…               with all its names
                """,
            options: [
                .flag("force", short: "f", help: "Remove also what a stopped container uses; none is no error.") {
                    self.isForced = $0
                },
                .flag("no-prune", help: "Keep images without a name that it was made of.") { self.keepsParents = $0 },
            ],
            positionals: [.images(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client()
        var failures = Failures()
        // One after another: what the first removes may be what the second names.
        for name in names {
            failures.collect {
                do {
                    let deletions = try engine.removeImage(name, force: isForced, prunes: !keepsParents)
                    OutputStream.standard.write(deletions.map { $0.line + "\n" }.joined())
                } catch let error as EngineError where isForced && error.code == .notFound {
                    OutputStream.error.write("warning: \(error.message)\n")
                }
            }
        }
        try failures.finish()
    }
}

extension ImageDeletion {
    /// The line that tells of it.
    var line: String { untagged.map { "Untagged: \($0)" } ?? "Deleted: \(deleted ?? "")" }
}
