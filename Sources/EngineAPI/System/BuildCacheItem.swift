// SPDX-License-Identifier: Apache-2.0

/// Something that builds keep, as `GET /system/df` tells of it.
package struct BuildCacheItem: ZeroRepresentable, Sendable {
    @Always package var id: String
    /// `regular` for what a step has made, `exec.cachemount` for the folder of a cache mount, `source.http` for a file,
    /// `source.git.checkout` for a repository.
    @Always package var type: String
    @Always package var description: String
    /// Whether a build has it at the moment.
    @Always package var isInUse: Bool
    /// Whether its bytes are counted elsewhere: with an image, or with another item.
    @Always package var isShared: Bool
    /// In bytes.
    @Always package var size: Int64
    @Always package var createdAt: String
    package var lastUsedAt: String?
    /// How often it was used, which is not counted.
    @Always package var usageCount: Int64

    private enum CodingKeys: String, CodingKey {
        case id = "ID"
        case type = "Type"
        case description = "Description"
        case isInUse = "InUse"
        case isShared = "Shared"
        case size = "Size"
        case createdAt = "CreatedAt"
        case lastUsedAt = "LastUsedAt"
        case usageCount = "UsageCount"
    }

    package init() {}

    /// - Parameters:
    ///   - id: What it is known by.
    ///   - type: What it is.
    ///   - description: The same in words.
    ///   - size: In bytes.
    ///   - created: When it was made.
    ///   - used: When it was used last.
    package init(
        id: String,
        type: String,
        description: String,
        size: Int64,
        created: String,
        used: String
    ) {
        self.init()
        (self.id, self.type, self.description, self.size) = (id, type, description, size)
        (createdAt, lastUsedAt) = (created, used)
    }
}
