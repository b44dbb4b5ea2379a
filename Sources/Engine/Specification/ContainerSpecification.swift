// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import OCI
import Runtime

/// What a container is started with: its specification for the runtime, and what the engine does around it.
struct ContainerSpecification: Sendable {
    /// What to run; users are numbers only after ``complete(with:)``.
    var runtime: RuntimeSpec
    var seccomp: SeccompChoice
    /// Whether an init of ours is the first process.
    var hasInit: Bool
    /// The contents of the container's files; nil where it has those of the container whose network it joins.
    var files: ContainerFiles?
    /// Paths of the host that are bound, and made as directories where they are missing.
    var sources: [String]
    /// The size of a memory that other containers may share, in bytes; nil where nobody else may.
    var sharedMemorySize: Int64?
    /// Whose process it is, as the request says it.
    var user: String
    /// Further groups by name or number.
    var groups: [String]

    /// Makes the directories of the host that binds need, as Docker does for `Binds`.
    ///
    /// - Throws: The directory that cannot be made.
    func makeSources() throws(EngineError) {
        for path in sources {
            do {
                try HostPath.makeDirectories(path)
            } catch {
                throw EngineError(
                    .failed,
                    "error while creating mount source path '\(path)': \(error); make it, or bind another path"
                )
            }
        }
    }

    /// Finds out about the user in the container's own files.
    ///
    /// The working directory is for the runtime to make: it does so once everything is mounted.
    ///
    /// - Parameter root: The root of the container: a directory, or a mount that is attached nowhere.
    /// - Throws: The user or group that does not exist.
    mutating func complete(with root: borrowing Descriptor) throws(EngineError) {
        let user = try ContainerUser.resolve(user, groups, in: root)
        runtime.process?.user = user.user
        if let environment = runtime.process?.env {
            runtime.process?.env = Environment.completing(environment, home: user.home)
        }
    }
}

extension ContainerUser {
    /// The user of a process of a container, with the errors of the API.
    ///
    /// - Parameters:
    ///   - text: `user[:group]`, or nothing for root.
    ///   - groups: Further groups.
    ///   - root: The root of the container.
    /// - Returns: The user.
    /// - Throws: `badParameter` with the user or group that does not exist.
    static func resolve(
        _ text: String,
        _ groups: [String],
        in root: borrowing Descriptor
    ) throws(EngineError) -> ContainerUser {
        do {
            return try ContainerUser(text, additionalGroups: groups, in: UserDatabase(root: root))
        } catch {
            throw EngineError(user: error)
        }
    }
}

extension HostPath {
    /// Makes a directory of the host and those above it, where they are missing.
    ///
    /// - Parameter path: A clean absolute path.
    /// - Throws: The error of mkdir(2) with the path.
    static func makeDirectories(_ path: String) throws(SystemError) {
        var status = stat()
        if stat(path, &status) == 0 { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectories(String(path[..<slash]))
        }
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw SystemError("mkdir", errno, on: path) }
    }
}
