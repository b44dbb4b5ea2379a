// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import JSONTree
import Linux

/// A program that keeps credentials: `docker-credential-NAME`.
struct CredentialHelper {
    let name: String

    /// What the program says where it has nothing.
    private static let nothing = ["credentials not found in native keychain", "no credentials server URL"]
    private static let answerLimit = 1 << 20

    private var program: String { "docker-credential-\(name)" }

    /// The credentials of a registry; nil where the program has none.
    func get(_ server: String) throws -> RegistryAuth? {
        let (status, text) = try run("get", server)
        if status != 0 {
            if Self.nothing.contains(where: text.contains) { return nil }
            throw failure("get", server, status, text)
        }
        guard let answer = try? JSON(Array(text.utf8)), let secret = answer["Secret"]?.string else {
            throw CommandFailure(message: "the answer of `\(program) get` for \(server) cannot be read")
        }
        var auth = RegistryAuth()
        auth.serverAddress = server
        auth.username = answer["Username"]?.string ?? ""
        // By this name the program tells that the secret is a token.
        if auth.username == "<token>" {
            (auth.username, auth.identityToken) = ("", secret)
        } else {
            auth.password = secret
        }
        return auth.isEmpty ? nil : auth
    }

    /// The registries that the program has credentials of, as it names them.
    func list() throws -> [String] {
        let (status, text) = try run("list", "")
        if status != 0 { throw failure("list", "all registries", status, text) }
        guard let members = (try? JSON(Array(text.utf8)))?.members else {
            throw CommandFailure(message: "the answer of `\(program) list` cannot be read")
        }
        return members.map(\.key)
    }

    /// Keeps the credentials of a registry.
    func store(_ auth: RegistryAuth, _ server: String) throws {
        let isToken = !auth.identityToken.isEmpty
        let input: JSON = [
            "ServerURL": .string(server), "Username": .string(isToken ? "<token>" : auth.username),
            "Secret": .string(isToken ? auth.identityToken : auth.password),
        ]
        let (status, text) = try run("store", input.text())
        if status != 0 { throw failure("store", server, status, text) }
    }

    /// Forgets the credentials of a registry.
    func erase(_ server: String) throws {
        let (status, text) = try run("erase", server)
        if status != 0, !Self.nothing.contains(where: text.contains) { throw failure("erase", server, status, text) }
    }

    private func failure(_ verb: String, _ server: String, _ status: Int32, _ text: String) -> CommandFailure {
        CommandFailure(
            message: "`\(program) \(verb)` for \(server) ended with the status \(status): "
                + text.prefix(500).split(whereSeparator: \.isNewline).joined(separator: "; ")
        )
    }

    /// Runs the program with an input and gives what it writes to its output.
    private func run(_ verb: String, _ input: String) throws -> (status: Int32, text: String) {
        do throws(SystemError) {
            let toProgram = try Pipe()
            let fromProgram = try Pipe()
            let process = try spawn(verb, input: toProgram.reader.number, output: fromProgram.writer.number)
            signal(SIGPIPE, SIG_IGN)
            toProgram.split { _, writer in
                // One that does not read its input answers all the same.
                try? writer.write(Array(input.utf8))
            }
            let output = fromProgram.split { reader, _ in reader }
            let text = try Self.read(output)
            return (try ProcessEnd(of: process, running: program).status, text)
        } catch {
            let hint = error.number == ENOENT ? "; install it, or take it out of Docker's config.json" : ""
            throw CommandFailure(message: "cannot run `\(program)`: \(SystemError.text(of: error.number))\(hint)")
        }
    }

    private func spawn(_ verb: String, input: Int32, output: Int32) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var words: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup(verb), nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let result = posix_spawnp(&process, program, &actions, nil, &words, environ)
        if result != 0 { throw SystemError("posix_spawn", result, on: program) }
        return process
    }

    private static func read(_ output: borrowing Descriptor) throws(SystemError) -> String {
        var bytes: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { piece.deallocate() }
        while bytes.count < answerLimit {
            let count = try output.read(into: piece)
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
