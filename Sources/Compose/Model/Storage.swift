// SPDX-License-Identifier: Apache-2.0

package import YAML

/// A named volume of the project.
package struct Volume: ComposeObject {
    /// The name that the engine knows it by.
    package var name: String?
    /// The driver; nil: the engine's default.
    package var driver: String?
    /// Options of the driver.
    package var driverOptions: [String: String] = [:]
    /// Whether it exists outside of the project and is only looked up.
    package var external = false
    /// Labels of the volume.
    package var labels: [String: String] = [:]
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Volume> = [
        Field("name", \.name, .text),
        Field("driver", \.driver, .text),
        Field("driver_opts", \.driverOptions, .pairs),
        Field("external", \.external, .external),
        Field("labels", \.labels, .pairs),
    ]
}

/// A mount of a service.
package struct Mount: ComposeObject {
    /// What is mounted.
    package enum Kind: String, Codable, Sendable {
        /// A named or anonymous volume.
        case volume
        /// A path of the host.
        case bind
        /// An empty file system in memory.
        case tmpfs
        /// A named pipe; for Windows.
        case namedPipe = "npipe"
        /// A volume of a cluster.
        case cluster
        /// The contents of an image.
        case image
    }

    /// What is mounted.
    package var kind = Kind.volume
    /// The path of the host, the key of the volume or the name of the image; nil: an anonymous volume.
    package var source: String?
    /// The path in the container.
    package var target: String?
    /// Whether it can only be read.
    package var readOnly = false
    /// How consistent the two sides have to be; has no effect on Linux.
    package var consistency: String?
    /// Options of a bind mount.
    package var bind: BindOptions?
    /// Options of a volume.
    package var volume: VolumeOptions?
    /// Options of a memory file system.
    package var tmpfs: TmpfsOptions?
    /// Options of an image mount.
    package var image: ImageOptions?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Mount> = [
        Field("type", \.kind, .word(.volume), omitted: .never),
        Field("source", \.source, .text),
        Field("target", \.target, .text),
        Field("read_only", \.readOnly, .bool),
        Field("consistency", \.consistency, .text),
        Field("bind", \.bind, .optional(.object)),
        Field("volume", \.volume, .optional(.object)),
        Field("tmpfs", \.tmpfs, .optional(.object)),
        Field("image", \.image, .optional(.object)),
    ]
}

extension Mount {
    /// Options of a bind mount.
    package struct BindOptions: ComposeObject {
        /// How the files are labelled for SELinux.
        package enum Relabelling: String, Codable, Sendable {
            /// Other containers may use them as well.
            case shared = "z"
            /// Only this container may.
            case `private` = "Z"
        }

        /// How mounts below the path are treated.
        package enum Recursion: String, Codable, Sendable {
            case enabled
            case disabled
            case writable
            case readOnly = "readonly"
        }

        /// How to label for SELinux; nil: not at all.
        package var selinux: Relabelling?
        /// The mount propagation: `rprivate`, `rshared`, `rslave` and so on; nil: `rprivate`.
        package var propagation: String?
        /// Whether a missing path of the host is created as a directory.
        package var createHostPath = false
        /// How mounts below the path are treated; nil: `enabled`.
        package var recursive: Recursion?
        /// The user's own keys.
        package var extensions = Extensions()

        package init() {}

        package static let fields: FieldTable<BindOptions> = [
            Field("selinux", \.selinux, .optional(.word(.shared))),
            Field("propagation", \.propagation, .text),
            Field("create_host_path", \.createHostPath, .bool),
            Field("recursive", \.recursive, .optional(.word(.enabled))),
        ]
    }

    /// Options of a volume.
    package struct VolumeOptions: ComposeObject {
        /// Labels of an anonymous volume.
        package var labels: [String: String] = [:]
        /// Whether an empty volume stays empty instead of taking the image's files.
        package var noCopy = false
        /// The path within the volume.
        package var subpath: String?
        /// The user's own keys.
        package var extensions = Extensions()

        package init() {}

        package static let fields: FieldTable<VolumeOptions> = [
            Field("labels", \.labels, .pairs),
            Field("nocopy", \.noCopy, .bool),
            Field("subpath", \.subpath, .text),
        ]
    }

