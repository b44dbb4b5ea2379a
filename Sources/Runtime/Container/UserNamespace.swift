// SPDX-License-Identifier: Apache-2.0

import CSandbox
import Glibc
import Linux
import OCI

/// User namespaces that are only maps: for id-mapped mounts.
enum UserNamespace {
    /// A namespace with the given maps and no process in it.
    ///
    /// - Parameters:
    ///   - users: The map of users.
    ///   - groups: The map of groups.
    /// - Returns: The namespace.
    /// - Throws: What the kernel refused.
    static func make(users: [RuntimeSpec.IDMapping], groups: [RuntimeSpec.IDMapping]) throws(SystemError) -> Descriptor
    {
        let gate = try Pipe()
        var builder = PlanBuilder()
        builder.cloneFlags = RuntimeSpec.Namespace.Kind.user.cloneFlag
        builder.setMaps(user: text(users), group: text(groups))
        builder.add(CSANDBOX_READY, "sendmsg")
        builder.add(CSANDBOX_AWAIT, "read", builder.input(gate.reader.number))
        builder.exec(candidates: [], arguments: [], environment: [])
        let holder = try launch(builder)
        let path = "/proc/\(holder.pid)/ns/user"
        let namespace = Result { () throws(SystemError) in try Descriptor.open(path, O_RDONLY) }
        try holder.abandon()
        return try namespace.get()
    }

    private static func launch(_ builder: consuming PlanBuilder) throws(SystemError) -> StartingProcess {
        do {
            var holder = try EmbeddedLauncher().launch(builder.build(), name: "map")
            try holder.waitUntilReady()
            return holder
        } catch {
            if case .launch(let system) = error { throw system }
            throw SystemError("clone3", EINVAL, on: "\(error)")
        }
    }

    /// What ids inside a user namespace stand for outside.
    struct Maps {
        var users: [RuntimeSpec.IDMapping]
        var groups: [RuntimeSpec.IDMapping]

        /// Makes a user inside the namespace the owner of an open file, where the maps tell who that is.
        ///
        /// - Parameters:
        ///   - number: The open file.
        ///   - user: The user.
        /// - Throws: What the kernel refused.
        func giveAway(_ number: Int32, to user: RuntimeSpec.User) throws(LaunchError) {
            guard let owner = Self.outside(user.uid, users), let group = Self.outside(user.gid, groups) else { return }
            if fchown(number, owner, group) != 0 {
                throw .setup("the standard streams", SystemError("fchown", errno, on: "\(owner):\(group)"))
            }
        }

        private static func outside(_ id: UInt32, _ mappings: [RuntimeSpec.IDMapping]) -> UInt32? {
            guard let map = mappings.first(where: { $0.containerID <= id && id - $0.containerID < $0.size }) else {
                return nil
            }
            return map.hostID + (id - map.containerID)
        }
    }

    /// Refuses maps that the kernel would refuse with less to say.
    ///
    /// - Parameters:
    ///   - mappings: The map.
    ///   - field: Where it stands.
    /// - Throws: What is wrong with it.
    static func check(_ mappings: [RuntimeSpec.IDMapping], field: String) throws(LaunchError) {
        guard mappings.count <= mostRanges, text(mappings).utf8.count < pageSize else {
            throw .specification(
                field: field,
                "has more ranges than the kernel takes: \(mostRanges), in \(pageSize) bytes"
            )
        }
        for (index, map) in mappings.enumerated() {
            let field = "\(field)[\(index)]"
            guard map.size > 0 else { throw .specification(field: field, "has the size 0") }
            guard map.containerID <= UInt32.max - map.size, map.hostID <= UInt32.max - map.size else {
                throw .specification(field: field, "goes beyond the largest id")
            }
            for other in mappings[..<index]
            where overlap(map.containerID, other.containerID, map, other)
                || overlap(map.hostID, other.hostID, map, other)
            {
                throw .specification(field: field, "overlaps with a range before it")
            }
        }
    }

    private static func overlap(
        _ first: UInt32,
        _ second: UInt32,
        _ one: RuntimeSpec.IDMapping,
        _ other: RuntimeSpec.IDMapping
    ) -> Bool {
        first < second + other.size && second < first + one.size
    }

    /// `UID_GID_MAP_MAX_EXTENTS` of the kernel; a map is also written at once, in less than a page.
    private static let mostRanges = 340
    private static let pageSize = 4096

    /// The form of `/proc/PID/uid_map`, user_namespaces(7).
    static func text(_ mappings: [RuntimeSpec.IDMapping]) -> String {
        mappings.map { "\($0.containerID) \($0.hostID) \($0.size)\n" }.joined()
    }
}
