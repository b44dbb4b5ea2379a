// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Writes an image of EROFS: the contents of files as they come, then all about the files.
///
/// Contents are not held in memory, and every byte is written once. Holes of files are holes of the image.
final class EROFSWriter {
    private let file: Descriptor
    /// What is to be written next.
    private var buffer: [UInt8] = []
    /// Where the buffer goes.
    private var flushed: Int64
    private static let bufferSize = 1 << 18
    private var behind = WriteBehind()

    /// - Parameter file: An empty file, open for writing.
    init(to file: consuming Descriptor) {
        self.file = file
        buffer.reserveCapacity(Self.bufferSize)
        flushed = EROFSFormat.blockSize
    }

    // MARK: Contents

    /// Where the next byte goes.
    private var position: Int64 { flushed + Int64(buffer.count) }

    /// The block at which the next content begins.
    ///
    /// - Throws: `EFBIG` where it is too far from the first for its number.
    func nextBlock() throws(SystemError) -> UInt32 {
        guard let block = UInt32(exactly: position / EROFSFormat.blockSize), block < UInt32.max else {
            throw SystemError("pwrite", EFBIG)
        }
        return block
    }

    /// Writes the next bytes of a content.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count >= Self.bufferSize {
            try file.write(bytes, at: flushed)
            flushed += Int64(bytes.count)
            behind.wrote(to: flushed, of: file)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Writes a part of a content that has holes.
    ///
    /// - Parameters:
    ///   - bytes: The part.
    ///   - offset: Where it is in the content.
    ///   - block: Where the content begins.
    /// - Throws: The error of a call.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64, from block: UInt32) throws(SystemError) {
        try file.write(bytes, at: Int64(block) * EROFSFormat.blockSize + offset)
    }

    /// Ends a content: the next one begins with a block.
    func end() throws(SystemError) {
        let padding = Int(-position & (EROFSFormat.blockSize - 1))
        buffer.append(contentsOf: repeatElement(0, count: padding))
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Ends a content that has holes.
    ///
    /// - Parameters:
    ///   - size: Its bytes, holes included.
    ///   - block: Where it begins.
    /// - Throws: `EFBIG`, or the error of a call.
    func end(size: Int64, from block: UInt32) throws(SystemError) {
        try flush()
        let end = (Int64(block) * EROFSFormat.blockSize).addingReportingOverflow(size + EROFSFormat.blockSize - 1)
        if end.overflow { throw SystemError("pwrite", EFBIG) }
        flushed = end.partialValue & ~(EROFSFormat.blockSize - 1)
    }

    private func flush() throws(SystemError) {
        var failure: SystemError?
        buffer.withUnsafeBytes { bytes in
            do throws(SystemError) { try file.write(bytes, at: flushed) } catch { failure = error }
        }
        if let failure { throw failure }
        flushed += Int64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
        behind.wrote(to: flushed, of: file)
    }

    // MARK: Metadata

    /// Where an inode is and what it has.
    private struct Placement {
        var number: UInt64 = 0
        /// Bytes of data.
        var size: Int64 = 0
        /// Where its data begins, but for what is beside it.
        var block: UInt32 = 0
        var attributes: [UInt8] = []
        /// Bytes of data beside it, which must not lie across the end of a block.
        var tailSize = 0
        var directory: EROFSDirectory?
    }

    /// Writes all about the files and then the first block, and waits until the image is on the disk.
    ///
    /// - Parameter inodes: All inodes, the root first.
    /// - Throws: `E2BIG` for attributes that do not fit, `EFBIG`, or the error of a call.
    func finish(_ inodes: [EROFSInode]) throws(SystemError) {
        var placements: [Placement] = []
        placements.reserveCapacity(inodes.count)
        // No inode has the number zero.
        var offset = EROFSFormat.slotSize
        for index in inodes.indices {
            placements.append(try place(inodes[index], index, &offset))
        }
        try writeData(inodes, &placements)
        let metadata = try nextBlock()
        try writeInodes(inodes, placements)
        try end()
        let blocks = try nextBlock()
        try flush()
        try file.truncate(to: flushed)
        let first = EROFSFormat.superblock(
            root: placements[0].number,
            inodeCount: inodes.count,
            blocks: blocks,
            metadata: metadata,
            uuid: (0..<16).map { _ in UInt8.random(in: 0...UInt8.max) }
        )
        flushed = 0
        buffer = first
        try flush()
        try file.sync()
    }

    /// Finds the place of an inode.
    ///
    /// - Parameters:
    ///   - inode: The inode.
    ///   - index: Where it is in the list.
    ///   - offset: The end of those before it, from the first block of metadata on.
    /// - Returns: The place, but for the block of data that is not written yet.
    /// - Throws: `E2BIG` for attributes that do not fit.
    private func place(_ inode: EROFSInode, _ index: Int, _ offset: inout Int64) throws(SystemError) -> Placement {
        var placement = Placement(size: inode.kind == .regular ? inode.size : 0)
        placement.attributes = try EROFSFormat.attributes(inode.attributes)
        switch inode.content {
        case .none, .device: break
        case .blocks(let first): placement.block = first
        case .target(let target):
            placement.size = Int64(target.bytes.count)
            placement.tailSize = target.bytes.count
        case .entries(let entries):
            let directory = EROFSDirectory(entries, own: index, parent: inode.parent)
            placement.size = directory.size
            placement.tailSize = directory.tailSize
            placement.directory = directory
        }
        let head = EROFSFormat.inodeSize + placement.attributes.count
        if head + placement.tailSize > Int(EROFSFormat.blockSize) { placement.tailSize = 0 }
        let size = Int64(head + placement.tailSize)
        let left = EROFSFormat.blockSize - offset % EROFSFormat.blockSize
        if size > left, size <= EROFSFormat.blockSize { offset += left }
        placement.number = UInt64(offset / EROFSFormat.slotSize)
        offset = (offset + size + EROFSFormat.slotSize - 1) & ~(EROFSFormat.slotSize - 1)
        return placement
    }

    /// Writes what directories and links have in blocks of their own.
    private func writeData(_ inodes: [EROFSInode], _ placements: inout [Placement]) throws(SystemError) {
        for index in inodes.indices {
            let placement = placements[index]
            if let directory = placement.directory {
                let count = directory.fullBlockCount + (placement.tailSize == 0 ? 1 : 0)
                if count == 0 { continue }
                placements[index].block = try nextBlock()
                for block in 0..<count {
                    try append(directory.block(block) { (placements[$0].number, inodes[$0].kind) })
                    try end()
                }
            } else if case .target(let target) = inodes[index].content, placement.tailSize == 0 {
                placements[index].block = try nextBlock()
                try append(Array(target.bytes))
                try end()
            }
        }
    }

    private func writeInodes(_ inodes: [EROFSInode], _ placements: [Placement]) throws(SystemError) {
        let start = position
        for (index, (inode, placement)) in zip(inodes, placements).enumerated() {
            let place = start + Int64(placement.number) * EROFSFormat.slotSize
            try append([UInt8](repeating: 0, count: Int(place - position)))
            try append(
                EROFSFormat.inode(
                    inode,
                    number: index + 1,
                    EROFSFormat.Data(
                        size: placement.size,
                        block: placement.block,
                        isInline: placement.tailSize > 0,
                        attributesSize: placement.attributes.count
                    )
                )
            )
            try append(placement.attributes)
            if placement.tailSize == 0 { continue }
            if let directory = placement.directory {
                let last = directory.fullBlockCount
                try append(directory.block(last) { (placements[$0].number, inodes[$0].kind) })
            } else if case .target(let target) = inode.content {
                try append(Array(target.bytes))
            }
        }
    }

    private func append(_ bytes: [UInt8]) throws(SystemError) {
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        buffer += bytes
    }
}
