// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import Linux
import Terminal

/// `wharf image load`: reads images from an archive.
final class ImageLoadCommand {
    private let global: GlobalOptions
    private var input: String?
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("load", summary: "Read images from an archive.") { ImageLoadCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image load -i app.tar.gz
                docker save app:1 | wharf image load   move an image from Docker
                """,
            options: [
                .value(
                    "input",
                    short: "i",
                    "path",
                    help: "The archive; standard input unless given.",
                    completion: .files()
                ) { self.input = $0 },
                .flag("quiet", short: "q", help: "Show no progress.") { self.isQuiet = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client()
        try InputArchive.with(input ?? "-", for: "load", hint: "name the archive with `-i`") { archive in
            var response = try engine.loadImages(from: archive, quiet: isQuiet)
            try ProgressOutput.show(&response)
        }
    }
}

/// An archive that a command sends to the engine.
enum InputArchive {
    /// Opens a file, or takes standard input for `-`.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - command: The name of the command, for the error about a terminal.
    ///   - hint: What to do in place of reading from a terminal.
    ///   - body: Gets the descriptor, which stays open for the time of the call.
    /// - Throws: ``CommandFailure`` where there is nothing to read, or what `body` throws.
    static func with(_ path: String, for command: String, hint: String, _ body: (Int32) throws -> Void) throws {
        guard path != "-" else {
            if isatty(STDIN_FILENO) == 1 {
                throw CommandFailure(message: "\(command) reads an archive and no terminal: \(hint), or redirect input")
            }
            return try body(STDIN_FILENO)
        }
        let file: Descriptor
        do {
            file = try Descriptor.open(path, O_RDONLY)
        } catch {
            throw CommandFailure(message: "cannot open `\(path)`: \(SystemError.text(of: error.number))")
        }
        try body(file.number)
    }
}

/// The progress that the engine tells of.
enum ProgressOutput {
    /// Shows each line as it comes.
    ///
    /// - Parameter response: The lines.
    /// - Throws: ``CommandFailure`` where one of them tells of a failure.
    static func show(_ response: inout Response) throws {
        while let line = try response.nextValue(ProgressLine.self) {
            if let failure = line.errorDetail?.message ?? line.error { throw CommandFailure(message: failure) }
            if let stream = line.stream {
                OutputStream.standard.write(stream)
            } else if let status = line.status, line.progressDetail == nil {
                OutputStream.standard.write((line.id.map { "\($0): " } ?? "") + status + "\n")
            }
        }
    }
}
