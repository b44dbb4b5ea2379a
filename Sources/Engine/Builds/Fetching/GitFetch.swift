// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Linux

/// Fetches one commit of a repository with the host's git, by way of a copy that is kept.
struct GitFetch: Sendable {
    let address: GitAddress
    /// Whether `.git` stays.
    let keepsGitFolder: Bool
    /// A folder of its own.
    let folder: String
    /// Runs git, with the same folder for what it writes.
    let git: GitProgram
    /// Where copies are kept.
    let repositories: FetchedRepositories

    /// The references of copies to what is there as a whole, by the names of the objects.
    ///
    /// A commit without one may have come without its files.
    private static let kept = "refs/kept/"
    /// What a fetch makes in a copy.
    private static let incoming = "refs/wharf/incoming"
    /// A copy that has as many commits is begun anew, so that none grows without end.
    private static let mostCommits = 100

    private var tree: String { "\(folder)/tree" }
    private var reference: String { address.reference ?? "HEAD" }

    /// What failed is a copy that is broken, and not what it was made of.
    private struct BrokenCopy: Error {
        var cause: any Error
    }

    /// Fetches.
    ///
    /// - Returns: The folder with the files.
    /// - Throws: `EngineError` with what git says, `CancellationError`.
    func run() async throws -> String {
        try await BlockingCall.run { [folder, tree] in
            for path in [folder, "\(folder)/home", tree] { try ContainerFolder.makeDirectory(path, mode: 0o755) }
        }
        try await repositories.use(address.repository, isAuthorized: git.isAuthorized) { copy in
            do {
                try await checkOut(from: copy)
            } catch is BrokenCopy {
                try await copy.clear()
                try await BlockingCall.run { [folder, tree] in
                    try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).removeTree("tree")
                    try ContainerFolder.makeDirectory(tree, mode: 0o755)
                }
                do {
                    try await checkOut(from: copy)
                } catch let broken as BrokenCopy {
                    throw broken.cause
                }
            }
        }
        return try await BlockingCall.run { [self] in try place() }
    }

    /// Brings a copy to the state of the repository, and the files into the tree.
    private func checkOut(from copy: FetchedRepositories.Copy) async throws {
        try await sound(copy) { try await prepare(copy) }
        let named = try await find(in: copy)
        let commit = try await sound(copy) {
            try await git.succeed(
                .bare(copy.path),
                ["rev-parse", "--verify", "--quiet", "\(Self.kept)\(named)^{commit}"]
            )
        }
        if let wanted = address.commit, !commit.hasPrefix(wanted), !named.hasPrefix(wanted) {
            throw EngineError(
                .badParameter,
                "\(address.repository): expected the commit \(wanted), and `\(reference)` is \(commit)"
            )
        }
        try await git.succeed(.tree(tree), ["init", "--quiet", "--template="])
        try await git.succeed(.tree(tree), ["remote", "add", "--", "origin", address.repository])
        try await BlockingCall.run { [self] in try copy.lend(to: "\(tree)/.git") }
        try await sound(copy) {
            try await git.succeed(.tree(tree), ["checkout", "--quiet", "--detach", commit])
            // A file that could not be read is no failure to it.
            let missing = try await git.succeed(.tree(tree), ["ls-files", "--deleted"])
            if !missing.isEmpty {
                throw EngineError(
                    .failed,
                    "git cannot check out \(address.repository): not all of its files could be read"
                )
            }
            // What stays has to be whole without the copy.
            if keepsGitFolder { try await git.succeed(.tree(tree), ["repack", "-a", "-d", "--quiet"]) }
        }
        try await fetchSubmodules()
        if keepsGitFolder {
            try await BlockingCall.run { [tree] in
                let git = try Descriptor.open("\(tree)/.git/objects/info", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                try git.remove(FetchedRepositories.Copy.lendersName)
            }
        }
    }

    /// Does something with a copy that can only fail where the copy is broken, or the machine.
    private func sound<Value>(_ copy: FetchedRepositories.Copy, _ body: () async throws -> Value) async throws -> Value
    {
        do {
            return try await body()
        } catch let error as EngineError {
            if try await git.call(.bare(copy.path), ["fsck", "--no-dangling"]).end == .exit(0) { throw error }
            throw BrokenCopy(cause: error)
        }
    }

    private func prepare(_ copy: FetchedRepositories.Copy) async throws {
        let isThere = try await BlockingCall.run {
            do throws(SystemError) {
                try copy.tidy()
                return access("\(copy.path)/HEAD", F_OK) == 0
            } catch {
                // Whatever it is, it is begun anew.
                return false
            }
        }
        if !isThere {
            try await copy.clear()
            try await git.succeed(.bare(copy.path), ["init", "--quiet", "--bare", "--template="])
        }
    }

    // MARK: What is meant

    /// Finds the object that is meant, and fetches it where the copy does not have it.
    ///
    /// - Returns: Its full name.
    private func find(in copy: FetchedRepositories.Copy) async throws -> String {
        // A commit stays what it is.
        let isWhole = address.namesCommit && [40, 64].contains(reference.utf8.count)
        if isWhole, try await has(reference, copy) { return reference }
        if !isWhole, let (object, name) = try await look(copy) {
            if try await has(object, copy) { return object }
            return try await fetch(name, copy)
        }
        guard address.namesCommit else {
            throw EngineError(
                .notFound,
                "git cannot fetch `\(reference)` of \(address.repository): it has no branch and no tag of that name"
            )
        }
        if let known = try await known(copy) { return known }
        return try await fetchCommit(copy)
    }

    /// Asks the server what a name stands for.
    ///
    /// - Returns: The object, and the full name; nil where there is nothing of that name.
    private func look(_ copy: FetchedRepositories.Copy) async throws -> (object: String, name: String)? {
        let outcome = try await git.call(
            .bare(copy.path),
            ["ls-remote", "--quiet", "--", address.repository, reference]
        )
        guard outcome.end == .exit(0) else { throw git.failure("fetch `\(reference)` of", outcome) }
        var objects: [String: String] = [:]
        for line in outcome.output.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
            if parts.count == 2, GitAddress.isCommit(parts[0]) { objects[parts[1]] = parts[0] }
        }
        // The order of gitrevisions(7).
        for prefix in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
            let name = prefix + reference
            if let object = objects[name] { return (object, name) }
        }
        return nil
    }

    private func has(_ object: String, _ copy: FetchedRepositories.Copy) async throws -> Bool {
        let arguments = ["rev-parse", "--verify", "--quiet", "\(Self.kept)\(object)^{commit}"]
        return try await git.call(.bare(copy.path), arguments).end == .exit(0)
    }

    /// The commit of the copy that begins as the reference does; nil for none, and for several.
    private func known(_ copy: FetchedRepositories.Copy) async throws -> String? {
        let names = try await kept(copy).filter { $0.hasPrefix(reference) }
        guard names.count == 1, let name = names.first, try await has(name, copy) else { return nil }
        return name
    }

    /// The names of what the copy has.
    private func kept(_ copy: FetchedRepositories.Copy) async throws -> [String] {
        let arguments = ["for-each-ref", "--format=%(refname)", Self.kept]
        return try await git.call(.bare(copy.path), arguments).output.split(whereSeparator: \.isNewline)
            .map { String($0.dropFirst(Self.kept.count)) }
    }

    // MARK: Fetching

    private static let options = [
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
    ]

    /// Fetches what has a name, with as little else as the server allows.
    ///
    /// - Returns: The object that it stands for now.
    private func fetch(_ name: String, _ copy: FetchedRepositories.Copy) async throws -> String {
        try await makeRoom(copy)
        let target = ["--", address.repository, "+\(name):\(Self.incoming)"]
        let shallow = try await git.call(.bare(copy.path), Self.options + ["--depth=1"] + target)
        if shallow.end != .exit(0) {
            // Servers of plain files have no shallow copies, and some servers give only what has a name.
            try await sound(copy) {
                let whole = try await git.call(.bare(copy.path), Self.options + target)
                if whole.end != .exit(0) { throw git.failure("fetch `\(reference)` of", whole) }
            }
        }
        return try await keep(Self.incoming, copy)
    }

    /// Fetches a commit by its own name, where that is allowed, or else all that has one.
    private func fetchCommit(_ copy: FetchedRepositories.Copy) async throws -> String {
        try await makeRoom(copy)
        let target = ["--depth=1", "--", address.repository, "+\(reference):\(Self.incoming)"]
        if try await git.call(.bare(copy.path), Self.options + target).end == .exit(0) {
            return try await keep(Self.incoming, copy)
        }
        let isShallow = try await sound(copy) {
            try await git.succeed(.bare(copy.path), ["rev-parse", "--is-shallow-repository"]) == "true"
        }
        let depth = isShallow ? ["--unshallow"] : []
        try await sound(copy) {
            let target = ["--prune", "--", address.repository, "+refs/*:refs/all/*"]
            try await git.succeed(.bare(copy.path), Self.options + depth + target)
        }
        let found = try await git.call(.bare(copy.path), ["rev-parse", "--verify", "--quiet", "\(reference)^{commit}"])
        guard found.end == .exit(0) else {
            throw EngineError(.notFound, "\(address.repository) has nothing that is called `\(reference)`")
        }
        return try await keep(found.output, copy)
    }

    /// Notes that an object is there as a whole.
    private func keep(_ name: String, _ copy: FetchedRepositories.Copy) async throws -> String {
        try await sound(copy) {
            let object = try await git.succeed(.bare(copy.path), ["rev-parse", "--verify", "--quiet", name])
            try await git.succeed(.bare(copy.path), ["update-ref", "\(Self.kept)\(object)", object])
            return object
        }
    }

    private func makeRoom(_ copy: FetchedRepositories.Copy) async throws {
        if try await kept(copy).count < Self.mostCommits { return }
        try await copy.clear()
        try await prepare(copy)
    }

    private func fetchSubmodules() async throws {
        guard address.includesSubmodules, access("\(tree)/.gitmodules", F_OK) == 0 else { return }
        let update = ["submodule", "--quiet", "update", "--init", "--recursive"]
        if try await git.call(.tree(tree), update + ["--depth=1"]).end == .exit(0) { return }
        try await git.succeed(.tree(tree), update)
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
}
