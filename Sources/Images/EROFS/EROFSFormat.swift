// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// The form of EROFS on the disk that is written here: blocks of 4 KiB, nothing compressed, inodes in their extended form,
/// attributes beside their inode.
///
/// Source: `fs/erofs/erofs_fs.h` and `Documentation/filesystems/erofs.rst` of Linux.
enum EROFSFormat {
    static let blockSize: Int64 = 4096
    /// Where the superblock is.
    static let superblockOffset = 1024
    private static let magic: UInt32 = 0xE0F5_E1E2
    /// The unit in which inodes are numbered.
    static let slotSize: Int64 = 32
    static let inodeSize = 64
    static let directoryEntrySize = 12
    /// Bytes of the attributes of one inode, whose count has sixteen bits.
    private static let attributesSize = 12 + 4 * (Int(UInt16.max) - 1)

    /// The first block.
    ///
    /// - Parameters:
    ///   - root: The number of the root's inode.
    ///   - inodeCount: How many inodes there are.
    ///   - blocks: How many blocks there are.
    ///   - metadata: The block from which inodes are numbered.
    ///   - uuid: Its own 16 bytes, by which overlayfs tells the file systems of its layers apart.
    /// - Returns: As many bytes as a block has.
    static func superblock(root: UInt64, inodeCount: Int, blocks: UInt32, metadata: UInt32, uuid: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: superblockOffset)
        bytes.append(little: magic)
        bytes.append(little: UInt32(0))  // No checksum: what was not written to its end is never mounted.
        bytes.append(little: UInt32(0))
        bytes += [12, 0]  // 1 << 12 bytes a block.
        bytes.append(little: UInt16(truncatingIfNeeded: root))
        bytes.append(little: UInt64(inodeCount))
        bytes.append(little: UInt64(0))
        bytes.append(little: UInt32(0))
        bytes.append(little: blocks)
        bytes.append(little: metadata)
        bytes.append(little: UInt32(0))
        bytes += uuid
        bytes += [UInt8](repeating: 0, count: Int(blockSize) - bytes.count)
        return bytes
    }

    /// Where the data of an inode is, and what follows the inode.
    struct Data {
        /// Its bytes.
        var size: Int64
        /// Where it begins, but for what is beside the inode.
        var block: UInt32
        /// Whether its end is beside the inode.
        var isInline: Bool
        /// Bytes of the attributes beside the inode.
        var attributesSize: Int
    }

    /// The bytes of an inode, without what follows it.
    ///
    /// - Parameters:
    ///   - inode: The file.
    ///   - number: The number that a process of 32 bits sees.
    ///   - data: Where its data is.
    /// - Returns: 64 bytes.
    static func inode(_ inode: EROFSInode, number: Int, _ data: Data) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(inodeSize)
        let layout: UInt16 = data.isInline ? 2 : 0
        bytes.append(little: 1 | layout << 1)
        bytes.append(little: UInt16(data.attributesSize == 0 ? 0 : (data.attributesSize - 12) / 4 + 1))
        bytes.append(little: UInt16(inode.kind.mode | inode.permissions))
        bytes.append(little: UInt16(0))
        bytes.append(little: UInt64(data.size))
        if case .device(let device) = inode.content {
            bytes.append(little: device.minor & 0xFF | device.major << 8 | (device.minor & ~0xFF) << 12)
        } else {
            bytes.append(little: data.block)
        }
        bytes.append(little: UInt32(truncatingIfNeeded: number))
        bytes.append(little: inode.uid)
        bytes.append(little: inode.gid)
        bytes.append(little: UInt64(bitPattern: inode.modificationTime.seconds))
        bytes.append(little: UInt32(inode.modificationTime.nanoseconds))
        bytes.append(little: inode.linkCount)
        bytes += [UInt8](repeating: 0, count: inodeSize - bytes.count)
        return bytes
    }

    /// The prefixes of attributes' names, which an image has as a number.
    private static let prefixes: [(text: StaticString, isWhole: Bool, number: UInt8)] = [
        ("user.", false, 1), ("system.posix_acl_access", true, 2), ("system.posix_acl_default", true, 3),
        ("trusted.", false, 4), ("security.", false, 6),
    ]

    /// The attributes of an inode; none for none.
    ///
    /// - Parameter attributes: The attributes.
    /// - Returns: The bytes, as many as can be divided by four.
    /// - Throws: `E2BIG` where they do not fit beside an inode.
    static func attributes(_ attributes: [TarEntry.Attribute]) throws(SystemError) -> [UInt8] {
        var entries: [UInt8] = []
        for attribute in attributes {
            guard let (rest, number) = shorten(attribute.name) else { continue }
            entries += [UInt8(rest.count), number]
            entries.append(little: UInt16(truncatingIfNeeded: attribute.value.count))
            entries += rest
            entries += attribute.value
            entries += [UInt8](repeating: 0, count: -entries.count & 3)
            if attribute.value.count > UInt16.max || entries.count + 12 > attributesSize {
                throw SystemError("setxattr", E2BIG, on: "\(attribute.name)")
            }
        }
        return entries.isEmpty ? [] : [UInt8](repeating: 0, count: 12) + entries
    }

    private static func shorten(_ name: FilePath) -> (rest: ArraySlice<UInt8>, number: UInt8)? {
        for prefix in prefixes {
            let text = UnsafeBufferPointer(start: prefix.text.utf8Start, count: prefix.text.utf8CodeUnitCount)
            guard name.bytes.starts(with: text) else { continue }
            let rest = name.bytes.dropFirst(text.count)
            if rest.isEmpty == prefix.isWhole, rest.count <= UInt8.max { return (rest, prefix.number) }
        }
        return nil
    }

    static func type(of kind: FileKind) -> UInt8 {
        switch kind {
        case .regular: 1
        case .directory: 2
        case .characterDevice: 3
        case .blockDevice: 4
        case .fifo: 5
        case .socket: 6
        case .symbolicLink: 7
        }
    }
}

extension [UInt8] {
    /// Appends a number, its lowest byte first.
    fileprivate mutating func append(little number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
