// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import OCI

/// `wharf image import`: makes an image of the tar of a root file system.
final class ImageImportCommand {
    private let global: GlobalOptions
    private var changes: [String] = []
    private var message = ""
    private var platform: String?
    private var input = ""
    private var name: String?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("import", summary: "Make an image of the tar of a root file system.") {
            ImageImportCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image import rootfs.tar base:1
                tar -C rootfs -c . | wharf image import -c 'CMD ["sh"]' - base:1
                """,
            options: [
                .value(
                    "change",
                    short: "c",
                    "instruction",
                    help: "A line of a Dockerfile for the image's configuration.",
                    isRepeatable: true
                ) { self.changes.append($0) },
                .value("message", short: "m", "text", help: "What the history of the image says.") {
                    self.message = $0
                },
                .value("platform", "os/arch", help: "The platform; that of the machine unless given.") {
                    self.platform = $0
                },
            ],
            positionals: [
                .one("FILE", help: "The tar, plain or compressed; - is standard input.", completion: .files()) {
                    self.input = $0
                },
                .optional("NAME[:TAG]", help: "The name of the image; none unless given.") { self.name = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        if input.hasPrefix("http://") || input.hasPrefix("https://") {
            throw CommandFailure(
                message: "wharf does not fetch archives: use `curl \(input) | wharf image import - NAME`"
            )
        }
        let (repository, tag) = try ImageName.parts(of: name)
        let engine = try global.client()
        try InputArchive.with(input, for: "import", hint: "name the archive") { archive in
            var response = try engine.importImage(
                from: archive,
                repository: repository,
                tag: tag,
                message: message,
                changes: changes,
                platform: platform
            )
            try ProgressOutput.show(&response)
        }
    }
}

/// Names that images are given.
enum ImageName {
    /// The name and the tag; both are empty where there is none.
    ///
    /// - Parameter text: The name, perhaps with a tag; nil for none.
    /// - Returns: The name without its tag, and the tag.
    /// - Throws: ``CommandFailure`` where it cannot name an image.
    static func parts(of text: String?) throws -> (repository: String, tag: String) {
        guard let text else { return ("", "") }
        let reference: ImageReference
        do {
            reference = try ImageReference(text)
        } catch {
            throw CommandFailure(message: "\(error)")
        }
        if reference.digest != nil {
            throw CommandFailure(message: "`\(text)` has a digest: a name that is given to an image has a tag at most")
        }
        return (reference.familiarName, reference.tag ?? ImageReference.defaultTag)
    }
}
