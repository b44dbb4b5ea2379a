// SPDX-License-Identifier: Apache-2.0

/// What takes room on the disk, as `GET /system/df` tells it.
///
/// There are two forms of each part: a list, which every client knows, and since version 1.52 a summary with a list where
/// that is asked for. Either is left out where nobody asked for the part.
package struct DiskUsage: ZeroRepresentable, Sendable {
    /// All layers, in bytes; each once.
    package var layersSize: Int64?
    package var images: [ImageSummary]?
    package var containers: [ContainerSummary]?
    package var volumes: [Volume]?
    package var buildCache: [BuildCacheItem]?
    package var imageUsage: Summary<ImageSummary>?
    package var containerUsage: Summary<ContainerSummary>?
    package var volumeUsage: Summary<Volume>?
    package var buildCacheUsage: Summary<BuildCacheItem>?

    private enum CodingKeys: String, CodingKey {
        case layersSize = "LayersSize"
        case images = "Images"
        case containers = "Containers"
        case volumes = "Volumes"
        case buildCache = "BuildCache"
        case imageUsage = "ImageUsage"
        case containerUsage = "ContainerUsage"
        case volumeUsage = "VolumeUsage"
        case buildCacheUsage = "BuildCacheUsage"
    }

    package init() {}

    /// How much things of one kind take.
    package struct Summary<Item: ZeroRepresentable & Sendable>: ZeroRepresentable, Sendable {
        /// Those that something runs with, or that run themselves.
        @Omitted package var activeCount: Int64
        @Omitted package var totalCount: Int64
        /// What would be free without those that nothing needs, in bytes.
        @Omitted package var reclaimable: Int64
        /// In bytes.
        @Omitted package var totalSize: Int64
        package var items: [Item]?

        private enum CodingKeys: String, CodingKey {
            case activeCount = "ActiveCount"
            case totalCount = "TotalCount"
            case reclaimable = "Reclaimable"
            case totalSize = "TotalSize"
            case items = "Items"
        }

        package init() {}
    }
}
