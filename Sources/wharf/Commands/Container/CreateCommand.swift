// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import OCI
import Terminal

/// `wharf container create`: makes a container that does not run yet.
final class CreateCommand {
    private let global: GlobalOptions
    private let options: ContainerOptions

    init(_ global: GlobalOptions) {
        self.global = global
        options = ContainerOptions(global)
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("create", summary: "Make a container that does not run yet.") { CreateCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container create --name web busybox httpd -f
                wharf container start web
                """,
            options: options.options(),
            positionals: options.positionals(),
            passesThrough: true,
            run: run
        )
    }

    func run() throws {
        // Docker's `create` connects the streams of the request as `run` does, for a later `start --attach`.
        let request = try options.request(isAttached: true)
        let creation = ContainerCreation(client: try global.client(), options: options, global: global)
        OutputStream.standard.write(try creation.create(request) + "\n")
    }
}

/// Makes the container of `run` and `create`.
struct ContainerCreation {
    let client: EngineClient
    let options: ContainerOptions
    /// How a pull is shown.
    let global: GlobalOptions

    /// Makes the container, shows the engine's warnings and writes the file for its identifier.
    ///
    /// - Parameter request: What it is to be.
    /// - Returns: Its identifier.
    /// - Throws: ``CommandFailure`` with the exit status of a command that never ran.
    func create(_ request: ContainerCreateRequest) throws -> String {
        let path = request.hostConfig.containerIDFile
        try Self.checkIdentifierFile(path)
        if options.pull == "always" { try pull() }
        let answer: ContainerCreateResponse
        do {
            answer = try createPulling(request)
        } catch {
            throw CommandFailure(of: error, isRun: true)
        }
        for warning in options.warnings + answer.warnings { OutputStream.error.write("WARNING: \(warning)\n") }
        if !path.isEmpty { try OutputFile.write(Array(answer.id.utf8), to: path) }
        return answer.id
    }

    /// Makes the container, once more where its image had to be pulled.
    private func createPulling(_ request: ContainerCreateRequest) throws -> ContainerCreateResponse {
        do {
            return try client.createContainer(request, named: options.name, platform: options.platform)
        } catch let error as EngineError where error.code == .notFound && error.message.hasPrefix("No such image") {
            if options.pull == "never" {
                let advice = "load it with `wharf image load`; `wharf image ls` shows those that there are"
                throw CommandFailure(message: "\(error.message): \(advice)", status: .engine)
            }
            if !options.isQuiet {
                OutputStream.error.write("Unable to find image '\(Self.familiar(options.image))' locally\n")
            }
        }
        try pull()
        return try client.createContainer(request, named: options.name, platform: options.platform)
    }

    private static func familiar(_ image: String) -> String { (try? ImageReference(image))?.familiar ?? image }

    private func pull() throws {
        do {
            let reference = try ImagePuller.reference(options.image)
            let puller = try ImagePuller(client)
            try ImageTransfer.run(reference, .pull, global, isQuiet: options.isQuiet) {
                try puller.pull(reference, platform: options.platform)
            }
        } catch {
            throw CommandFailure(message: CommandFailure(of: error, isRun: false).message, status: .engine)
        }
    }

    /// A file with the identifier of another container is not overwritten.
    private static func checkIdentifierFile(_ path: String) throws {
        if !path.isEmpty, access(path, F_OK) == 0 {
            throw CommandFailure(
                message:
                    "the file `\(path)` for the identifier exists; make sure that its container is gone, and delete it",
                status: .engine
            )
        }
    }
}
