// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import NIOHTTP1
package import OCI

/// A manifest or an index as a registry has it.
package struct RemoteManifest: Sendable {
    package var descriptor: ContentDescriptor
    /// The document, byte for byte.
    package var bytes: [UInt8]
    package var document: ImageDocument
}

extension RemoteRepository {
    /// What is asked for, with everything that can be read: registries convert what a client does not name.
    private static let accepted: [MediaType] = [.imageIndex, .imageManifest, .dockerManifestList, .dockerManifest]

    var pulling: [AccessScope] { [AccessScope(repository: name, "pull")] }

    private func manifestCall(_ method: HTTPMethod, _ reference: String) -> Call {
        let separator = reference.contains(":") ? "@" : ":"
        var call = Call(
            method,
            "/v2/\(name)/manifests/\(reference)",
            for: pulling,
            "pull the manifest of \(place)\(separator)\(reference)"
        )
        for type in Self.accepted { call.headers.add(name: "Accept", value: type.rawValue) }
        return call
    }

    /// What a tag stands for at the moment.
    ///
    /// - Parameter tag: The tag.
    /// - Returns: Nil where the registry does not tell without the whole manifest.
    /// - Throws: ``RegistryError/Code/notFound`` where there is no such tag, or another ``RegistryError``.
    package func digest(ofTag tag: String) async throws -> Digest? {
        try await atFirstEndpoint(resolving: true) { endpoint in
            try await persistently {
                let call = manifestCall(.HEAD, tag)
                let answer = try await exchange(call, at: endpoint)
                guard [200, 405].contains(answer.status) else { throw await failure(answer, of: call) }
                await answer.discard()
                if answer.status == 405 { return nil }
                return answer["Docker-Content-Digest"].flatMap { Digest($0) }
            }
        }
    }

    /// A manifest or an index.
    ///
    /// - Parameter reference: A tag or a digest.
    /// - Returns: The document, which is what its digest says.
    /// - Throws: ``RegistryError``.
    package func manifest(_ reference: String) async throws -> RemoteManifest {
        try await atFirstEndpoint(resolving: Digest(reference) == nil) { endpoint in
            try await persistently { try await manifest(reference, at: endpoint) }
        }
    }

    private func manifest(_ reference: String, at endpoint: Endpoint) async throws -> RemoteManifest {
        let call = manifestCall(.GET, reference)
        let answer = try await exchange(call, at: endpoint)
        guard answer.status == 200 else { throw await failure(answer, of: call) }
        let what = "the manifest of \(place) at \(endpoint.authority)"
        let type = (answer["Content-Type"] ?? "").prefix { $0 != ";" }.filter { $0 != " " }
        var mediaType = MediaType(rawValue: String(type))
        if mediaType.isSchema1 {
            throw RegistryError(
                .unsupported,
                "\(what) has the old schema 1, which nobody makes any more; push the image again with a newer tool"
            )
        }
        let bytes = try await answer.bytes(limit: client.settings.manifestSize, of: what)
        let wanted = Digest(reference) ?? answer["Docker-Content-Digest"].flatMap { Digest($0) }
        let digest = Digest(wanted?.algorithm ?? .sha256, of: bytes)
        if let wanted, digest != wanted {
            throw RegistryError(.mismatch, "\(what) should have the digest \(wanted) and has \(digest)")
        }
        let document: ImageDocument
        do {
            document = try JSONDecoder().decode(ImageDocument.self, from: Data(bytes))
        } catch {
            throw RegistryError(.malformed, "\(what) cannot be read: \(Self.reason(error))")
        }
        switch document {
        case .manifest(let found):
            if !mediaType.isManifest { mediaType = found.mediaType ?? .imageManifest }
        case .index(let found):
            if !mediaType.isIndex { mediaType = found.mediaType ?? .imageIndex }
        }
        let descriptor = ContentDescriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count))
        return RemoteManifest(descriptor: descriptor, bytes: bytes, document: document)
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .dataCorrupted(let context)?, .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
            context.debugDescription
        case .keyNotFound(let key, _)?: "the field `\(key.stringValue)` is missing"
        default: "\(error)"
        }
    }
}
