// SPDX-License-Identifier: Apache-2.0

/// The kind and permissions of a file in the bits of Go's `os.FileMode`, which are not those of `st_mode`.
package struct FileMode: Codable, Hashable, Sendable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The Go bit of each file type of `st_mode`, as inode(7) numbers them.
    private static let types: [(system: UInt32, go: UInt32)] = [
        (0o140000, 1 << 24), (0o120000, 1 << 27), (0o100000, 0), (0o060000, 1 << 26), (0o040000, 1 << 31),
        (0o020000, 1 << 26 | 1 << 21), (0o010000, 1 << 25),
    ]

    /// The Go bit of set-user-id, set-group-id and sticky.
    private static let flags: [(system: UInt32, go: UInt32)] = [
        (0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20),
    ]

    /// What Go calls a file of no known type.
    private static let irregular: UInt32 = 1 << 19

    /// The mode of a file.
    ///
    /// - Parameter status: The `st_mode` of the file.
    package init(status: UInt32) {
        let type = Self.types.first { $0.system == status & 0o170000 }?.go ?? Self.irregular
        rawValue = Self.flags.reduce(type | status & 0o777) { $1.system & status == 0 ? $0 : $0 | $1.go }
    }

    /// The same in the bits of `st_mode`; nil where the type is none that Linux has.
    package var status: UInt32? {
        let known = Self.types.reduce(0) { $0 | $1.go }
        guard rawValue & Self.irregular == 0, let type = Self.types.first(where: { $0.go == rawValue & known })?.system
        else { return nil }
        return Self.flags.reduce(type | rawValue & 0o777) { $1.go & rawValue == 0 ? $0 : $0 | $1.system }
    }

    package var isDirectory: Bool { rawValue & 1 << 31 != 0 }
    package var isSymbolicLink: Bool { rawValue & 1 << 27 != 0 }

    package init(from decoder: any Decoder) throws {
        rawValue = try UInt32(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try rawValue.encode(to: encoder)
    }
}

/// A file in a container, as the header `X-Docker-Container-Path-Stat` tells it: this as JSON, in base64.
package struct PathStat: Codable, Equatable, Sendable {
    /// The last component of the path.
    package var name: String
    package var size: Int64
    package var mode: FileMode
    package var mtime: Timestamp
    /// Where a symbolic link leads, from the container's root; empty for other files.
    package var linkTarget: String

    package init(name: String, size: Int64, mode: FileMode, mtime: Timestamp, linkTarget: String = "") {
        self.name = name
        self.size = size
        self.mode = mode
        self.mtime = mtime
        self.linkTarget = linkTarget
    }
}
