// SPDX-License-Identifier: Apache-2.0

package import Linux

/// An entry of a tar archive: a file and what is known about it, without its data.
package struct TarEntry: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case regular
        case directory
        case symbolicLink
        case hardLink
        case characterDevice
        case blockDevice
        case fifo
    }

    /// An extended attribute.
    package struct Attribute: Equatable, Sendable {
        package var name: FilePath
        package var value: [UInt8]

        package init(name: FilePath, value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// A part of a sparse file that holds data.
    package struct Extent: Equatable, Sendable {
        package var offset: Int64
        package var length: Int64

        package init(offset: Int64, length: Int64) {
            self.offset = offset
            self.length = length
        }
    }

    package var kind: Kind
    /// As the archive has it: possibly absolute, with `..` or a slash at its end.
    package var path: FilePath
    /// What a link points to.
    package var target: FilePath
    /// The twelve bits of permissions.
    package var permissions: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// Bytes of the file, holes included.
    package var size: Int64
    package var modificationTime: FileTime
    package var accessTime: FileTime?
    /// Of a device node.
    package var device: DeviceNumber
    package var attributes: [Attribute]
    /// Where the data is in a sparse file, in order; nil: all is data.
    package var extents: [Extent]?

    package init(
        _ kind: Kind,
        path: FilePath,
        target: FilePath = "",
        permissions: UInt32 = 0o644,
        size: Int64 = 0,
        modificationTime: FileTime = FileTime(seconds: 0)
    ) {
        self.kind = kind
        self.path = path
        self.target = target
        self.permissions = permissions
        uid = 0
        gid = 0
        self.size = size
        self.modificationTime = modificationTime
        device = DeviceNumber(major: 0, minor: 0)
        attributes = []
    }

    /// Bytes of data in the archive.
    var storedSize: Int64 {
        guard let extents else { return size }
        return extents.reduce(0) { $0 + $1.length }
    }

    /// An error about this entry.
    func refuse(_ reason: String) -> ImageError {
        ImageError(.invalidArchive, "entry `\(path)`: \(reason)")
    }
}
