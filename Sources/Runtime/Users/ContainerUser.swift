// SPDX-License-Identifier: Apache-2.0

package import OCI

/// Who a program of a container runs as, and where that user is at home.
package struct ContainerUser: Equatable, Sendable {
    /// The ids.
    package var user: RuntimeSpec.User
    /// The home directory by `/etc/passwd`, for `HOME`, even an empty one; `/` for a user without an entry.
    package var home = "/"

    /// The kernel takes no more groups for a process (`NGROUPS_MAX`), and the primary one is among them.
    private static let mostGroups = 65_535

    package init(_ user: RuntimeSpec.User, home: String = "/") {
        self.user = user
        self.home = home
    }

    /// Resolves a user as Docker does.
    ///
    /// A user without an entry in `/etc/passwd` has the group 0 and no home. Where no group is given, the user's groups
    /// of `/etc/group` are added. Unlike with Docker, a number is never a name.
    ///
    /// - Parameters:
    ///   - text: `user`, `user:group` or `:group`, each a name or a number; empty is root.
    ///   - additionalGroups: Further groups, each a name or a number.
    ///   - database: The users and groups of the container.
    /// - Throws: The user or group that does not exist, or whose entry makes no sense.
    package init(
        _ text: String,
        additionalGroups: [String] = [],
        in database: UserDatabase
    ) throws(UserError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let (name, group) = (String(parts.first ?? ""), parts.count > 1 ? String(parts[1]) : "")
        let entry: UserDatabase.User?
        (user, entry) = try Self.about("user `\(text)`") { () throws(UserError) in
            try Self.find(name.isEmpty ? "0" : name, in: database)
        }
        if let entry { home = entry.home }
        if !group.isEmpty {
            user.gid = try Self.group(group, in: database)
        } else if let entry {
            user.additionalGids = try Self.about("user `\(text)`") { () throws(UserError) in
                try database.groups(of: entry.name)
            }
        }
        for group in additionalGroups {
            let gid = try Self.group(group, in: database)
            if !user.additionalGids.contains(gid) { user.additionalGids.append(gid) }
        }
        guard user.additionalGids.count <= Self.mostGroups else {
            var error = UserError("is in \(user.additionalGids.count) groups, more than Linux has for a process")
            error.subject = "user `\(text)`"
            throw error
        }
    }

    private static func find(
        _ text: String,
        in database: UserDatabase
    ) throws(UserError) -> (RuntimeSpec.User, UserDatabase.User?) {
        switch try Identifier(text.utf8) {
        case .number(let uid):
            let entry = try database.user(uid)
            return (RuntimeSpec.User(uid: uid, gid: entry?.gid ?? 0), entry)
        case .name(let name):
            guard let entry = try database.user(named: name) else {
                throw UserError(missing: name, isGroup: false)
            }
            return (RuntimeSpec.User(uid: entry.uid, gid: entry.gid), entry)
        }
    }

    private static func group(_ text: String, in database: UserDatabase) throws(UserError) -> UInt32 {
        try about("group `\(text)`") { () throws(UserError) in
            switch try Identifier(text.utf8) {
            case .number(let gid): return gid
            case .name(let name):
                if let gid = try database.group(named: name) { return gid }
                throw UserError(missing: name, isGroup: true)
            }
        }
    }

    /// Says of a failure who it is about.
    private static func about<Result>(
        _ subject: String,
        _ body: () throws(UserError) -> Result
    ) throws(UserError) -> Result {
        do {
            return try body()
        } catch {
            var error = error
            error.subject = subject
            throw error
        }
    }
}
