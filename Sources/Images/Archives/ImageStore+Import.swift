// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import OCI

extension ImageStore {
    /// Makes an image of one layer from the tar archive of a root file system.
    ///
    /// - Parameters:
    ///   - source: The archive, compressed or not.
    ///   - name: What the image is to be called; nil gives it no name.
    ///   - container: What containers of it run with.
    ///   - message: What its history says.
    ///   - created: When it was made.
    /// - Returns: The image.
    /// - Throws: What is wrong with the archive; the store is as before then.
    package func importRoot(
        _ source: any ByteSource,
        as name: String? = nil,
        container: ContainerConfig = ContainerConfig(),
        message: String = "",
        created: FileTime = .now
    ) throws(ImageError) -> LoadedImage {
        var references: [ImageReference] = []
        if let name { references = [try Self.parse(name)] }
        let ingest = Ingest(in: content)
        let plain = LimitedSource(DecompressedSource(source), limit: limits.uncompressedSize, name: "the archive")
        let layer = try ingest.add(plain)
        try check(TarReader(ingest.open(layer.digest), limits: limits))
        var config = ImageConfig(platform: .current, diffIDs: [layer.digest])
        config.created = created.rfc3339
        config.config = container
        config.history = [ImageConfig.History(created: created.rfc3339, comment: message)]
        let configBlob = try ingest.add(document: Documents.encode(config))
        let manifest = ImageManifest(
            config: ContentDescriptor(mediaType: .imageConfig, digest: configBlob.digest, size: configBlob.size),
            layers: [ContentDescriptor(mediaType: .layer, digest: layer.digest, size: layer.size)]
        )
        let image = try makeLoadable(manifest, references, ingest)
        try keep([image], from: ingest)
        return LoadedImage(id: image.id, references: references)
    }

    /// Reads an archive to its end, so that what cannot be unpacked is refused at once.
    private func check(_ reader: TarReader) throws(ImageError) {
        guard var entry = try reader.next() else { throw ImageError(.invalidArchive, "the archive is empty") }
        while true {
            _ = try EntryPath(entry.path, limits: limits)
            guard let next = try reader.next() else { return }
            entry = next
        }
    }
}

extension FileTime {
    /// The time in UTC, to the nanosecond: `2026-11-23T15:12:25.000000001Z`.
    package var rfc3339: String {
        var (seconds, parts) = (time_t(seconds), tm())
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int32, _ digits: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        let date = [padded(parts.tm_year + 1900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2)]
        let time = [padded(parts.tm_hour, 2), padded(parts.tm_min, 2), padded(parts.tm_sec, 2)]
        return "\(date.joined(separator: "-"))T\(time.joined(separator: ":")).\(padded(nanoseconds, 9))Z"
    }
}
