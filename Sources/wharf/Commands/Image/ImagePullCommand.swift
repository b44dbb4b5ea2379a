// SPDX-License-Identifier: Apache-2.0

import Arguments
import OCI
import Terminal

/// `wharf image pull`: brings an image here from a registry.
final class ImagePullCommand {
    private let global: GlobalOptions
    private var name = ""
    private var platform: String?
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("pull", summary: "Bring an image here from a registry.") { ImagePullCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image pull nginx:1.29
                wharf image pull localhost:5000/app@sha256:…   just this one, whatever the tag says by now
                wharf image pull --platform linux/arm64 nginx
                """,
            options: [
                .value("platform", "os/arch", help: "What the image is to run on.") { self.platform = $0 },
                .flag("quiet", short: "q", help: "Show no progress.") { self.isQuiet = $0 },
            ],
            positionals: [.one("NAME[:TAG|@DIGEST]", help: "The image.") { self.name = $0 }],
            run: run
        )
    }

    private func run() throws {
        let reference = try ImagePuller.reference(name)
        let puller = try ImagePuller(try global.client())
        let lines = try ImageTransfer.run(reference, .pull, global, isQuiet: isQuiet) {
            try puller.pull(reference, platform: platform)
        }
        if !isQuiet { for line in lines.suffix(2) { OutputStream.error.write(line + "\n") } }
        OutputStream.standard.write("\(reference)\n")
    }
}
