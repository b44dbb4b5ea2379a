// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Glibc
import Images
import Linux
import OCI

extension Engine {
    /// What is used within this time stays where not all is to go.
    private static let recent: Int64 = 48 * 3600

    /// The filters of `POST /build/prune`.
    ///
    /// `unused-for` is an old name for `until`. Clients that remove everything that has a label, or does not have it, send
    /// that here as well.
    package static let buildPruneFilters: Set<String> = ["label", "label!", "unused-for", "until"]

    /// Forgets what builds have made, as far as no image needs it.
    ///
    /// - Parameters:
    ///   - includesAll: Whether what was used lately goes as well, and what programs keep between builds.
    ///   - filters: `until`: what was used after that time stays. Labels say nothing about what builds keep: all of it stays.
    /// - Returns: What is gone.
    /// - Throws: `badParameter` for other filters, or what is wrong with an image.
    package func pruneBuilds(includesAll: Bool, _ filters: Filters) async throws -> BuildsPruned {
        try filters.check(against: Self.buildPruneFilters)
        let uses = try await imageUses()
        let bounds = Filters(["until": Set(filters["until"] + filters["unused-for"])])
        let latest = try ImageFilter(bounds, keys: ["until"]) { _ in .never }.until
        if !filters["label"].isEmpty || !filters["label!"].isEmpty { return BuildsPruned() }
        let now = Timestamp.now.seconds
        let isWanted: @Sendable (FileTime) -> Bool = { used in
            if let latest { return used.seconds >= latest.seconds }
            return !includesAll && now - used.seconds < Self.recent
        }
        let (keys, removal) = try await withImages { store in
            try store.pruneCache(keepingLayers: uses.layerDigests) { _, used in isWanted(used) }
        }
        let fetchedFiles = fetchedFiles
        var reclaimed = removal.reclaimed
        reclaimed += try await BlockingCall.run { [trash] in
            try fetchedFiles.discard(to: trash.path, keeping: isWanted)
        }
        reclaimed += try await fetchedRepositories.discard(to: trash.path, keeping: isWanted)
        trash.empty()
        if includesAll, latest == nil {
            let cacheMounts = cacheMounts
            reclaimed += try await BlockingCall.run { [trash] in try cacheMounts.discardUnused(to: trash.path) }
            trash.empty()
        }
        var answer = BuildsPruned()
        answer.cachesDeleted = keys.isEmpty ? nil : keys.map(\.description)
        answer.spaceReclaimed = UInt64(max(0, reclaimed))
        return answer
    }
}

extension CacheMounts {
    /// Removes the folders that no program has at the moment.
    ///
    /// - Parameter trash: A folder on the same file system for what is being removed.
    /// - Returns: The bytes that they hold.
    /// - Throws: The error of a call.
    func discardUnused(to trash: String) throws -> Int64 {
        guard access(path, F_OK) == 0 else { return 0 }
        var sum: Int64 = 0
        let folder = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        for name in try folder.entries().map(\.description) where !isUsed(name) {
            sum += try DiskUsage.bytes(below: "\(path)/\(name)")
            try ContainerFolder(path: "\(path)/\(name)").discard(to: trash, comesAgain: true)
        }
        return sum
    }
}
