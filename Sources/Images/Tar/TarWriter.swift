// SPDX-License-Identifier: Apache-2.0

import Linux

/// Writes a tar archive whose bytes depend on its entries alone.
///
/// The format is ustar, with PAX headers where an entry needs them. No names of users and groups are written.
package final class TarWriter {
    private let sink: any ByteSink

    package init(_ sink: any ByteSink) {
        self.sink = sink
    }

    /// Writes an entry with data in memory.
    ///
    /// - Parameters:
    ///   - entry: The entry; its size is that of the data.
    ///   - data: The data of a regular file.
    /// - Throws: What the sink throws.
    package func write(_ entry: TarEntry, data: [UInt8] = []) throws(ImageError) {
        var entry = entry
        entry.size = Int64(data.count)
        try writeHeaders(entry)
        try sink.write(data)
        try pad(entry.size)
    }

    /// Writes an entry with the data of a source.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - source: As many bytes as the size of the entry says.
    /// - Throws: ``ImageError/Code/digestMismatch`` where there are more or fewer, and what source and sink throw.
    package func write(_ entry: TarEntry, from source: any ByteSource) throws(ImageError) {
        try writeHeaders(entry)
        var count: Int64 = 0
        try source.forEachChunk { (chunk) throws(ImageError) in
            count += Int64(chunk.count)
            if count <= entry.size { try sink.write(chunk) }
        }
        if count != entry.size {
            throw ImageError(.digestMismatch, "`\(entry.path)` has \(count) bytes instead of \(entry.size)")
        }
        try pad(entry.size)
    }

    /// Writes the end of the archive.
    package func finish() throws(ImageError) {
        try sink.write([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
    }

    private func pad(_ size: Int64) throws(ImageError) {
        try sink.write([UInt8](repeating: 0, count: Int(-size & Int64(TarHeader.blockSize - 1))))
    }

    private func writeHeaders(_ entry: TarEntry) throws(ImageError) {
        var records: [(key: String, value: [UInt8])] = []
        func add(_ key: String, _ text: String) { records.append((key, Array(text.utf8))) }
        let path = Array(entry.path.bytes)
        let split = Self.split(path)
        if split == nil { records.append(("path", path)) }
        if entry.target.bytes.count > 100 { records.append(("linkpath", Array(entry.target.bytes))) }
        if !Self.fits(Int64(entry.uid), 7) { add("uid", "\(entry.uid)") }
        if !Self.fits(Int64(entry.gid), 7) { add("gid", "\(entry.gid)") }
        if !Self.fits(entry.size, 11) { add("size", "\(entry.size)") }
        let time = entry.modificationTime
        if time.nanoseconds != 0 || !Self.fits(time.seconds, 11) { add("mtime", Self.text(of: time)) }
        for attribute in entry.attributes {
            records.append(("SCHILY.xattr.\(attribute.name)", attribute.value))
        }
        if !records.isEmpty {
            let data = records.flatMap { Self.record($0.key, $0.value) }
            var name = Array("PaxHeaders/".utf8)
            name += path.split(separator: UInt8(ascii: "/")).last ?? []
            try sink.write(
                block(name: Array(name.prefix(100)), type: "x", size: Int64(data.count), TarEntry(.regular, path: ""))
            )
            try sink.write(data)
            try pad(Int64(data.count))
        }
        let (prefix, name) = split ?? ([], Array(path.prefix(100)))
        try sink.write(block(prefix: prefix, name: name, type: Self.type(of: entry.kind), size: entry.size, entry))
    }

    private func block(
        prefix: [UInt8] = [],
        name: [UInt8],
        type: UnicodeScalar,
        size: Int64,
        _ entry: TarEntry
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
        }
        func put(_ number: Int64, digits: Int, at offset: Int) {
            let text = String(Self.fits(number, digits) ? number : 0, radix: 8)
            put((String(repeating: "0", count: digits - text.utf8.count) + text).utf8, at: offset)
        }
        put(name, at: 0)
        put(Int64(entry.permissions), digits: 7, at: 100)
        put(Int64(entry.uid), digits: 7, at: 108)
        put(Int64(entry.gid), digits: 7, at: 116)
        put(size, digits: 11, at: 124)
        put(entry.modificationTime.seconds, digits: 11, at: 136)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        put([UInt8(ascii: type)], at: 156)
        put(entry.target.bytes.prefix(100), at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        put(Int64(entry.device.major), digits: 7, at: 329)
        put(Int64(entry.device.minor), digits: 7, at: 337)
        put(prefix, at: 345)
        put(block.reduce(0) { $0 + Int64($1) }, digits: 6, at: 148)
        block[154] = 0
        return block
    }

    private static func type(of kind: TarEntry.Kind) -> UnicodeScalar {
        switch kind {
        case .regular: "0"
        case .hardLink: "1"
        case .symbolicLink: "2"
        case .characterDevice: "3"
        case .blockDevice: "4"
        case .directory: "5"
        case .fifo: "6"
        }
    }

    /// The path in the two fields of ustar; nil where it does not fit.
    private static func split(_ path: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        if path.count <= 100 { return ([], path) }
        let end = path.dropLast()
        guard path.count <= 256,
            let slash = end[max(0, path.count - 101)...].firstIndex(of: UInt8(ascii: "/")), slash > 0, slash <= 155
        else { return nil }
        return (Array(path[..<slash]), Array(path[(slash + 1)...]))
    }

    private static func fits(_ number: Int64, _ digits: Int) -> Bool {
        number >= 0 && number < 1 << (3 * digits)
    }

    private static func text(of time: FileTime) -> String {
        // Seconds are rounded down, a decimal number towards zero.
        let isBefore = time.seconds < 0 && time.nanoseconds > 0
        let seconds = isBefore ? time.seconds + 1 : time.seconds
        let nanoseconds = isBefore ? 1_000_000_000 - time.nanoseconds : time.nanoseconds
        let sign = isBefore && seconds == 0 ? "-" : ""
        if nanoseconds == 0 { return "\(seconds)" }
        let digits = String(nanoseconds)
        return "\(sign)\(seconds).\(String(repeating: "0", count: 9 - digits.utf8.count))\(digits)"
    }

    /// A record with its own length in front, whose digits count too.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [0x0A]
        var length = rest.count
        while "\(length)".utf8.count + rest.count != length { length = "\(length)".utf8.count + rest.count }
        return Array("\(length)".utf8) + rest
    }
}
