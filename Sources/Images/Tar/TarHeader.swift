// SPDX-License-Identifier: Apache-2.0

import Linux

/// A block of 512 bytes that starts an entry of a tar archive, of any of the formats v7, ustar, GNU, star and PAX.
struct TarHeader {
    static let blockSize = 512

    private enum Format {
        case v7
        case ustar
        case star
        case gnu
    }

    private let block: [UInt8]
    private let format: Format

    /// A block whose checksum is right.
    ///
    /// - Parameter block: 512 bytes.
    /// - Throws: ``ImageError/Code/invalidArchive``.
    init(_ block: [UInt8]) throws(ImageError) {
        self.block = block
        switch block[257..<265] {
        case [0x75, 0x73, 0x74, 0x61, 0x72, 0, 0x30, 0x30]:
            format = block[508..<512] == [0x74, 0x61, 0x72, 0] ? .star : .ustar
        case [0x75, 0x73, 0x74, 0x61, 0x72, 0x20, 0x20, 0]: format = .gnu
        default: format = .v7
        }
        // Old programs summed up signed bytes.
        var (sum, signedSum): (Int64, Int64) = (0, 0)
        for (index, byte) in block.enumerated() {
            let byte = (148..<156).contains(index) ? 0x20 : byte
            sum += Int64(byte)
            signedSum += Int64(Int8(bitPattern: byte))
        }
        let expected = try? number(148..<156, "checksum")
        if expected != sum, expected != signedSum {
            throw ImageError(.invalidArchive, "not a tar archive, or a broken one: a header's checksum is wrong")
        }
    }

    /// The letter of the kind; zero in old archives.
    var typeFlag: UInt8 { block[156] }

    /// The path, with the prefix that ustar keeps apart.
    var path: [UInt8] {
        let name = text(0..<100)
        let prefix: [UInt8] =
            switch format {
            case .ustar: text(345..<500)
            case .star: text(345..<476)
            case .gnu, .v7: []
            }
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    var target: [UInt8] { text(157..<257) }

    func permissions() throws(ImageError) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(100..<108, "mode")) & 0o7777
    }

    func uid() throws(ImageError) -> Int64 { try number(108..<116, "uid") }
    func gid() throws(ImageError) -> Int64 { try number(116..<124, "gid") }
    func size() throws(ImageError) -> Int64 { try number(124..<136, "size") }
    func modificationTime() throws(ImageError) -> Int64 { try number(136..<148, "mtime") }

    /// The numbers of a device node; zero in the format that has none.
    func device() throws(ImageError) -> DeviceNumber {
        if format == .v7 { return DeviceNumber(major: 0, minor: 0) }
        guard let major = UInt32(exactly: try number(329..<337, "devmajor")),
            let minor = UInt32(exactly: try number(337..<345, "devminor"))
        else { throw ImageError(.invalidArchive, "a header's device number is out of range") }
        return DeviceNumber(major: major, minor: minor)
    }

    /// The size of a GNU sparse file, holes included.
    func sparseSize() throws(ImageError) -> Int64 { try number(483..<495, "real size") }

    /// The extents in the header of a GNU sparse file, and whether a block with more follows.
    func sparseExtents() throws(ImageError) -> (extents: [TarEntry.Extent], continues: Bool) {
        try Self.sparseExtents(in: block, from: 386, count: 4, continuation: 482)
    }

    /// The extents in a block that follows such a header.
    static func moreSparseExtents(
        in block: [UInt8]
    ) throws(ImageError) -> (extents: [TarEntry.Extent], continues: Bool) {
        try sparseExtents(in: block, from: 0, count: 21, continuation: 504)
    }

    private static func sparseExtents(
        in block: [UInt8],
        from start: Int,
        count: Int,
        continuation: Int
    ) throws(ImageError) -> (extents: [TarEntry.Extent], continues: Bool) {
        var extents: [TarEntry.Extent] = []
        for index in 0..<count {
            let place = start + index * 24
            if block[place] == 0 { break }
            extents.append(
                TarEntry.Extent(
                    offset: try number(in: block[place..<place + 12], "sparse offset"),
                    length: try number(in: block[place + 12..<place + 24], "sparse length")
                )
            )
        }
        return (extents, block[continuation] != 0)
    }

    private func text(_ range: Range<Int>) -> [UInt8] {
        Array(block[range].prefix { $0 != 0 })
    }

    private func number(_ range: Range<Int>, _ field: String) throws(ImageError) -> Int64 {
        try Self.number(in: block[range], field)
    }

    /// A number in octal digits, or in base 256 where the first bit is set.
    private static func number(in field: ArraySlice<UInt8>, _ name: String) throws(ImageError) -> Int64 {
        guard let first = field.first else { return 0 }
        if first & 0x80 != 0 { return try base256(field, name) }
        let blanks: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0 }
        let digits = field.drop(while: blanks).prefix { !blanks($0) }
        var value: Int64 = 0
        for digit in digits {
            guard (0x30...0x37).contains(digit) else {
                throw ImageError(.invalidArchive, "a header's \(name) is not an octal number")
            }
            value = value << 3 | Int64(digit - 0x30)
        }
        return value
    }

    // Two's complement; of the first byte the first bit is the mark and the second the sign.
    private static func base256(_ field: ArraySlice<UInt8>, _ name: String) throws(ImageError) -> Int64 {
        var value: Int64 = field.first.map { $0 & 0x40 != 0 } == true ? -1 : 0
        for (index, byte) in field.enumerated() {
            let bits = index == 0 ? (value < 0 ? byte | 0x80 : byte & 0x7F) : byte
            let shifted = value << 8 | Int64(bits)
            guard shifted >> 8 == value else {
                throw ImageError(.invalidArchive, "a header's \(name) is out of range")
            }
            value = shifted
        }
        return value
    }
}
