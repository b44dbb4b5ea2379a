// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Linux

/// The host's git, for one repository.
///
/// What git does is decided here alone: it sees no configuration of users, runs no hooks, asks nobody, and speaks the protocols
/// of networks only.
struct GitProgram: Sendable {
    /// The repository, as git takes it.
    let repository: String
    /// A folder of its own.
    let folder: String
    /// The socket of an SSH agent; nil for none.
    let agent: String?
    /// What secrets hold, by their ids.
    let secrets: [String: [UInt8]]

    /// Where programs are found.
    private static let path = "/usr/local/bin:/usr/bin:/bin"
    /// Variables of the engine that say how networks are reached.
    private static let networkVariables = [
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
    ]

    /// Whether servers are told who asks.
    var isAuthorized: Bool { agent != nil || origin.flatMap { authorization(of: $0.host) } != nil }

    /// Runs git, which has to succeed.
    ///
    /// - Parameters:
    ///   - place: Where it works: `-C` with a folder, or `--git-dir`.
    ///   - arguments: The command with its arguments.
    /// - Returns: Its output.
    /// - Throws: `EngineError` with what it says, `CancellationError`.
    @discardableResult
    func succeed(_ place: Place, _ arguments: [String]) async throws -> String {
        let outcome = try await call(place, arguments)
        if outcome.end == .exit(0) { return outcome.output }
        throw failure(arguments[0], outcome)
    }

    /// Where git works.
    enum Place {
        /// In a folder with files.
        case tree(String)
        /// On a repository without files.
        case bare(String)

        fileprivate var options: [String] {
            switch self {
            case .tree(let path): ["-C", path]
            case .bare(let path): ["--git-dir=\(path)"]
            }
        }
    }

    /// What git says of a failure.
    func failure(_ action: String, _ outcome: HostProgram.Outcome) -> EngineError {
        let lines = outcome.errors.split(whereSeparator: \.isNewline).suffix(6).joined(separator: "; ")
        return EngineError(.failed, "git cannot \(action) \(repository): \(lines.prefix(2000))")
    }

    /// Runs git.
    ///
    /// - Parameters:
    ///   - place: Where it works.
    ///   - arguments: The command with its arguments.
    /// - Returns: How it has ended.
    /// - Throws: `EngineError` where there is no git, `CancellationError`.
    func call(_ place: Place, _ arguments: [String]) async throws -> HostProgram.Outcome {
        try Task.checkCancellation()
        guard let git = Self.program("git") else {
            throw EngineError(
                .failed,
                "cannot fetch \(repository): this machine has no `git`; install it (the package is called git)"
            )
        }
        // What is checked out can be read by everybody, whatever the engine's own files are like.
        let program = HostProgram(
            "/bin/sh",
            ["-c", "umask 022 && exec \"$@\"", "sh", git] + place.options + arguments,
            environment: environment,
            in: folder
        )
        return try await withTaskCancellationHandler {
            let outcome = try await BlockingCall.run { try program.run() }
            try Task.checkCancellation()
            return outcome
        } onCancel: {
            program.cancel()
        }
    }

    private static func program(_ name: String) -> String? {
        path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private var environment: [String: String] {
        var variables = [
            "PATH": Self.path,
            "HOME": "\(folder)/home",
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "/bin/false",
            "SSH_ASKPASS": "/bin/false",
            "GIT_ALLOW_PROTOCOL": "git:http:https:ssh",
            "GIT_SSH_COMMAND": "ssh -F /dev/null -o BatchMode=yes -o ForwardAgent=no -o ClearAllForwardings=yes",
        ]
        for name in Self.networkVariables {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        if let file = getenv("SSL_CERT_FILE") { variables["GIT_SSL_CAINFO"] = String(cString: file) }
        if let agent { variables["SSH_AUTH_SOCK"] = agent }
        let settings = configuration
        variables["GIT_CONFIG_COUNT"] = "\(settings.count)"
        for (index, setting) in settings.enumerated() {
            variables["GIT_CONFIG_KEY_\(index)"] = setting.name
            variables["GIT_CONFIG_VALUE_\(index)"] = setting.value
        }
        return variables
    }

    /// What git is told in place of the configuration of users.
    private var configuration: [(name: String, value: String)] {
        var settings = [
            ("core.hooksPath", "/dev/null"), ("core.fsmonitor", "false"), ("core.untrackedCache", "false"),
            ("credential.helper", ""), ("gc.auto", "0"), ("maintenance.auto", "false"),
            ("init.defaultBranch", "main"), ("advice.detachedHead", "false"),
            ("transfer.bundleURI", "false"), ("protocol.allow", "user"), ("protocol.ext.allow", "never"),
            ("protocol.file.allow", "never"), ("submodule.recurse", "false"),
        ]
        guard let origin, let value = authorization(of: origin.host) else { return settings }
        settings.append(("http.\(origin.address)/.extraHeader", "Authorization: \(value)"))
        return settings
    }

    private var origin: (address: String, host: String)? {
        guard let scheme = repository.firstRange(of: "://"), repository.hasPrefix("http") else {
            return nil
        }
        let authority = repository[scheme.upperBound...].prefix { $0 != "/" }
        let host = authority.split(separator: "@").last ?? ""
        return (String(repository[..<scheme.upperBound]) + host, String(host))
    }

    /// What secrets say of a host, as BuildKit names them.
    private func authorization(of host: String) -> String? {
        func secret(_ name: String) -> String? {
            (secrets["\(name).\(host)"] ?? secrets[name]).map { String(decoding: $0, as: UTF8.self).singleLine }
        }
        if let header = secret("GIT_AUTH_HEADER") { return header }
        return secret("GIT_AUTH_TOKEN").map { "basic \(Base64.encode(Array("x-access-token:\($0)".utf8)))" }
    }
}

extension String {
    /// Without line breaks, which would end a header.
    var singleLine: String { filter { !$0.isNewline } }
}
