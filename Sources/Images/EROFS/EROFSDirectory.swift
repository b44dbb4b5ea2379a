// SPDX-License-Identifier: Apache-2.0

import Linux

/// The names of a directory in blocks of EROFS.
///
/// Each block has records of twelve bytes first and then the names, both in the order of the names' bytes; the last one has
/// no more bytes than it needs.
struct EROFSDirectory {
    /// Sorted, with `.` and `..` among them.
    private let entries: [(name: FilePath, inode: Int)]
    /// Which entries each block has.
    private let blocks: [Range<Int>]
    /// Bytes of the last block.
    let tailSize: Int

    /// - Parameters:
    ///   - entries: The names in it.
    ///   - own: The place of its inode.
    ///   - parent: That of the directory that it is in.
    init(_ entries: [(name: FilePath, inode: Int)], own: Int, parent: Int) {
        let all = (entries + [(".", own), ("..", parent)]).sorted { $0.name < $1.name }
        var (blocks, first, size) = ([Range<Int>](), 0, 0)
        for (index, entry) in all.enumerated() {
            let needed = EROFSFormat.directoryEntrySize + entry.name.bytes.count
            if size + needed > Int(EROFSFormat.blockSize) {
                blocks.append(first..<index)
                (first, size) = (index, 0)
            }
            size += needed
        }
        blocks.append(first..<all.count)
        (self.entries, self.blocks, tailSize) = (all, blocks, size)
    }

    /// How many blocks are full but for what is left over behind their names.
    var fullBlockCount: Int { blocks.count - 1 }

    /// Bytes of all blocks.
    var size: Int64 { Int64(fullBlockCount) * EROFSFormat.blockSize + Int64(tailSize) }

    /// The bytes of a block.
    ///
    /// - Parameters:
    ///   - index: Which one.
    ///   - inode: The number and the kind of the inode at a place.
    /// - Returns: As many bytes as it needs.
    func block(_ index: Int, _ inode: (Int) -> (number: UInt64, kind: FileKind)) -> [UInt8] {
        let entries = entries[blocks[index]]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(EROFSFormat.blockSize))
        var place = entries.count * EROFSFormat.directoryEntrySize
        for entry in entries {
            let (number, kind) = inode(entry.inode)
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            bytes += [UInt8(truncatingIfNeeded: place), UInt8(truncatingIfNeeded: place >> 8)]
            bytes += [EROFSFormat.type(of: kind), 0]
            place += entry.name.bytes.count
        }
        for entry in entries { bytes += entry.name.bytes }
        return bytes
    }
}
