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
    /// What inspections show as mounts.
    var mountPoints: [MountPoint]
    /// The contents of the container's files; nil where it has those of the container whose network it joins.
    var files: ContainerFiles?
    /// Paths of the host that are bound, and made as directories where they are missing.
    var sources: [String]
    /// Directories of the container that are made where they are missing.
    var volumes: [String]
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

    /// Finds out about the user in the container's own files, and makes the directories of its volumes.
    ///
    /// The working directory is for the runtime to make: it does so once everything is mounted.
    ///
    /// - Parameter root: The root of the container: a directory, or a mount that is attached nowhere.
    /// - Throws: The user or group that does not exist, or the directory that cannot be made.
    mutating func complete(with root: borrowing Descriptor) throws(EngineError) {
        let user = try ContainerUser.resolve(user, groups, in: root)
        runtime.process?.user = user.user
        if let environment = runtime.process?.env {
            runtime.process?.env = Environment.completing(environment, home: user.home)
        }
        for path in volumes {
            do {
                try root.makeDirectories(inRoot: path)
            } catch {
                throw EngineError(.failed, "cannot make the volume `\(path)` in the container: \(error)")
            }
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

extension Descriptor {
    /// Makes a directory below this root and those above it, where they are missing.
    ///
    /// The path is walked as by a process that has this root as its own: no link leads out of it. What is there and is
    /// no directory stays.
    ///
    /// - Parameter path: A clean absolute path.
    /// - Throws: The error of openat2(2) or mkdirat(2) with the path.
    borrowing func makeDirectories(inRoot path: String) throws(SystemError) {
        var parent = "/"
        for name in path.split(separator: "/") {
            let place = parent == "/" ? "/\(name)" : "\(parent)/\(name)"
            let exists: Bool
            do throws(SystemError) {
                _ = try open(place, OpenFlags.pathOnly, resolution: .inRoot)
                exists = true
            } catch {
                guard error.number == ENOENT else { throw error }
                exists = false
            }
            if !exists, let name = FilePath(name.utf8) {
                let folder = try open(parent, OpenFlags.pathOnly | O_DIRECTORY, resolution: .inRoot)
                try folder.makeDirectory(name, mode: 0o755)
            }
            parent = place
        }
    }
}
