// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Images
import Linux
import OCI
import Registry

/// Brings files here that a build takes from elsewhere: from addresses and repositories.
struct SourceFetcher: Sendable {
    /// What a context has turned out to be.
    enum Context: Sendable {
        /// A folder of this host.
        case folder(String)
        /// A file that is no archive.
        case file([UInt8])
    }

    let engine: Engine
    let request: ImageBuildRequest
    /// Where the build works.
    let folder: String
    let progress: BuildProgress
    /// What secrets hold, by their ids.
    let secrets: [String: [UInt8]]

    private static let contentName: FilePath = "content"

    /// A folder of this build that nobody has.
    private func makeFolder() async throws -> String {
        var generator = SystemRandomNumberGenerator()
        let path = "\(folder)/source-\(ObjectID(using: &generator))"
        try await BlockingCall.run { try ContainerFolder.makeDirectory(path, mode: 0o700) }
        return path
    }

    /// Fetches a file.
    ///
    /// - Parameters:
    ///   - address: Where it is.
    ///   - checksum: What it has to be; nil for whatever it is.
    ///   - name: What it is called.
    /// - Returns: A folder with that file alone.
    /// - Throws: `EngineError`, `CancellationError`.
    func file(_ address: String, checksum: Digest? = nil, as name: FilePath) async throws -> String {
        if [".", ".."].contains(name) || name.components.count != 1 {
            throw EngineError(.badParameter, "\(address): `\(name)` cannot be the name of a file")
        }
        let folder = try await makeFolder()
        let progress = progress
        try await engine.fetchedFiles.copy(
            address,
            checksum: checksum,
            authorization: authorization(of: address),
            to: folder,
            as: name
        ) { text in Task { await progress.tell(.warning(text)) } }
        return folder
    }

    /// What secrets say of the host of an address, as BuildKit names them.
    private func authorization(of address: String) -> String? {
        guard let host = WebClient.host(of: address) else { return nil }
        func secret(_ name: String) -> String? {
            secrets["\(name)_\(host)"].map { String(decoding: $0, as: UTF8.self).singleLine }
        }
        return secret("HTTP_AUTH_HEADER") ?? secret("HTTP_AUTH_TOKEN").map { "Bearer \($0)" }
    }

    /// Fetches a commit of a repository.
    ///
    /// - Parameters:
    ///   - text: The address of the repository, with what of it is meant.
    ///   - commit: The commit that it has to be, or its start.
    ///   - keepsGitFolder: Whether `.git` stays.
    /// - Returns: The folder with the files.
    /// - Throws: `EngineError`, `CancellationError`.
    func repository(_ text: String, commit: String? = nil, keepsGitFolder: Bool) async throws -> String {
        var address: GitAddress
        do throws(BuildProblem) {
            address = try GitAddress(text)
        } catch {
            throw EngineError(.badParameter, "\(error)")
        }
        if let commit { address.require(commit) }
        let folder = try await makeFolder()
        let fetch = GitFetch(
            address: address,
            keepsGitFolder: address.keepsGitFolder ?? keepsGitFolder,
            folder: folder,
            git: GitProgram(
                repository: address.repository,
                folder: folder,
                agent: request.agents["default"],
                secrets: secrets
            ),
            repositories: engine.fetchedRepositories
        )
        return try await fetch.run()
    }

    /// Fetches a context.
    ///
    /// - Parameters:
    ///   - context: Where it is.
    ///   - title: What is told of it.
    /// - Returns: The context; nil for one that is not fetched.
    /// - Throws: `EngineError`, `CancellationError`.
    func context(_ context: NamedContext, _ title: String) async throws -> Context? {
        switch context {
        case .git(let text):
            let keeps = request.arguments["BUILDKIT_CONTEXT_KEEP_GIT_DIR"].map { ["1", "true"].contains($0) } ?? false
            return try await progress.during("\(title) load \(text)") {
                .folder(try await repository(text, keepsGitFolder: keeps))
            }
        case .archive(let text):
            return try await progress.during("\(title) load \(text)") { try await archive(text) }
        case .folder, .image, .ociLayout, .service: return nil
        }
    }

    private func archive(_ address: String) async throws -> Context {
        let folder = try await file(address, as: Self.contentName)
        return try await BlockingCall.run {
            let root = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            func source() throws -> DescriptorSource {
                DescriptorSource(try root.open(Self.contentName, O_RDONLY | O_NOFOLLOW), name: address)
            }
            guard TarReader.isArchive(try source()) else {
                let file = try root.open(Self.contentName, O_RDONLY | O_NOFOLLOW)
                return .file(try file.contents(limit: BuildPreparation.dockerfileLimit))
            }
            let tree = "\(folder)/tree"
            try ContainerFolder.makeDirectory(tree, mode: 0o700)
            let archive = try source()
            let target = try Descriptor.open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            do throws(ImageError) {
                try TreeUnpacker.unpack(archive, into: target, at: "/")
            } catch {
                throw EngineError(.badParameter, "cannot unpack \(address): \(error)")
            }
            return .folder(tree)
        }
    }
}

extension BuildProgress {
    /// Shows work as a step of its own.
    ///
    /// - Parameters:
    ///   - name: What is done.
    ///   - work: Does it.
    /// - Returns: What it returns.
    /// - Throws: What it throws.
    func during<Value>(_ name: String, _ work: () async throws -> Value) async throws -> Value {
        let told = await begin(name)
        do {
            let value = try await work()
            await told.end(.done)
            return value
        } catch {
            await told.end(error is CancellationError || Task.isCancelled ? .cancelled : .failed)
            throw error
        }
    }
}