    /// Options of a memory file system.
    package struct TmpfsOptions: ComposeObject {
        /// Its size; nil: no limit.
        package var size: ByteCount?
        /// The permission bits of its root as a number; nil: 1777.
        package var mode: UInt32?
        /// The user's own keys.
        package var extensions = Extensions()

        package init() {}

        package static let fields: FieldTable<TmpfsOptions> = [
            Field("size", \.size, .nonZero(.byteCount)),
            Field("mode", \.mode, .nonZero(.integer)),
        ]
    }

    /// Options of an image mount.
    package struct ImageOptions: ComposeObject {
        /// The path within the image.
        package var subpath: String?
        /// The user's own keys.
        package var extensions = Extensions()

        package init() {}

        package static let fields: FieldTable<ImageOptions> = [
            Field("subpath", \.subpath, .text)
        ]
    }
}

/// A secret of the project.
package struct Secret: ComposeObject {
    /// The name that the engine knows it by.
    package var name: String?
    /// The file that holds it.
    package var file: String?
    /// The variable of the user's environment that holds it.
    package var environment: String?
    /// The secret itself, once it has been taken from the environment; never printed.
    package var content: String?
    /// Whether it exists outside of the project and is only looked up.
    package var external = false
    /// Labels of the secret.
    package var labels: [String: String] = [:]
    /// The driver that provides it; for clusters.
    package var driver: String?
    /// Options of the driver.
    package var driverOptions: [String: String] = [:]
    /// The driver that expands templates in it; for clusters.
    package var templateDriver: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Secret> = [
        Field("name", \.name, .text),
        Field("file", \.file, .text),
        Field("environment", \.environment, .text),
        Field("content", \.content, .text, omitted: .always),
        Field("external", \.external, .external),
        Field("labels", \.labels, .pairs),
        Field("driver", \.driver, .text),
        Field("driver_opts", \.driverOptions, .map(.string)),
        Field("template_driver", \.templateDriver, .text),
    ]
}

/// A configuration file of the project.
package struct Config: ComposeObject {
    /// The name that the engine knows it by.
    package var name: String?
    /// The file that holds it.
    package var file: String?
    /// The variable of the user's environment that holds it.
    package var environment: String?
    /// The contents as written in the compose file, or once they have been taken from the environment.
    package var content: String?
    /// Whether it exists outside of the project and is only looked up.
    package var external = false
    /// Labels of the config.
    package var labels: [String: String] = [:]
    /// The driver that provides it; for clusters.
    package var driver: String?
    /// Options of the driver.
    package var driverOptions: [String: String] = [:]
    /// The driver that expands templates in it; for clusters.
    package var templateDriver: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Config> = [
        Field("name", \.name, .text),
        Field("file", \.file, .text),
        Field("environment", \.environment, .text),
        Field("content", \.content, .text),
        Field("external", \.external, .external),
        Field("labels", \.labels, .pairs),
        Field("driver", \.driver, .text),
        Field("driver_opts", \.driverOptions, .map(.string)),
        Field("template_driver", \.templateDriver, .text),
    ]

    /// The config as a tree to be printed, without what the environment has put into it.
    package func node(as format: OutputFormat) -> Node {
        var printed = self
        if environment != nil {
            printed.content = nil
        }
        return Node(.mapping(Mapping(uniqueEntries: printed.entries(as: format))))
    }
}

/// A config or secret as mounted into a container or given to a build.
package struct FileReference: ComposeObject {
    /// Its key in the project.
    package var source: String?
    /// The path or file name in the container.
    package var target: String?
    /// The owner.
    package var uid: String?
    /// The group.
    package var gid: String?
    /// The permission bits.
    package var mode: FileMode?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<FileReference> = [
        Field("source", \.source, .text),
        Field("target", \.target, .text),
        Field("uid", \.uid, .text),
        Field("gid", \.gid, .text),
        Field("mode", \.mode, .optional(.fileMode)),
    ]
}
