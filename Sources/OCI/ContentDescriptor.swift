// SPDX-License-Identifier: Apache-2.0

/// A pointer to content: what kind it is, its digest and its size.
package struct ContentDescriptor: Codable, Hashable, Sendable {
    package var mediaType: MediaType
    package var digest: Digest
    /// In bytes.
    package var size: Int64
    /// Where else it can be fetched from.
    @OmittedWhenEmpty package var urls: [String]
    @OmittedWhenEmpty package var annotations: [String: String]
    /// The content itself, in base64.
    package var data: String?
    /// What the image is for, in an index.
    package var platform: Platform?
    package var artifactType: String?

    package init(
        mediaType: MediaType,
        digest: Digest,
        size: Int64,
        annotations: [String: String] = [:],
        platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
        self.platform = platform
    }

    /// Whether it is BuildKit's statement about another manifest and no image.
    package var isAttestation: Bool {
        annotations["vnd.docker.reference.type"] == "attestation-manifest"
    }
}

/// The names of annotations and labels that have a meaning of their own.
package enum AnnotationKey {
    /// The tag in an index of a layout; sometimes the full name.
    package static let referenceName = "org.opencontainers.image.ref.name"
    /// The full name, as containerd and Docker write it.
    package static let containerdName = "io.containerd.image.name"
    /// When an image was given the name, in UTC to the nanosecond: wharf's own.
    package static let tagged = "wharf.tagged"
}
