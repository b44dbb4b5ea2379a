// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Linux

/// Fetches one commit of a repository with the host's git.
///
/// What git does is decided here alone: it sees no configuration of users, runs no hooks, asks nobody, and speaks the protocols
/// of networks only.
struct GitFetch: Sendable {
    let address: GitAddress
    /// Whether `.git` stays.
    let keepsGitFolder: Bool
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

    private var tree: String { "\(folder)/tree" }

    /// Fetches.
    ///
    /// - Returns: The folder with the files.
    /// - Throws: `EngineError` with what git says, `CancellationError`.
    func run() async throws -> String {
        guard let git = Self.program("git") else {
            throw EngineError(
                .failed,
                "cannot fetch \(address.repository): this machine has no `git`; install it (the package is called git)"
            )
        }
        try await BlockingCall.run { [folder, tree] in
            for path in [folder, "\(folder)/home", tree] { try ContainerFolder.makeDirectory(path, mode: 0o755) }
        }
        try await succeed(git, ["init", "--quiet", "--template="])
        try await succeed(git, ["remote", "add", "origin", address.repository])
        try await fetch(git)
        let commit = try await succeed(git, ["rev-parse", "--verify", "--quiet", "wharf^{commit}"])
        let named = try await succeed(git, ["rev-parse", "--verify", "--quiet", "wharf"])
        if let wanted = address.commit, !commit.hasPrefix(wanted), !named.hasPrefix(wanted) {
            throw EngineError(
                .badParameter,
                "\(address.repository): expected the commit \(wanted), and `\(address.reference ?? "HEAD")` is \(commit)"
            )
        }
        try await succeed(git, ["checkout", "--quiet", "--detach", "wharf^{commit}"])
        try await succeed(git, ["tag", "--delete", "wharf"])
        try await fetchSubmodules(git)
        return try await BlockingCall.run { [self] in try place() }
    }

    /// Fetches what is meant, with as little else as the server allows.
    private func fetch(_ git: String) async throws {
        let reference = address.reference ?? "HEAD"
        let options = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]
        let target = ["--", "origin", "+\(reference):refs/tags/wharf"]
        let shallow = try await call(git, options + ["--depth=1"] + target)
        if shallow.end == .exit(0) { return }
        // Servers of plain files have no shallow copies, and some servers give only what has a name.
        let whole = try await call(git, options + target)
        if whole.end == .exit(0) { return }
        guard address.namesCommit else { throw failure("fetch `\(reference)` of", whole) }
        try await succeed(git, options + ["--", "origin", "+refs/*:refs/wharf/*"])
        let found = try await call(git, ["rev-parse", "--verify", "--quiet", "\(reference)^{commit}"])
        guard found.end == .exit(0) else {
            throw EngineError(.notFound, "\(address.repository) has nothing that is called `\(reference)`")
        }
        try await succeed(git, ["tag", "--no-sign", "wharf", found.output])
    }

    private func fetchSubmodules(_ git: String) async throws {
        guard address.includesSubmodules, access("\(tree)/.gitmodules", F_OK) == 0 else { return }
        let update = ["submodule", "--quiet", "update", "--init", "--recursive"]
        if try await call(git, update + ["--depth=1"]).end == .exit(0) { return }
        try await succeed(git, update)
    }

    /// The folder that is meant, without what belongs to git.
    private func place() throws -> String {
        let root = try Descriptor.open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if !keepsGitFolder { try root.removeTree(".git") }
        guard let part = address.folder else { return tree }
        let found: Descriptor
        do {
            found = try root.open(FilePath(part.utf8) ?? ".", O_RDONLY | O_DIRECTORY, resolution: .inRoot)
        } catch {
            throw EngineError(
                .notFound,
                "\(address.repository) has no folder `\(part)`: \(SystemError.text(of: error.number))"
            )
        }
        // Links inside it were followed; the path is that of the folder itself.
        return try Descriptor.open("/proc/self/fd", O_RDONLY | O_DIRECTORY)
            .linkTarget(of: FilePath("\(found.number)".utf8) ?? ".").description
    }

    // MARK: Running git

    /// Runs git, which has to succeed.
    ///
    /// - Returns: Its output.
    @discardableResult
    private func succeed(_ git: String, _ arguments: [String]) async throws -> String {
        let outcome = try await call(git, arguments)
        if outcome.end == .exit(0) { return outcome.output }
        throw failure(arguments[0], outcome)
    }

    private func failure(_ action: String, _ outcome: HostProgram.Outcome) -> EngineError {
        let lines = outcome.errors.split(whereSeparator: \.isNewline).suffix(6).joined(separator: "; ")
        return EngineError(.failed, "git cannot \(action) \(address.repository): \(lines.prefix(2000))")
    }

    private func call(_ git: String, _ arguments: [String]) async throws -> HostProgram.Outcome {
        try Task.checkCancellation()
        // What is checked out can be read by everybody, whatever the engine's own files are like.
        let program = HostProgram(
            "/bin/sh",
            ["-c", "umask 022 && exec \"$@\"", "sh", git, "-C", tree] + arguments,
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
        guard let scheme = address.repository.firstRange(of: "://"), address.repository.hasPrefix("http") else {
            return nil
        }
        let authority = address.repository[scheme.upperBound...].prefix { $0 != "/" }
        let host = authority.split(separator: "@").last ?? ""
        return (String(address.repository[..<scheme.upperBound]) + host, String(host))
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
