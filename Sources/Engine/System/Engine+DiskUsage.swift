// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Images
import Linux
import OCI

/// Which parts of the use of the disk a client asks for.
package struct DiskUsageRequest: Equatable, Sendable {
    fileprivate var kinds: Set<String>

    /// - Parameter kinds: `container`, `image`, `volume` and `build-cache`; none for all.
    /// - Throws: `badParameter` for another one.
    package init(kinds: [String] = []) throws(EngineError) {
        let known: Set = ["container", "image", "volume", "build-cache"]
        if let unknown = kinds.first(where: { !known.contains($0) }) {
            throw EngineError(.badParameter, "unknown object type: \(unknown.prefix(64))")
        }
        self.kinds = kinds.isEmpty ? known : Set(kinds)
    }
}

extension Engine {
    /// What takes room on the disk.
    ///
    /// - Parameters:
    ///   - request: The parts that are counted.
    ///   - listsItems: Whether the summaries have lists as well.
    /// - Returns: The lists and the summaries.
    /// - Throws: What cannot be read of images and containers.
    package func diskUsage(_ request: DiskUsageRequest, listsItems: Bool) async throws -> EngineAPI.DiskUsage {
        var usage = EngineAPI.DiskUsage()
        if request.kinds.contains("image") { try await countImages(&usage) }
        if request.kinds.contains("container") { try await countContainers(&usage) }
        if request.kinds.contains("volume") { await countVolumes(&usage) }
        if request.kinds.contains("build-cache") { try await countBuildCache(&usage) }
        if listsItems {
            usage.imageUsage?.items = usage.images
            usage.containerUsage?.items = usage.containers
            usage.volumeUsage?.items = usage.volumes
            usage.buildCacheUsage?.items = usage.buildCache
        }
        return usage
    }

    private func countImages(_ usage: inout EngineAPI.DiskUsage) async throws {
        let uses = try await imageUses()
        let images = try await withImages { try $0.distinct() }
        // The layers as they are stored, each with the images that have it.
        var layers: [Digest: (size: Int64, images: Set<Digest>)] = [:]
        for image in images {
            for layer in image.manifest.layers {
                layers[layer.digest, default: (layer.size, [])].images.insert(image.id)
            }
        }
        var summary = EngineAPI.DiskUsage.Summary<ImageSummary>()
        var used: Set<Digest> = []
        var list: [ImageSummary] = []
        for image in images {
            var item = ImageSummary(image)
            let users = Set(uses.filter { $0.image == image.id.description }.map(\.container))
            item.containers = users.count
            let digests = Set(image.manifest.layers.map(\.digest))
            item.sharedSize = digests.reduce(0) { sum, digest in
                guard let layer = layers[digest], layer.images.count > 1 else { return sum }
                return sum + layer.size
            }
            if !users.isEmpty {
                summary.activeCount += 1
                used.formUnion(digests)
            }
            list.append(item)
        }
        list.sort { ($1.created, $0.id) < ($0.created, $1.id) }
        summary.totalCount = Int64(list.count)
        summary.totalSize = layers.values.reduce(0) { $0 + $1.size }
        summary.reclaimable = layers.reduce(0) { used.contains($1.key) ? $0 : $0 + $1.value.size }
        (usage.images, usage.layersSize, usage.imageUsage) = (list, summary.totalSize, summary)
    }

    private func countContainers(_ usage: inout EngineAPI.DiskUsage) async throws {
        var query = ContainerListQuery()
        (query.showsAll, query.countsSizes) = (true, true)
        let list = try await listContainers(query)
        var summary = EngineAPI.DiskUsage.Summary<ContainerSummary>()
        summary.totalCount = Int64(list.count)
        for item in list {
            summary.totalSize += item.sizeRw
            if [.running, .paused, .restarting].contains(item.state) {
                summary.activeCount += 1
            } else {
                summary.reclaimable += item.sizeRw
            }
        }
        (usage.containers, usage.containerUsage) = (list, summary)
    }

    private func countVolumes(_ usage: inout EngineAPI.DiskUsage) async {
        var summary = EngineAPI.DiskUsage.Summary<Volume>()
        var list: [Volume] = []
        for unit in volumes.all where await unit.isRecorded {
            var item = unit.volume
            var data = Volume.UsageData()
            data.referenceCount = Int64(volumes.users(of: unit.name).count)
            // What is mounted there is not of this disk, and may be as slow as a network. What changes meanwhile has no size.
            let folder = unit.folder
            let isOwn = unit.definition.options?.isEmpty ?? true
            data.size = isOwn ? (try? await BlockingCall.run { try folder.size() }) ?? -1 : -1
            item.usageData = data
            list.append(item)
            summary.totalSize += max(0, data.size)
            if data.referenceCount > 0 {
                summary.activeCount += 1
            } else {
                summary.reclaimable += max(0, data.size)
            }
        }
        summary.totalCount = Int64(list.count)
        (usage.volumes, usage.volumeUsage) = (list, summary)
    }
}
