// SPDX-License-Identifier: Apache-2.0

package import Linux
package import OCI

/// One more step of how an image was made: what is new in it, and what is said of it.
package struct ImageStep: Sendable {
    /// What containers of the new image run with.
    package var container = ContainerConfig()
    /// Who made it; empty where nobody says.
    package var author = ""
    /// What its history says.
    package var comment = ""
    /// What its history says it was made by.
    package var createdBy = ""
    /// When it was made.
    package var created = FileTime.now

    package init() {}
}

extension ImageStore {
    /// Makes an image of another one with one layer more.
    ///
    /// - Parameters:
    ///   - base: The other image, as ``inspect(_:)`` takes it.
    ///   - name: What the new one is to be called; nil gives it no name.
    ///   - step: What is new.
    ///   - layer: Writes the tar of the layer; nil where there is none to add.
    /// - Returns: The image.
    /// - Throws: What `layer` throws, or what is wrong with the other image; the store is as before then.
    package func extend(
        _ base: String,
        as name: String? = nil,
        by step: ImageStep,
        layer: ((any ByteSink) throws -> Void)?
    ) throws(ImageError) -> LoadedImage {
        var references: [ImageReference] = []
        if let name { references = [try Self.parse(name)] }
        let old = try inspect(base)
        let ingest = Ingest(in: content)
        var config = old.config
        var layers = old.manifest.layers.map { layer in
            ContentDescriptor(mediaType: layer.mediaType.inOCI, digest: layer.digest, size: layer.size)
        }
        if let layer {
            let blob = try Self.add(to: ingest, layer)
            config.rootfs.diffIDs.append(blob.digest)
            layers.append(ContentDescriptor(mediaType: .layer, digest: blob.digest, size: blob.size))
        }
        let created = step.created.rfc3339
        config.created = created
        config.author = step.author.isEmpty ? nil : step.author
        config.comment = step.comment.isEmpty ? nil : step.comment
        config.config = step.container
        config.history =
            (config.history ?? []) + [
                ImageConfig.History(
                    created: created,
                    createdBy: step.createdBy.isEmpty ? nil : step.createdBy,
                    author: config.author,
                    comment: config.comment,
                    emptyLayer: layer == nil ? true : nil
                )
            ]
        let configBlob = try ingest.add(document: Documents.encode(config))
        let manifest = ImageManifest(
            config: ContentDescriptor(mediaType: .imageConfig, digest: configBlob.digest, size: configBlob.size),
            layers: layers
        )
        let image = try makeLoadable(manifest, references, ingest)
        try keep([image], from: ingest, needing: old.manifest.layers.map(\.digest))
        return LoadedImage(id: image.id, references: references)
    }

    /// Takes in the bytes that a function writes.
    static func add(
        to ingest: Ingest,
        _ body: (any ByteSink) throws -> Void
    ) throws(ImageError) -> Ingest.Blob {
        try ingest.add { (write) throws(ImageError) in
            let failure: ImageError? = withoutActuallyEscaping(write) { write in
                do {
                    try body(WritingSink(write))
                    return nil
                } catch let error as ImageError {
                    return error
                } catch {
                    return ImageError(.system, "cannot write the layer: \(error)")
                }
            }
            if let failure { throw failure }
        }
    }
}

/// Passes bytes on to a function.
private final class WritingSink: ByteSink {
    private let body: (UnsafeRawBufferPointer) throws(ImageError) -> Void

    init(_ body: @escaping (UnsafeRawBufferPointer) throws(ImageError) -> Void) {
        self.body = body
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        try body(bytes)
    }
}
