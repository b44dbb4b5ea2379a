// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import OCI
import Terminal

/// `wharf login`: checks who the user is to a registry, and keeps it.
final class LoginCommand {
    private let global: GlobalOptions
    private var registry = ImageReference.defaultRegistry
    private var username: String?
    private var password: String?
    private var readsPassword = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("login", summary: "Log in to a registry.") { LoginCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf login registry.example.com
                wharf login -u ci --password-stdin registry.example.com < token
                """,
            options: [
                .value("password", short: "p", "password", help: "The password; other users can see it.") {
                    self.password = $0
                },
                .flag("password-stdin", help: "Read the password from standard input.") { self.readsPassword = $0 },
                .value("username", short: "u", "name", help: "The user.") { self.username = $0 },
            ],
            positionals: [
                .optional("REGISTRY", help: "The registry; docker.io unless given.") {
                    self.registry = RegistryAuth.registry(of: $0)
                }
            ],
            check: check,
            run: run
        )
    }

    private func check() throws(UsageError) {
        if readsPassword, password != nil { throw UsageError("--password and --password-stdin are incompatible") }
        if readsPassword, username == nil { throw UsageError("--password-stdin wants --username as well") }
    }

    private func run() throws {
        var auth = RegistryAuth()
        auth.serverAddress = DockerConfiguration.key(of: registry)
        var configuration = try DockerConfiguration()
        if password != nil {
            let style = OutputStream.error.style(.automatic)
            OutputStream.error.write(
                "\(style.yellow("warning")): other users can see a password on the command line; use --password-stdin\n"
            )
        }
        auth.username = try username ?? Prompt.line("Username: ")
        auth.password = try readsPassword ? Prompt.input() : password ?? Prompt.secret("Password: ")
        guard !auth.username.isEmpty, !auth.password.isEmpty else {
            throw CommandFailure(message: "user and password must not be empty")
        }
        let answer = try global.client().checkAuth(auth)
        var kept = auth
        if !answer.identityToken.isEmpty { (kept.identityToken, kept.password) = (answer.identityToken, "") }
        try configuration.add(kept, for: registry)
        if configuration.helper(for: registry) == nil {
            OutputStream.error.write("The credentials are in \(configuration.path), without encryption.\n")
        }
        OutputStream.standard.write(answer.status + "\n")
    }
}

/// `wharf logout`: forgets who the user is to a registry.
final class LogoutCommand {
    private var registry = ImageReference.defaultRegistry

    static func command() -> Command {
        Command("logout", summary: "Log out from a registry.") { LogoutCommand().syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf logout registry.example.com",
            positionals: [
                .optional("REGISTRY", help: "The registry; docker.io unless given.") {
                    self.registry = RegistryAuth.registry(of: $0)
                }
            ],
            run: run
        )
    }

    private func run() throws {
        var configuration = try DockerConfiguration()
        let isKnown = try configuration.remove(registry)
        OutputStream.standard.write(
            isKnown ? "Removing login credentials for \(registry)\n" : "Not logged in to \(registry)\n"
        )
    }
}

/// Questions to the user.
private enum Prompt {
    private static let lineLimit = 64 << 10

    static func line(_ question: String) throws -> String {
        guard StandardInput.isTerminal else {
            throw CommandFailure(message: "no terminal to ask at: give --username and --password-stdin")
        }
        OutputStream.error.write(question)
        return readLine() ?? ""
    }

    /// Asks without showing the answer.
    static func secret(_ question: String) throws -> String {
        guard StandardInput.isTerminal else {
            throw CommandFailure(message: "no terminal to ask at: give --password-stdin")
        }
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw CommandFailure(message: "cannot read the terminal's mode")
        }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            OutputStream.error.write("\n")
        }
        OutputStream.error.write(question)
        return readLine() ?? ""
    }

    /// All of standard input, without the line end.
    static func input() throws -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) {
            text += line
            if text.utf8.count > lineLimit {
                throw CommandFailure(message: "the password is longer than \(lineLimit) bytes")
            }
        }
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
