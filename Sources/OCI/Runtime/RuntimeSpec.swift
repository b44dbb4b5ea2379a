// SPDX-License-Identifier: Apache-2.0

/// The `config.json` of a bundle: what a runtime is to run, after the OCI runtime specification 1.2 for Linux.
///
/// A field that is absent is nil, or empty where the specification gives absent and empty the same meaning. Fields of
/// other systems (`solaris`, `windows`, `vm`, `zos`) are ignored; unknown fields are too, as the specification asks.
package struct RuntimeSpec: Codable, Equatable, Sendable {
    /// The version of the specification that the document follows.
    package var ociVersion: String
    /// The program; nil for a container that is created but must not be started.
    package var process: Process?
    /// The root file system.
    package var root: Root?
    /// The host name inside the UTS namespace.
    @OmittedWhenEmpty package var hostname: String
    /// The NIS domain name inside the UTS namespace.
    @OmittedWhenEmpty package var domainname: String
    /// Mounts in the order in which they are made.
    @OmittedWhenEmpty package var mounts: [Mount]
    /// Programs to run at points of the life cycle.
    package var hooks: Hooks?
    /// Free metadata.
    @OmittedWhenEmpty package var annotations: [String: String]
    /// What concerns Linux only.
    package var linux: Linux?

    /// A specification without a program.
    package init(ociVersion: String = RuntimeSpec.version) {
        self.ociVersion = ociVersion
    }

    /// The version of the specification that this model follows.
    package static let version = "1.2.1"
}

extension RuntimeSpec {
    /// The root file system of a container.
    package struct Root: Codable, Equatable, Sendable {
        /// Absolute, or relative to the bundle.
        package var path: String
        /// Whether it is mounted read-only.
        @OmittedWhenEmpty package var readonly: Bool

        package init(path: String, readonly: Bool = false) {
            self.path = path
            self.readonly = readonly
        }
    }

    /// A mount below the root of a container.
    package struct Mount: Codable, Equatable, Sendable {
        /// Where it is mounted: an absolute path inside the container.
        package var destination: String
        /// The file system's name, as in `/proc/filesystems`; ignored for a bind mount.
        @OmittedWhenEmpty package var type: String
        /// A device, a path on the host (relative to the bundle where it is not absolute), or a dummy.
        @OmittedWhenEmpty package var source: String
        /// Options as mount(8) takes them, with `bind`, `rbind`, `rro`, `idmap`, `tmpcopyup` and their like.
        @OmittedWhenEmpty package var options: [String]
        /// The user ids of an id-mapped mount.
        @OmittedWhenEmpty package var uidMappings: [IDMapping]
        /// The group ids of an id-mapped mount.
        @OmittedWhenEmpty package var gidMappings: [IDMapping]

        package init(destination: String, type: String = "", source: String = "", options: [String] = []) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
        }
    }

    /// A range of ids inside a user namespace and the range outside it that they stand for.
    package struct IDMapping: Codable, Hashable, Sendable {
        /// The first id inside.
        package var containerID: UInt32
        /// The first id outside.
        package var hostID: UInt32
        /// How many ids.
        package var size: UInt32

        package init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }
    }

    /// Programs to run at points of the life cycle.
    package struct Hooks: Codable, Equatable, Sendable {
        @OmittedWhenEmpty package var prestart: [Hook]
        @OmittedWhenEmpty package var createRuntime: [Hook]
        @OmittedWhenEmpty package var createContainer: [Hook]
        @OmittedWhenEmpty package var startContainer: [Hook]
        @OmittedWhenEmpty package var poststart: [Hook]
        @OmittedWhenEmpty package var poststop: [Hook]

        package init() {}

        /// Whether there is nothing to run.
        package var isEmpty: Bool { self == Hooks() }
    }

    /// A program to run at a point of the life cycle.
    package struct Hook: Codable, Equatable, Sendable {
        /// An absolute path.
        package var path: String
        /// Arguments with the program's own name first, as execv(3) takes them.
        @OmittedWhenEmpty package var args: [String]
        /// `NAME=value` pairs.
        @OmittedWhenEmpty package var env: [String]
        /// After how many seconds it is given up.
        package var timeout: Int?

        package init(path: String) {
            self.path = path
        }
    }
}
