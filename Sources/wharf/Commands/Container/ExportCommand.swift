// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient
import Glibc
import Linux
import Terminal

/// `wharf container export`: writes the root file system of a container as a tar.
final class ExportCommand {
    private let global: GlobalOptions
    private var container = ""
    private var output: String?

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("export", summary: "Write the root file system of a container as a tar.") {
            ExportCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container export -o root.tar web
                wharf container export web | tar -t
                """,
            options: [ArchiveOutput.option { self.output = $0 }],
            positionals: [.one("CONTAINER", help: "The container.") { self.container = $0 }],
            run: run
        )
    }

    func run() throws {
        try ArchiveOutput.check(output)
        let client = try global.client()
        var response = try client.exportContainer(container)
        try ArchiveOutput.write(&response, to: output)
    }
}

/// Archives that the engine sends.
enum ArchiveOutput {
    /// The option that names a file for an archive.
    static func option(store: @escaping (String) -> Void) -> Option {
        .value(
            "output",
            short: "o",
            "path",
            help: "Write to a file instead of standard output.",
            completion: .files()
        ) { store($0) }
    }

    /// Refuses to write an archive to a terminal.
    ///
    /// - Parameters:
    ///   - path: The file; nil is standard output.
    ///   - remedy: What to do instead.
    /// - Throws: ``CommandFailure`` where it would go to one.
    static func check(_ path: String?, remedy: String = "name a file with `--output`") throws {
        if path == nil, isatty(STDOUT_FILENO) == 1 {
            throw CommandFailure(message: "an archive is not for a terminal: \(remedy), or use a pipe")
        }
    }

    /// Writes the body of an answer.
    ///
    /// A file appears under its name when it is complete.
    ///
    /// - Parameters:
    ///   - response: The answer.
    ///   - path: The file; nil is standard output.
    /// - Throws: What reading and writing throws.
    static func write(_ response: inout Response, to path: String?) throws {
        guard let path else {
            while let piece = try response.next() {
                let failure = OutputStream.standard.write(piece)
                if failure != 0 { throw Self.failure("standard output", failure) }
            }
            return
        }
        // A device or a pipe is written to and not replaced.
        var status = stat()
        let replaces = stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
        let name = replaces ? "\(path).\(getpid()).part" : path
        do {
            let flags = replaces ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY
            let file = try Descriptor.open(name, flags, mode: 0o666)
            while let piece = try response.next() {
                let result = piece.withUnsafeBytes { buffer in
                    Result { () throws(SystemError) in try file.write(buffer) }
                }
                try result.get()
            }
            if replaces, rename(name, path) != 0 { throw SystemError("rename", errno, on: path) }
        } catch {
            if replaces { unlink(name) }
            guard let error = error as? SystemError else { throw error }
            throw failure("`\(path)`", error.number)
        }
    }

    private static func failure(_ name: String, _ number: Int32) -> CommandFailure {
        CommandFailure(message: "cannot write \(name): \(SystemError.text(of: number))")
    }
}
