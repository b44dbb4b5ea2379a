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
        do {
            var holder = try EmbeddedLauncher().launch(builder.build(), name: "map")
            try holder.waitUntilReady()
            let namespace = try Descriptor.open("/proc/\(holder.pid)/ns/user", O_RDONLY)
            try holder.abandon()
            return namespace
        } catch let error as SystemError {
            throw error
        } catch {
            if case .launch(let system) = error as? LaunchError { throw system }
            throw SystemError("clone3", EINVAL, on: "\(error)")
        }
    }

    /// The form of `/proc/PID/uid_map`, user_namespaces(7).
    static func text(_ mappings: [RuntimeSpec.IDMapping]) -> String {
        mappings.map { "\($0.containerID) \($0.hostID) \($0.size)\n" }.joined()
    }
}
