// SPDX-License-Identifier: Apache-2.0

import Arguments
import OCI
import Terminal

/// `wharf image push`: puts an image into a registry.
final class ImagePushCommand {
    private let global: GlobalOptions
    private var name = ""
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("push", summary: "Put an image into a registry.") { ImagePushCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image tag app:1 registry.example.com/app:1
                wharf image push registry.example.com/app:1
                """,
            options: [.flag("quiet", short: "q", help: "Show no progress.") { self.isQuiet = $0 }],
            positionals: [.image(of: global) { self.name = $0 }],
            run: run
        )
    }

    private func run() throws {
        let reference = try ImagePuller.reference(name)
        let puller = try ImagePuller(try global.client())
        let lines = try ImageTransfer.run(reference, .push, global, isQuiet: isQuiet) { try puller.push(reference) }
        if !isQuiet { for line in lines.suffix(1) { OutputStream.error.write(line + "\n") } }
        OutputStream.standard.write("\(reference)\n")
    }
}
