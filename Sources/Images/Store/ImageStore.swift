// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI

/// The images of an engine.
///
/// The folder is an OCI layout: `index.json` names the images, `blobs` has their content. Names are in the annotation
/// that containerd and Docker use. An index that cannot be read is an error and is left as it is.
package final class ImageStore: Sendable {
    package let content: ContentStore
    package let layers: LayerStore
    /// What builds under way need.
    package let pins = ContentPins()
    let limits: Limits
    private let indexes = FileMemo<ImageIndex>(limit: 4)
    private let documents = FileMemo<ImageDocument>(limit: 1024)
    private let configs = FileMemo<ImageConfig>(limit: 1024)

    /// Opens the store of a folder.
    ///
    /// - Parameters:
    ///   - path: A folder of the host; it is created where it is missing, in one that exists.
    ///   - limits: Bounds on what an image may cost.
    ///   - form: What layers become when they are unpacked; nil takes the best that the kernel can mount.
    /// - Throws: The error of a call.
    package init(path: String, limits: Limits = Limits(), form: LayerForm? = nil) throws(ImageError) {
        content = try ContentStore(path: path)
        layers = try LayerStore(in: content, path: path, limits: limits, form: form)
        self.limits = limits
    }

    // MARK: Records

    private static let indexName: FilePath = "index.json"

    /// The index as it is on the disk; empty where there is none.
    func readIndex() throws(ImageError) -> ImageIndex {
        let folder = content.root
        let status = try ImageError.system("look for the index of images") { () throws(SystemError) in
            try folder.descriptor.status(of: Self.indexName)
        }
        guard let status else { return ImageIndex(manifests: []) }
        if let known = indexes[status] { return known }
        let file: Descriptor
        do {
            file = try folder.descriptor.open(Self.indexName, O_RDONLY)
        } catch {
            throw ImageError(.system, "cannot open the index of images", cause: error)
        }
        let bytes = try DescriptorSource(file, name: "index.json").bytes(limit: 256 << 20, of: "index.json")
        let index = try Documents.decode(ImageIndex.self, bytes, "index.json of the image store")
        indexes.note(index, of: status)
        return index
    }

    /// A document of the store, which is read once as long as its file is the same.
    ///
    /// - Parameters:
    ///   - digest: The document.
    ///   - name: What to call it in an error.
    ///   - memo: Knows documents of its kind that were read before.
    /// - Returns: The document.
    /// - Throws: ``ImageError/Code/notFound``, or what is wrong with it.
    private func document<Value: Decodable & Sendable>(
        _ digest: Digest,
        _ name: String,
        _ memo: FileMemo<Value>
    ) throws(ImageError) -> Value {
        let status = try content.status(of: digest)
        if let status, let known = memo[status] { return known }
        let bytes = try content.document(digest, limit: limits.documentSize)
        let value = try Documents.decode(Value.self, bytes, name)
        if let status { memo.note(value, of: status) }
        return value
    }

    /// Changes the index; the store is locked.
    func writeIndex(_ index: ImageIndex) throws(ImageError) {
        try write(Self.indexName, Documents.encode(index))
        let layout: FilePath = "oci-layout"
        let isThere = try ImageError.system("look for \(layout)") { () throws(SystemError) in
            try content.root.descriptor.status(of: layout) != nil
        }
        if !isThere { try write(layout, Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)) }
    }

    private func write(_ name: FilePath, _ bytes: [UInt8]) throws(ImageError) {
        try ImageError.system("write \(name) of the image store") { () throws(SystemError) in
            let folder = content.root
            let temporary = FilePath(Array(name.bytes) + Array(".new".utf8)) ?? name
            let file = try folder.descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            try file.write(bytes)
            try file.sync()
            try folder.descriptor.rename(temporary, to: folder.descriptor, name, replacing: true)
            try folder.descriptor.sync()
        }
    }

    /// The name in an entry of the index.
    static func reference(of entry: ContentDescriptor) -> ImageReference? {
        entry.annotations[AnnotationKey.containerdName].flatMap { try? ImageReference($0) }
    }

    /// The images of an index with their names.
    static func names(in index: ImageIndex) -> Set<[String]> {
        Set(index.manifests.map { ["\($0.digest)", reference(of: $0)?.description ?? ""] })
    }

    /// An entry of the index for an image with a name, which it was given at some time, or for one without.
    static func entry(
        for target: ContentDescriptor,
        _ reference: ImageReference?,
        at time: FileTime? = nil
    ) -> ContentDescriptor {
        var entry = target
        entry.annotations[AnnotationKey.tagged] = time?.rfc3339
        entry.annotations[AnnotationKey.containerdName] = reference?.description
        entry.annotations[AnnotationKey.referenceName] = reference.map { $0.tag ?? $0.description }
        return entry
    }

    /// Gives an image names, which are taken away from the images that have them.
    ///
    /// - Parameters:
    ///   - target: The image.
    ///   - references: The names; none keeps the image without one.
    ///   - time: When it got them; nil to keep no time.
    ///   - index: The index to change.
    static func put(
        _ target: ContentDescriptor,
        _ references: [ImageReference],
        at time: FileTime? = nil,
        in index: inout ImageIndex
    ) {
        for reference in references { remove(reference, from: &index) }
        let isKnown = index.manifests.contains { $0.digest == target.digest }
        if references.isEmpty, !isKnown { index.manifests.append(entry(for: target, nil)) }
        if !references.isEmpty {
            index.manifests.removeAll { $0.digest == target.digest && Self.reference(of: $0) == nil }
        }
        index.manifests += references.map { entry(for: target, $0, at: time) }
    }

    /// Takes a name away; the image stays.
    static func remove(_ reference: ImageReference, from index: inout ImageIndex) {
        guard let place = index.manifests.firstIndex(where: { Self.reference(of: $0) == reference }) else { return }
        let entry = index.manifests.remove(at: place)
        if !index.manifests.contains(where: { $0.digest == entry.digest }) {
            index.manifests.append(Self.entry(for: entry, nil))
        }
    }

    // MARK: Reading

    /// A manifest with its descriptor.
    typealias Manifest = (descriptor: ContentDescriptor, manifest: ImageManifest)

    /// The manifests of an image whose content is all there.
    ///
    /// - Parameters:
    ///   - target: A manifest, or an index of several, which may be nested.
    ///   - depth: How many indexes lead here.
    ///   - document: Gives the document of a descriptor, whose name in errors it is given.
    ///   - size: Gives the size of a content, nil where it is not there.
    /// - Returns: The manifests in the order of the index; statements about manifests are left out.
    /// - Throws: What is wrong with a document.
    func manifests(
        of target: ContentDescriptor,
        depth: Int = 0,
        document: (ContentDescriptor, String) throws(ImageError) -> ImageDocument,
        size: (Digest) throws(ImageError) -> Int64?
    ) throws(ImageError) -> [Manifest] {
        if target.isAttestation { return [] }
        guard try size(target.digest) != nil else { return [] }
        if depth > limits.indexDepth {
            throw ImageError(.limitExceeded, "indexes are nested deeper than \(limits.indexDepth)")
        }
        let name = "manifest \(target.digest)"
        if target.mediaType.isSchema1 {
            throw ImageError(.unsupported, "\(name) has the old schema 1; push the image again with a newer tool")
        }
        switch try document(target, name) {
        case .manifest(let manifest):
            for part in [manifest.config] + manifest.layers {
                guard let found = try size(part.digest) else { return [] }
                if found != part.size {
                    throw ImageError(
                        .digestMismatch,
                        "\(name): \(part.digest) should have \(part.size) bytes and has \(found)"
                    )
                }
            }
            return [(target, manifest)]
        case .index(let index):
            if index.manifests.count > limits.manifestCount {
                throw ImageError(.limitExceeded, "\(name) lists more than \(limits.manifestCount) manifests")
            }
            var found: [Manifest] = []
            for child in index.manifests {
                found += try manifests(of: child, depth: depth + 1, document: document, size: size)
            }
            return found
        }
    }

    func manifests(of target: ContentDescriptor) throws(ImageError) -> [Manifest] {
        try manifests(of: target) { (descriptor, name) throws(ImageError) in
            try document(descriptor.digest, name, documents)
        } size: { (digest) throws(ImageError) in
            try content.size(of: digest)
        }
    }

    /// The manifest for this machine; the first where none is.
    static func best(_ manifests: [Manifest]) -> Manifest? {
        let platform = Platform.current
        let ranked = manifests.map { ($0, $0.descriptor.platform.flatMap(platform.distance(to:)) ?? Int.max) }
        return ranked.min { $0.1 < $1.1 }?.0
    }

    func image(_ target: ContentDescriptor, _ references: [ImageReference]) throws(ImageError) -> StoredImage {
        guard let (descriptor, manifest) = Self.best(try manifests(of: target)) else {
            throw ImageError(.notFound, "the content of image \(target.digest) is not complete; load or pull it again")
        }
        let config = try config(of: manifest)
        return StoredImage(
            id: manifest.config.digest,
            target: Self.entry(for: target, nil),
            references: references.sorted { $0.description < $1.description },
            tagged: target.annotations[AnnotationKey.tagged],
            manifestDescriptor: descriptor,
            manifest: manifest,
            config: config
        )
    }

    /// The config of an image of the store, checked against its manifest.
    func config(of manifest: ImageManifest) throws(ImageError) -> ImageConfig {
        try config(of: manifest) { (digest, name) throws(ImageError) in try document(digest, name, configs) }
    }

    /// The config of an image, checked against its manifest.
    ///
    /// - Parameters:
    ///   - manifest: The manifest.
    ///   - document: Gives the config of a digest, whose name in errors it is given.
    /// - Returns: The config.
    /// - Throws: What is wrong with it.
    func config(
        of manifest: ImageManifest,
        document: (Digest, String) throws(ImageError) -> ImageConfig
    ) throws(ImageError) -> ImageConfig {
        let name = "config \(manifest.config.digest)"
        guard manifest.config.mediaType.isImageConfig else {
            throw ImageError(.unsupported, "\(name) is a \(manifest.config.mediaType) and not the config of an image")
        }
        let config = try document(manifest.config.digest, name)
        let count = config.rootfs.diffIDs.count
        if count != manifest.layers.count {
            throw ImageError(
                .invalidDocument,
                "\(name): field .rootfs.diff_ids has \(count) layers, the manifest \(manifest.layers.count)"
            )
        }
        return config
    }
}
