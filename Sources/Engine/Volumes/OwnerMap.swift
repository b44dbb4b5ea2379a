// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import OCI
import Runtime

/// How the owners of files on the disk are mapped to those that a container sees.
struct OwnerMap: Codable, Equatable, Sendable {
    /// As many ids outside and in the container, from the first ones on.
    struct Range: Codable, Equatable, Sendable {
        var host: UInt32
        var container: UInt32
        var count: UInt32

        /// Every id as it is.
        static let all = Range(host: 0, container: 0, count: .max)

        fileprivate func overlaps(_ other: Range) -> Bool {
            func overlap(_ one: UInt32, _ two: UInt32) -> Bool { one < two + other.count && two < one + count }
            return overlap(host, other.host) || overlap(container, other.container)
        }
    }

    private var users: [Range]
    private var groups: [Range]

    /// What the kernel takes (`UID_GID_MAP_MAX_EXTENTS`, and a page of text).
    private static let mostRanges = 100

    /// Reads the ranges of a mount; nil comes back for none.
    ///
    /// - Parameters:
    ///   - ranges: The ranges.
    ///   - problem: Gives the error for a reason.
    /// - Throws: What is wrong with a range.
    init?(_ ranges: [EngineAPI.Mount.IDMapping]?, _ problem: (String) -> RequestProblem) throws(RequestProblem) {
        guard let ranges else { return nil }
        if ranges.isEmpty { throw problem("field XWharfIDMap has no range") }
        if ranges.count > Self.mostRanges { throw problem("XWharfIDMap has more than \(Self.mostRanges) ranges") }
        (users, groups) = ([], [])
        let largest = Int64(Int32.max)
        for range in ranges {
            let count = range.count == 0 ? 1 : range.count
            guard (1...largest).contains(count), (0...largest - count + 1).contains(range.host),
                (0...largest - count + 1).contains(range.container)
            else {
                throw problem("a range of XWharfIDMap goes beyond 0-2147483647")
            }
            guard ["", "uid", "gid"].contains(range.kind) else {
                let kind = range.kind.prefix(32)
                throw problem("a range of XWharfIDMap has the Kind \"\(kind)\", which is `uid` or `gid`")
            }
            let read = Range(host: UInt32(range.host), container: UInt32(range.container), count: UInt32(count))
            if range.kind != "gid" { users.append(read) }
            if range.kind != "uid" { groups.append(read) }
        }
        for ranges in [users, groups] {
            for (index, range) in ranges.enumerated() where ranges[..<index].contains(where: range.overlaps) {
                throw problem("ranges of XWharfIDMap overlap")
            }
        }
        if users.isEmpty { users = [.all] }
        if groups.isEmpty { groups = [.all] }
    }

    /// The user outside who is one of the container; the same where the map does not tell.
    func hostUser(_ id: UInt32) -> UInt32 { Self.host(id, users) }

    /// The group outside that is one of the container; the same where the map does not tell.
    func hostGroup(_ id: UInt32) -> UInt32 { Self.host(id, groups) }

    private static func host(_ id: UInt32, _ ranges: [Range]) -> UInt32 {
        let range = ranges.first { $0.container <= id && id - $0.container < $0.count }
        return range.map { $0.host + (id - $0.container) } ?? id
    }

    /// The maps as the runtime takes them: for it, what is on the disk is inside.
    var userMappings: [RuntimeSpec.IDMapping] { Self.mappings(users) }
    var groupMappings: [RuntimeSpec.IDMapping] { Self.mappings(groups) }

    private static func mappings(_ ranges: [Range]) -> [RuntimeSpec.IDMapping] {
        ranges.map { RuntimeSpec.IDMapping(containerID: $0.host, hostID: $0.container, size: $0.count) }
    }

    /// Maps the owners of a mount that is attached nowhere.
    func apply(to tree: borrowing Descriptor, isRecursive: Bool) throws(SystemError) {
        try MountOwners.map(
            tree.number,
            "",
            users: userMappings,
            groups: groupMappings,
            isRecursive: isRecursive
        )
    }
}
