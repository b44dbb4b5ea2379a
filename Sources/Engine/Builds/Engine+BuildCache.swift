// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux
import OCI

extension Engine {
    /// All that builds keep, what was used last first.
    ///
    /// Bytes that an image has as well, or an item before, count as shared.
    ///
    /// - Returns: The items.
    /// - Throws: What cannot be read.
    func buildCache() async throws -> [BuildCacheItem] {
        var seen = Set(try await withImages { try $0.distinct() }.flatMap { $0.manifest.layers.map(\.digest) })
        let pinned = images.pins
        var items: [(item: BuildCacheItem, used: FileTime)] = []
        for (record, used) in try await withImages({ try $0.cacheRecords() }) {
            let digest = record.layer.content.digest
            var item = BuildCacheItem(
                id: record.key.hex,
                type: "regular",
                description: record.step,
                size: record.layer.content.size,
                created: record.created,
                used: used.rfc3339
            )
            item.isShared = !seen.insert(digest).inserted
            item.isInUse = pinned.contains(digest)
            items.append((item, used))
        }
        let (cacheMounts, fetchedFiles, repositories) = (cacheMounts, fetchedFiles, fetchedRepositories)
        items += try await BlockingCall.run {
            let mounts = try cacheMounts.all()
            let files = try fetchedFiles.all().map { name, record, used in
                let item = BuildCacheItem(
                    id: "\(name)",
                    type: "source.http",
                    description: record.address,
                    size: record.size,
                    created: used.rfc3339,
                    used: used.rfc3339
                )
                return (item, used)
            }
            return try mounts + files + repositories.items()
        }
        return items.sorted { $0.used > $1.used }.map(\.item)
    }

    /// Adds what builds keep.
    func countBuildCache(_ usage: inout EngineAPI.DiskUsage) async throws {
        let items = try await buildCache()
        var summary = EngineAPI.DiskUsage.Summary<BuildCacheItem>()
        summary.totalCount = Int64(items.count)
        for item in items {
            if item.isInUse { summary.activeCount += 1 }
            if item.isShared { continue }
            summary.totalSize += item.size
            if !item.isInUse { summary.reclaimable += item.size }
        }
        (usage.buildCache, usage.buildCacheUsage) = (items, summary)
    }
}

extension FetchedRepositories {
    /// The copies of repositories.
    fileprivate func items() throws -> [(item: BuildCacheItem, used: FileTime)] {
        try all().map { copy in
            var item = BuildCacheItem(
                id: "\(copy.name)",
                type: "source.git.checkout",
                description: copy.address,
                size: copy.size,
                created: copy.used.rfc3339,
                used: copy.used.rfc3339
            )
            item.isInUse = copy.isInUse
            return (item, copy.used)
        }
    }
}

extension CacheMounts {
    /// The folders of cache mounts.
    fileprivate func all() throws -> [(item: BuildCacheItem, used: FileTime)] {
        guard access(path, F_OK) == 0 else { return [] }
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        return try folder.entries().compactMap { name in
            guard let status = try folder.status(of: name) else { return nil }
            var item = BuildCacheItem(
                id: "\(name)",
                type: "exec.cachemount",
                description: "the folder of a cache mount",
                size: try DiskUsage.bytes(below: "\(path)/\(name)"),
                created: status.changeTime.rfc3339,
                used: status.modificationTime.rfc3339
            )
            item.isInUse = isUsed("\(name)")
            return (item, status.modificationTime)
        }
    }
}
