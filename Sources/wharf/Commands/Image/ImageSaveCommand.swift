// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import Glibc
import Terminal

/// `wharf image save`: writes images into an archive.
final class ImageSaveCommand {
    private let global: GlobalOptions
    private var output: String?
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("save", summary: "Write images into an archive.") { ImageSaveCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image save -o app.tar app:1 db:2
                wharf image save app:1 | docker load   move an image to Docker
                """,
            options: [
                .value(
                    "output",
                    short: "o",
                    "path",
                    help: "The archive; standard output unless given.",
                    completion: .files()
                ) { self.output = $0 }
            ],
            positionals: [.images(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        if output == nil, isatty(STDOUT_FILENO) == 1 {
            throw CommandFailure(message: "an archive does not go to a terminal: use `-o FILE`, or redirect output")
        }
        var response = try global.client().saveImages(names)
        guard let output else {
            while let piece = try response.next() {
                let failure = OutputStream.standard.write(piece)
                if failure != 0 {
                    throw CommandFailure(
                        message: "cannot write the archive to standard output: "
                            + String(cString: strerror(failure)).lowercased()
                    )
                }
            }
            return
        }
        try OutputFile.write(to: output) { try response.next() }
    }
}
