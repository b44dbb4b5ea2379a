// SPDX-License-Identifier: Apache-2.0

import Linux

/// Reads the entries of a tar archive one after the other.
///
/// All formats that programs write are read: v7, ustar, star, GNU (long names, numbers in base 256, sparse files) and PAX.
/// Headers of the whole archive (`g`) are checked and otherwise ignored, as Docker does. What is after the end is left
/// unread.
package final class TarReader {
    private let input: BlockReader
    private let limits: Limits
    private var entryCount = 0
    /// Bytes of data and padding of the current entry that are still in the input.
    private var rest: Int64 = 0
    private var padding: Int64 = 0
    private var entry: TarEntry?

    /// - Parameters:
    ///   - source: The archive, uncompressed.
    ///   - limits: Bounds on what it may hold.
    package init(_ source: any ByteSource, limits: Limits = Limits()) {
        input = BlockReader(source)
        self.limits = limits
    }

    /// The next entry; nil at the end of the archive.
    package func next() throws(ImageError) -> TarEntry? {
        try skipData()
        entry = nil
        var extensions = Extensions()
        while let block = try input.block() {
            if block.allSatisfy({ $0 == 0 }) { return nil }
            let header = try TarHeader(block)
            entryCount += 1
            if entryCount > limits.entryCount {
                throw ImageError(.limitExceeded, "the archive has more than \(limits.entryCount) entries")
            }
            switch header.typeFlag {
            case UInt8(ascii: "x"), UInt8(ascii: "X"):
                try extensions.records.read(try extensionData(header, "PAX header"))
                extensions.isPresent = true
            case UInt8(ascii: "g"):
                var records = PAXRecords()
                try records.read(try extensionData(header, "global PAX header"))
            case UInt8(ascii: "L"): extensions.path = try longName(header)
            case UInt8(ascii: "K"): extensions.target = try longName(header)
            case UInt8(ascii: "V"): try skipUnknown(header)
            default:
                let entry = try makeEntry(header, extensions)
                self.entry = entry
                return entry
            }
        }
        if extensions.isPresent {
            throw ImageError(.invalidArchive, "the archive ends after the extension header of an entry")
        }
        return nil
    }

    /// Reads the data of the current entry and gives it away piece by piece.
    ///
    /// - Parameter body: Gets a piece and its place in the file; holes of sparse files are left out.
    /// - Throws: What is wrong with the archive, or what `body` throws.
    package func forEachPiece(
        _ body: (UnsafeRawBufferPointer, Int64) throws(ImageError) -> Void
    ) throws(ImageError) {
        guard let entry else { return }
        let extents = entry.extents ?? [TarEntry.Extent(offset: 0, length: entry.size)]
        for extent in extents {
            var done: Int64 = 0
            while done < extent.length {
                let piece = try input.piece(atMost: min(extent.length - done, rest))
                rest -= Int64(piece.count)
                try body(piece, extent.offset + done)
                done += Int64(piece.count)
            }
        }
    }

    /// The data of the current entry.
    ///
    /// - Parameter limit: How many bytes it may have.
    /// - Returns: The bytes.
    /// - Throws: ``ImageError/Code/limitExceeded`` where it has more.
    package func data(limit: Int) throws(ImageError) -> [UInt8] {
        guard let entry else { return [] }
        if entry.size > limit {
            throw ImageError(.limitExceeded, "entry `\(entry.path)` has \(entry.size) bytes, more than \(limit)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(entry.size))
        try forEachPiece { piece, offset in
            bytes.withUnsafeMutableBytes { $0[Int(offset)...].copyBytes(from: piece) }
        }
        return bytes
    }

    private func skipData() throws(ImageError) {
        try input.skip(rest)
        try input.skipPadding(padding)
        (rest, padding) = (0, 0)
    }

    private func expectData(_ size: Int64) throws(ImageError) {
        guard size >= 0, size <= Int64.max - Int64(TarHeader.blockSize) else {
            throw ImageError(.invalidArchive, "a header's size is out of range")
        }
        rest = size
        padding = -size & Int64(TarHeader.blockSize - 1)
    }

    private func skipUnknown(_ header: TarHeader) throws(ImageError) {
        try expectData(header.size())
        try skipData()
    }

    private func extensionData(_ header: TarHeader, _ name: String) throws(ImageError) -> [UInt8] {
        let size = try header.size()
        if size > limits.extensionSize {
            throw ImageError(.limitExceeded, "a \(name) has \(size) bytes, more than \(limits.extensionSize)")
        }
        try expectData(size)
        var bytes: [UInt8] = []
        while rest > 0 {
            let piece = try input.piece(atMost: rest)
            rest -= Int64(piece.count)
            bytes += piece
        }
        try skipData()
        return bytes
    }

    private func longName(_ header: TarHeader) throws(ImageError) -> FilePath? {
        FilePath(try extensionData(header, "long name").prefix { $0 != 0 })
    }
}

/// What the headers before an entry say about it.
private struct Extensions {
    var records = PAXRecords()
    var path: FilePath?
    var target: FilePath?
    var isPresent = false
}

extension TarReader {
    private func makeEntry(_ header: TarHeader, _ extensions: Extensions) throws(ImageError) -> TarEntry {
        let records = extensions.records
        guard let ownPath = FilePath(header.path), let ownTarget = FilePath(header.target) else {
            throw ImageError(.invalidArchive, "a header's name is malformed")
        }
        let (sparseName, longPath) = (try records.path("GNU.sparse.name"), try records.path("path"))
        let path = sparseName ?? longPath ?? extensions.path ?? ownPath
        if path.bytes.count > limits.pathSize {
            throw ImageError(.limitExceeded, "the path of an entry has more than \(limits.pathSize) bytes")
        }
        var entry = TarEntry(try kind(of: header, path: path), path: path)
        do {
            entry.target = try records.path("linkpath") ?? extensions.target ?? ownTarget
            entry.permissions = try header.permissions()
            entry.uid = try id(records.number("uid"), header.uid, "uid")
            entry.gid = try id(records.number("gid"), header.gid, "gid")
            if let time = try records.time("mtime") {
                entry.modificationTime = time
            } else {
                entry.modificationTime = FileTime(seconds: try header.modificationTime())
            }
            entry.accessTime = try records.time("atime")
            entry.attributes = try records.attributes()
            if entry.kind == .characterDevice || entry.kind == .blockDevice { entry.device = try header.device() }
            try readSize(of: &entry, header, records)
        } catch {
            throw error.about("entry `\(path)`")
        }
        return entry
    }

    private func kind(of header: TarHeader, path: FilePath) throws(ImageError) -> TarEntry.Kind {
        switch header.typeFlag {
        case 0, UInt8(ascii: "0"): path.bytes.last == UInt8(ascii: "/") ? .directory : .regular
        case UInt8(ascii: "7"), UInt8(ascii: "S"): .regular
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .characterDevice
        case UInt8(ascii: "4"): .blockDevice
        case UInt8(ascii: "5"), UInt8(ascii: "D"): .directory
        case UInt8(ascii: "6"): .fifo
        case UInt8(ascii: "M"):
            throw ImageError(.unsupported, "entry `\(path)`: it continues a file of another volume")
        case let other:
            throw ImageError(.unsupported, "entry `\(path)`: unknown type `\(UnicodeScalar(other))`")
        }
    }

    // UInt32.max means "unchanged" to chown(2).
    private func id(
        _ extended: Int64?,
        _ plain: () throws(ImageError) -> Int64,
        _ field: String
    ) throws(ImageError) -> UInt32 {
        let number = if let extended { extended } else { try plain() }
        guard let id = UInt32(exactly: number), id != UInt32.max else {
            throw ImageError(.invalidArchive, "\(field) \(number) is out of range")
        }
        return id
    }

    private func readSize(
        of entry: inout TarEntry,
        _ header: TarHeader,
        _ records: PAXRecords
    ) throws(ImageError) {
        // Old programs give links the size of what they link to, without data.
        let hasData = entry.kind == .regular || header.typeFlag == UInt8(ascii: "D")
        if let size = try records.number("size") {
            try expectData(hasData ? size : 0)
        } else {
            try expectData(hasData ? header.size() : 0)
        }
        guard entry.kind == .regular else { return }
        entry.size = rest
        if header.typeFlag == UInt8(ascii: "S") {
            var (extents, continues) = try header.sparseExtents()
            while continues {
                guard let block = try input.block() else { throw BlockReader.truncated }
                let more = try TarHeader.moreSparseExtents(in: block)
                extents += more.extents
                continues = more.continues
                try checkCount(of: extents)
            }
            entry.size = try header.sparseSize()
            entry.extents = extents
        } else if records.values["GNU.sparse.major"] != nil {
            guard try records.number("GNU.sparse.major") == 1, try records.number("GNU.sparse.minor") == 0 else {
                throw ImageError(.unsupported, "a sparse format that is not 0.0, 0.1 or 1.0")
            }
            entry.size = try records.number("GNU.sparse.realsize") ?? -1
            entry.extents = try readSparseMap()
        } else if let map = records.values["GNU.sparse.map"] {
            entry.size = try records.number("GNU.sparse.size") ?? -1
            entry.extents = try extents(map.split(separator: UInt8(ascii: ",")))
        } else if !records.sparseNumbers.isEmpty {
            entry.size = try records.number("GNU.sparse.size") ?? -1
            entry.extents = try extents(records.sparseNumbers.map { $0[...] })
        }
        try check(entry)
    }

    /// The map of sparse format 1.0: decimal lines in front of the data, filled up to a block.
    private func readSparseMap() throws(ImageError) -> [TarEntry.Extent] {
        var text: [UInt8] = []
        var numbers: ArraySlice<ArraySlice<UInt8>> = []
        var wanted = 1
        while numbers.count < wanted {
            guard rest >= TarHeader.blockSize, text.count < limits.extensionSize, let block = try input.block() else {
                throw ImageError(.invalidArchive, "the map of a sparse file ends early or is too long")
            }
            rest -= Int64(TarHeader.blockSize)
            text += block
            // The last piece has no line feed yet.
            numbers = text.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
            if let first = numbers.first {
                guard let count = PAXRecords.decimal(first), count <= limits.extensionSize else {
                    throw ImageError(.invalidArchive, "the map of a sparse file has no count")
                }
                wanted = 1 + 2 * Int(count)
            }
        }
        return try extents(Array(numbers.prefix(wanted).dropFirst()))
    }

    private func extents(_ numbers: [ArraySlice<UInt8>]) throws(ImageError) -> [TarEntry.Extent] {
        guard numbers.count.isMultiple(of: 2) else {
            throw ImageError(.invalidArchive, "the map of a sparse file has an odd number of numbers")
        }
        var extents: [TarEntry.Extent] = []
        for index in stride(from: 0, to: numbers.count, by: 2) {
            guard let offset = PAXRecords.decimal(numbers[index]),
                let length = PAXRecords.decimal(numbers[index + 1])
            else { throw ImageError(.invalidArchive, "the map of a sparse file has something that is no number") }
            extents.append(TarEntry.Extent(offset: offset, length: length))
        }
        try checkCount(of: extents)
        return extents
    }

    private func checkCount(of extents: [TarEntry.Extent]) throws(ImageError) {
        if extents.count > limits.extensionSize / 4 {
            throw ImageError(.limitExceeded, "a sparse file has more than \(limits.extensionSize / 4) parts")
        }
    }

    private func check(_ entry: TarEntry) throws(ImageError) {
        guard entry.size >= 0 else { throw ImageError(.invalidArchive, "size of a sparse file missing or negative") }
        guard let extents = entry.extents else { return }
        var (end, stored): (Int64, Int64) = (0, 0)
        for extent in extents {
            guard extent.length >= 0, extent.offset >= end, extent.length <= entry.size - extent.offset else {
                throw ImageError(.invalidArchive, "the parts of a sparse file overlap or exceed its size")
            }
            end = extent.offset + extent.length
            stored += extent.length
        }
        if stored != rest {
            throw ImageError(.invalidArchive, "the parts of a sparse file have \(stored) bytes, its data \(rest)")
        }
    }
}

extension TarReader {
    /// Whether bytes are an archive, compressed or not: whether its first entry can be read.
    ///
    /// - Parameter source: The bytes from their start.
    /// - Returns: Whether they are.
    package static func isArchive(_ source: any ByteSource) -> Bool {
        let plain = LimitedSource(DecompressedSource(source), limit: 64 << 20, name: "the file")
        return (try? TarReader(plain).next()) != nil
    }
}
