// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images
import JSONTree
import Linux
import OCI
import Registry
import Synchronization

extension Engine {
    /// Pushes an image.
    ///
    /// - Parameters:
    ///   - name: The image.
    ///   - tag: A tag in place of that of the name; nil leaves that.
    ///   - auth: Who asks.
    ///   - report: Told of how far it is.
    /// - Throws: `EngineError`, `CancellationError`.
    package func pushImage(
        _ name: String,
        tag: String? = nil,
        auth: RegistryAuth = RegistryAuth(),
        report: @escaping @Sendable (ProgressLine) -> Void
    ) async throws {
        let reference = try Self.pulled(name, tag)
        guard reference.digest == nil, let tag = reference.tag else {
            throw EngineError(.badParameter, "cannot push a digest reference: name the image by a tag")
        }
        let content = try await withImages(about: reference.familiar) { try $0.wholeContent(of: reference.description) }
        let image = try await withImages(about: reference.familiar) { try $0.inspect(reference.description) }
        report(.status("The push refers to repository [\(reference.name)]"))
        let repository = registry.repository(of: reference, RegistryCredentials(auth)) { report(.status($0)) }
        let push = ImagePush(engine: self, repository: repository, reference: reference, report: report)
        do {
            try await push.run(content, tag: tag)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw EngineError(anyRegistryFailure: error)
        }
        var attributes = image.labels
        attributes["name"] = reference.familiarName
        emit("image", "push", id: reference.familiar, attributes: attributes)
    }

    /// Finds out whether a registry takes credentials.
    package func checkAuth(_ auth: RegistryAuth) async throws -> AuthResponse {
        var answer = AuthResponse()
        let registry = Self.registry(of: auth.serverAddress)
        do {
            answer.identityToken = try await self.registry.logIn(to: registry, RegistryCredentials(auth)) ?? ""
        } catch let error as RegistryError {
            throw EngineError(error)
        }
        answer.status = "Login Succeeded"
        return answer
    }

    /// The registry that an address of a client's file stands for.
    private static func registry(of address: String) -> String {
        var rest = address[...]
        if let scheme = address.firstRange(of: "://") { rest = address[scheme.upperBound...] }
        let host = String(rest.prefix { $0 != "/" })
        return host.isEmpty || ["index.docker.io", "registry-1.docker.io"].contains(host)
            ? ImageReference.defaultRegistry : host
    }

    /// What a registry has for a name.
    package func distribution(of name: String, auth: RegistryAuth) async throws -> DistributionInspection {
        let reference = try Self.pulled(name, nil)
        let repository = registry.repository(of: reference, RegistryCredentials(auth))
        do {
            let manifest = try await repository.manifest(
                reference.digest?.description ?? reference.tag ?? ImageReference.defaultTag
            )
            var answer = DistributionInspection(manifest.descriptor)
            switch manifest.document {
            case .index(let index):
                answer.platforms = index.manifests.filter { !$0.isAttestation }.compactMap(\.platform)
            case .manifest(let document) where document.config.mediaType.isImageConfig:
                let bytes = try await repository.blob(document.config, limit: 8 << 20)
                let config = try? JSON.decode(ImageConfig.self, from: bytes, .documents)
                answer.platforms = config.map { [$0.platform] } ?? []
            case .manifest: break
            }
            return answer
        } catch let error as RegistryError {
            throw EngineError(error)
        }
    }
}

/// One push of one image.
private struct ImagePush: Sendable {
    let engine: Engine
    let repository: RemoteRepository
    let reference: ImageReference
    let report: @Sendable (ProgressLine) -> Void

    /// How many blobs go at a time.
    private static let width = 3
    private static let pause = Duration.milliseconds(100)

    @concurrent
    func run(_ content: ImageContent, tag: String) async throws {
        let blobs = content.blobs.filter { !$0.mediaType.rawValue.contains("foreign") }
        for blob in blobs where blob.mediaType.isLayer { report(.layer(blob.digest.short, "Preparing")) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = blobs[...]
            for blob in rest.prefix(Self.width) { group.addTask { try await push(blob) } }
            rest = rest.dropFirst(Self.width)
            while try await group.next() != nil {
                if let blob = rest.popFirst() { group.addTask { try await push(blob) } }
            }
        }
        for (descriptor, bytes) in content.documents.dropLast() {
            try await repository.push(manifest: bytes, descriptor, as: descriptor.digest.description)
        }
        guard let (descriptor, bytes) = content.documents.last else { return }
        try await repository.push(manifest: bytes, descriptor, as: tag)
        report(.status("\(tag): digest: \(descriptor.digest) size: \(descriptor.size)"))
        var line = ProgressLine()
        line.aux = ProgressLine.Outcome(tag: tag, digest: "\(descriptor.digest)", size: descriptor.size)
        report(line)
    }

    private func push(_ blob: ContentDescriptor) async throws {
        let (engine, registry, own) = (engine, reference.registry, reference.repository)
        let others = try await engine.withImages { store in
            try store.repositories(of: registry, having: blob.digest).filter { $0 != own }
        }
        let told = Mutex<ContinuousClock.Instant?>(nil)
        let isLayer = blob.mediaType.isLayer
        let outcome = try await repository.push(blob, mountingFrom: Array(others.prefix(3))) {
            let pieces = try StoredPieces(blob.digest, in: engine.images.content)
            let sent = Mutex<Int64>(0)
            return {
                guard let piece = try pieces.next() else { return nil }
                let count = sent.withLock { sent in
                    sent += Int64(piece.count)
                    return sent
                }
                let isDue = told.withLock { last in
                    let now = ContinuousClock.now
                    if let last, now - last < Self.pause { return false }
                    last = now
                    return true
                }
                if isDue, isLayer {
                    report(.layer(blob.digest.short, "Pushing", current: count, total: blob.size))
                }
                return piece
            }
        }
        guard isLayer else { return }
        switch outcome {
        case .existed: report(.layer(blob.digest.short, "Layer already exists"))
        case .mounted(let other): report(.layer(blob.digest.short, "Mounted from \(other)"))
        case .uploaded: report(.layer(blob.digest.short, "Pushed"))
        }
    }
}
