// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images
import OCI
import Registry
import Synchronization

/// What pulls share.
final class PullRegistry: Sendable {
    let transfers: BlobTransfers
    private let pinned = Mutex<(next: Int, chains: [Int: [Digest]])>((0, [:]))

    init(_ images: ImageStore) {
        transfers = BlobTransfers(images.content)
    }

    /// Keeps layers that no image has yet from being removed.
    ///
    /// - Parameter chains: Their chain identifiers.
    /// - Returns: What to give to ``unpin(_:)``.
    func pin(_ chains: [Digest]) -> Int {
        pinned.withLock { pinned in
            pinned.next += 1
            pinned.chains[pinned.next] = chains
            return pinned.next
        }
    }

    func unpin(_ pin: Int) { pinned.withLock { $0.chains[pin] = nil } }

    /// The chain identifiers of all layers that are kept.
    var layers: Set<Digest> { pinned.withLock { Set($0.chains.values.joined()) } }
}

extension Engine {
    /// Pulls an image.
    ///
    /// - Parameters:
    ///   - name: The image, with or without a tag or digest.
    ///   - tag: A tag or digest in place of that of the name; nil leaves that.
    ///   - platform: What it is to run on, as `os/architecture`; nil for this machine.
    ///   - auth: Who asks.
    ///   - report: Told of how far it is.
    /// - Throws: `EngineError`, `CancellationError`.
    package func pullImage(
        _ name: String,
        tag: String? = nil,
        platform: String? = nil,
        auth: RegistryAuth = RegistryAuth(),
        report: @escaping @Sendable (ProgressLine) -> Void
    ) async throws {
        let reference = try Self.pulled(name, tag)
        let pull = ImagePull(
            engine: self,
            repository: registry.repository(of: reference, RegistryCredentials(auth)) { report(.status($0)) },
            reference: reference,
            platform: try platform.map(Self.platform),
            report: report
        )
        let (image, isNew): (StoredImage, Bool)
        do {
            (image, isNew) = try await pull.run()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw EngineError(anyRegistryFailure: error)
        }
        report(.status("Digest: \(image.target.digest)"))
        let state = isNew ? "Downloaded newer image for" : "Image is up to date for"
        report(.status("Status: \(state) \(reference.familiar)"))
        var attributes = image.labels
        attributes["name"] = reference.familiarName
        emit("image", "pull", id: reference.familiar, attributes: attributes)
    }

    /// The name of an image, with another tag or digest where one is given.
    static func pulled(_ name: String, _ tag: String?) throws(EngineError) -> ImageReference {
        let separator = tag?.contains(":") == true ? "@" : ":"
        do {
            return try ImageReference(tag.map { name + separator + $0 } ?? name)
        } catch {
            throw EngineError(.badParameter, "invalid reference format: \(error)")
        }
    }

    private static func platform(_ text: String) throws(EngineError) -> Platform {
        guard let platform = Platform(text) else {
            throw EngineError(.badParameter, "`\(text.prefix(80))` is no platform; write it as `linux/arm64/v8`")
        }
        return platform
    }
}
