// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import Terminal

/// `wharf container commit`: makes an image of a container.
final class ContainerCommitCommand {
    private let global: GlobalOptions
    private let commit = ContainerCommit()
    private var container = ""

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("commit", summary: "Make an image of a container.") { ContainerCommitCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container commit web web:patched
                wharf container commit -c 'CMD ["httpd", "-f"]' -m 'with a patch' web web:patched
                """,
            options: commit.options(),
            positionals: [.container(of: global) { self.container = $0 }, commit.name],
            run: {
                let image = try self.commit.run(try self.global.client(), container: self.container)
                OutputStream.standard.write(image + "\n")
            }
        )
    }
}

/// What an image is made of a container with.
final class ContainerCommit {
    private var author = ""
    private var changes: [String] = []
    private var message = ""
    private var pauses = true
    private var image: String?

    /// The table of the options.
    func options() -> [Option] {
        [
            .value("author", short: "a", "text", help: "Who made the image.") { self.author = $0 },
            .value(
                "change",
                short: "c",
                "instruction",
                help: "A line of a Dockerfile for the image's configuration.",
                isRepeatable: true
            ) { self.changes.append($0) },
            .value("message", short: "m", "text", help: "What the history of the image says.") { self.message = $0 },
            .flag("pause", short: "p", help: "Have its processes stand still meanwhile; true unless given.") {
                self.pauses = $0
            },
        ]
    }

    /// The name of the image.
    var name: Positional {
        .optional("NAME[:TAG]", help: "The name of the image; none unless given.") { self.image = $0 }
    }

    /// Makes the image.
    ///
    /// - Parameters:
    ///   - client: The client.
    ///   - container: The container.
    /// - Returns: The identifier of the image.
    /// - Throws: ``CommandFailure`` for the name, and what the client throws.
    func run(_ client: EngineClient, container: String) throws -> String {
        let (repository, tag) = try ImageName.parts(of: image)
        return try client.commitContainer(
            container,
            repository: repository,
            tag: tag,
            author: author,
            comment: message,
            changes: changes,
            pauses: pauses
        )
    }
}
