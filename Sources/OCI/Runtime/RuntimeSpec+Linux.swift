// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
    /// The part of the specification that concerns Linux only.
    package struct Linux: Codable, Equatable, Sendable {
        /// Users of a new user namespace.
        @OmittedWhenEmpty package var uidMappings: [IDMapping]
        /// Groups of a new user namespace.
        @OmittedWhenEmpty package var gidMappings: [IDMapping]
        /// Kernel parameters by their dotted names.
        @OmittedWhenEmpty package var sysctl: [String: String]
        /// Limits and device rules of the cgroup.
        package var resources: Resources?
        /// The path of the cgroup; how it is read is for the cgroup driver to say.
        @OmittedWhenEmpty package var cgroupsPath: String
        /// Those that the container does not share with the runtime.
        @OmittedWhenEmpty package var namespaces: [Namespace]
        /// Device nodes to create, besides the usual ones.
        @OmittedWhenEmpty package var devices: [Device]
        /// Network interfaces of the host to move into the container, by their names there.
        @OmittedWhenEmpty package var netDevices: [String: NetworkDevice]
        package var seccomp: Seccomp?
        /// Of the root mount: `private`, `slave`, `shared`, `unbindable`, with an `r` in front for the mounts below it.
        @OmittedWhenEmpty package var rootfsPropagation: String
        /// Paths inside the container that cannot be read.
        @OmittedWhenEmpty package var maskedPaths: [String]
        /// Paths inside the container that cannot be written.
        @OmittedWhenEmpty package var readonlyPaths: [String]
        /// The SELinux context of the mounts.
        @OmittedWhenEmpty package var mountLabel: String
        package var intelRdt: IntelRDT?
        package var memoryPolicy: MemoryPolicy?
        package var personality: Personality?
        /// Offsets of the clocks `monotonic` and `boottime` in a new time namespace.
        @OmittedWhenEmpty package var timeOffsets: [String: TimeOffset]

        package init() {}
    }

    /// A namespace that a container does not share with the runtime.
    package struct Namespace: Codable, Hashable, Sendable {
        package enum Kind: String, Codable, CaseIterable, Sendable {
            case pid
            case network
            case mount
            case ipc
            case uts
            case user
            case cgroup
            case time
        }

        package var type: Kind
        /// The absolute path of an existing namespace to join; empty makes a new one.
        @OmittedWhenEmpty package var path: String

        package init(_ type: Kind, path: String = "") {
            self.type = type
            self.path = path
        }
    }

    /// A device node to create.
    package struct Device: Codable, Equatable, Sendable {
        package enum Kind: String, Codable, Sendable {
            case character = "c"
            /// A character device that is not buffered; the same as ``character``.
            case unbuffered = "u"
            case block = "b"
            case fifo = "p"
        }

        /// An absolute path inside the container.
        package var path: String
        package var type: Kind
        /// The device's numbers; without meaning for a FIFO.
        @OmittedWhenEmpty package var major: Int64
        @OmittedWhenEmpty package var minor: Int64
        /// Permission bits; Docker adds the file type's bits, which are to be ignored.
        package var fileMode: UInt32?
        package var uid: UInt32?
        package var gid: UInt32?

        package init(path: String, type: Kind, major: Int64 = 0, minor: Int64 = 0) {
            self.path = path
            self.type = type
            self.major = major
            self.minor = minor
        }
    }

    /// A network interface of the host that is moved into a container.
    package struct NetworkDevice: Codable, Equatable, Sendable {
        /// The name inside the container; empty keeps the one outside.
        @OmittedWhenEmpty package var name: String

        package init(name: String = "") {
            self.name = name
        }
    }

    /// The execution domain, see personality(2).
    package struct Personality: Codable, Equatable, Sendable {
        package enum Domain: String, Codable, Sendable {
            case linux = "LINUX"
            case linux32 = "LINUX32"
        }

        package var domain: Domain
        /// None is defined by the specification.
        @OmittedWhenEmpty package var flags: [String]

        package init(domain: Domain) {
            self.domain = domain
        }
    }

    /// What is added to a clock in a new time namespace.
    package struct TimeOffset: Codable, Equatable, Sendable {
        package var secs: Int64?
        package var nanosecs: UInt32?

        package init(secs: Int64? = nil, nanosecs: UInt32? = nil) {
            self.secs = secs
            self.nanosecs = nanosecs
        }
    }

    /// Intel's resource director: shares of cache and memory bandwidth.
    package struct IntelRDT: Codable, Equatable, Sendable {
        @OmittedWhenEmpty package var closID: String
        @OmittedWhenEmpty package var schemata: [String]
        @OmittedWhenEmpty package var l3CacheSchema: String
        @OmittedWhenEmpty package var memBwSchema: String
        @OmittedWhenEmpty package var enableCMT: Bool
        @OmittedWhenEmpty package var enableMBM: Bool
        @OmittedWhenEmpty package var enableMonitoring: Bool

        package init() {}
    }

    /// The NUMA policy, see set_mempolicy(2).
    package struct MemoryPolicy: Codable, Equatable, Sendable {
        /// `MPOL_BIND` for example.
        package var mode: String
        /// A list of nodes such as `0-1,3`.
        @OmittedWhenEmpty package var nodes: String
        @OmittedWhenEmpty package var flags: [String]

        package init(mode: String) {
            self.mode = mode
        }
    }
}
