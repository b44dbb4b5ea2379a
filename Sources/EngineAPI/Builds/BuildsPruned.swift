// SPDX-License-Identifier: Apache-2.0

/// What is gone of the cache of builds.
package struct BuildsPruned: ZeroRepresentable, Sendable {
    /// The keys of the steps.
    package var cachesDeleted: [String]?
    /// Bytes that are free again.
    @Always package var spaceReclaimed: UInt64

    private enum CodingKeys: String, CodingKey {
        case cachesDeleted = "CachesDeleted"
        case spaceReclaimed = "SpaceReclaimed"
    }

    package init() {}
}
