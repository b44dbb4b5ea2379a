// SPDX-License-Identifier: Apache-2.0

/// Where an engine keeps what it has, and where it is reached: the same rule for the engine and for its clients.
package struct EngineLocation: Equatable, Sendable {
    /// The folder of what outlives the machine's uptime: images, containers, records.
    package var data: String
    /// The folder of what does not: sockets and locks.
    package var runtime: String

    package init(data: String, runtime: String) {
        self.data = data
        self.runtime = runtime
    }

    /// The location that a user means.
    ///
    /// - Parameters:
    ///   - root: The folder given on the command line; nil for none.
    ///   - environment: Gives the value of a variable: `WHARF_ROOT`, or those of the XDG base directory specification.
    ///   - uid: The user.
    package init(root: String?, environment: (String) -> String?, uid: UInt32) {
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        if let root = root ?? variable("WHARF_ROOT") {
            self.init(data: root, runtime: root + "/run")
        } else if uid == 0 {
            self.init(data: "/var/lib/wharf", runtime: "/run/wharf")
        } else {
            let home = variable("HOME") ?? "/"
            self.init(
                data: (variable("XDG_DATA_HOME") ?? home + "/.local/share") + "/wharf",
                runtime: (variable("XDG_RUNTIME_DIR") ?? "/run/user/\(uid)") + "/wharf"
            )
        }
    }

    /// The socket of the engine.
    package var socket: String { runtime + "/wharf.sock" }
    /// The socket of the keeper.
    package var keeperSocket: String { runtime + "/keeper.sock" }
    /// The file that the one engine of this location has locked.
    package var lock: String { runtime + "/engine.lock" }
    /// Where a file system in memory has the configs and secrets of containers, as long as there are any.
    package var files: String { runtime + "/files" }
    /// What the engine says of itself.
    package var log: String { data + "/engine.log" }
    package var database: String { data + "/wharf.db" }
    package var containers: String { data + "/containers" }
    package var volumes: String { data + "/volumes" }
    /// What builds under way work in.
    package var builds: String { data + "/builds" }
    /// What programs of builds keep from one build to the next.
    package var cacheMounts: String { data + "/cache-mounts" }
    /// What builds have fetched of addresses.
    package var fetchedFiles: String { data + "/fetched-files" }
    /// What builds have fetched of repositories.
    package var fetchedRepositories: String { data + "/fetched-repositories" }
    /// What is below the image of every container.
    package var base: String { data + "/base" }
    /// The compiled filters of system calls.
    package var filters: String { data + "/filters" }

    /// The longest path of a socket (unix(7)).
    package static let longestSocketPath = 107
}
