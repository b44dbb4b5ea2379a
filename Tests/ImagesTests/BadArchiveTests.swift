// SPDX-License-Identifier: Apache-2.0

import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

/// A PAX header of arbitrary text, then a file.
private func pax(_ text: String, size: Int? = nil) throws -> [UInt8] {
    let data = Array(text.utf8)
    var header = Array(try Archive { try $0.add(TarEntry(.regular, path: "h"), text) }.bytes().prefix(512))
    header[156] = UInt8(ascii: "x")
    if let size { header.replaceSubrange(124..<136, with: octal(size, 11)) }
    return checksummed(header) + data + [UInt8](repeating: 0, count: -data.count & 511)
        + (try Archive { try $0.file("file", "data") }.bytes())
}

private func octal(_ number: Int, _ digits: Int) -> [UInt8] {
    let text = String(number, radix: 8)
    return Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8) + [0]
}

private func checksummed(_ header: [UInt8]) -> [UInt8] {
    var header = header
    header.replaceSubrange(148..<156, with: [UInt8](repeating: 0x20, count: 8))
    header.replaceSubrange(148..<155, with: octal(header.reduce(0) { $0 + Int($1) }, 6))
    return header
}

private func record(_ text: String) -> String {
    var length = text.utf8.count + 2
    while "\(length)".utf8.count + text.utf8.count + 2 != length { length += 1 }
    return "\(length) \(text)\n"
}

/// What reading all of an archive says.
private func failure(of bytes: [UInt8], limits: Limits = Limits()) -> ImageError? {
    let reader = TarReader(DecompressedSource(MemorySource(bytes)), limits: limits)
    do throws(ImageError) {
        while try reader.next() != nil { try reader.forEachPiece { _, _ in } }
        return nil
    } catch {
        return error
    }
}

/// Extension headers, and what the error about each says.
private let malformed: [MalformedHeader] = [
    MalformedHeader("9999999 path=x\n", field: "length of a PAX record"),
    MalformedHeader("5 a=b\n", field: "PAX record"),
    MalformedHeader("x path=x\n", field: "length of a PAX record"),
    MalformedHeader("11 path=xyz", field: "PAX record"),
    MalformedHeader("7 path\n", field: "PAX record"),
    MalformedHeader("-7 a=b\n", field: "length of a PAX record"),
    MalformedHeader(record("uid=-1"), field: "uid"),
    MalformedHeader(record("uid=4294967295"), field: "uid 4294967295 is out of range"),
    MalformedHeader(record("gid=99999999999999999999"), field: "gid"),
    MalformedHeader(record("mtime=today"), field: "mtime"),
    MalformedHeader(record("size=-5"), field: "size"),
    MalformedHeader(record("size=9223372036854775807"), field: "size"),
    MalformedHeader(record("path=a\u{0}b"), field: "path has a zero"),
    MalformedHeader(record("SCHILY.xattr.=x"), field: "extended attribute"),
    MalformedHeader(record("LIBARCHIVE.xattr.user.x=!"), field: "base 64"),
    MalformedHeader(record("GNU.sparse.map=0,5,3,5"), record("GNU.sparse.size=10"), field: "parts of a sparse file"),
    MalformedHeader(record("GNU.sparse.map=0,4,6"), record("GNU.sparse.size=10"), field: "odd number"),
    MalformedHeader(record("GNU.sparse.map=0,4"), field: "size of a sparse file"),
    MalformedHeader(record("GNU.sparse.map=0,3"), record("GNU.sparse.size=10"), field: "its data 4"),
    MalformedHeader(record("GNU.sparse.numbytes=0"), field: "pair"),
    MalformedHeader(
        record("GNU.sparse.major=1"),
        record("GNU.sparse.minor=0"),
        record("GNU.sparse.realsize=9"),
        field: "map"
    ),
    MalformedHeader(record("GNU.sparse.major=7"), record("GNU.sparse.minor=0"), field: "sparse format"),
]

private struct MalformedHeader: Sendable {
    var text: String
    var field: String

    init(_ records: String..., field: String) {
        text = records.joined()
        self.field = field
    }
}

@Suite struct `Malformed archives` {
    @Test(arguments: malformed)
    private func `are refused with the field that is wrong`(header: MalformedHeader) throws {
        let error = try #require(failure(of: pax(header.text)))
        #expect("\(error)".contains(header.field), "\(error)")
    }

    @Test func `a PAX header of 4 GiB is refused before it is read`() throws {
        let error = try #require(failure(of: pax(record("path=x"), size: 4 << 30)))
        #expect(error.code == .limitExceeded)
    }

    @Test func `more entries than allowed are refused`() throws {
        var limits = Limits()
        limits.entryCount = 3
        let bytes = try Archive { archive in for name in 0..<4 { try archive.file("\(name)") } }.bytes()
        #expect(failure(of: bytes, limits: limits)?.code == .limitExceeded)
    }

    @Test func `an archive that is cut off leaves no layer`() throws {
        let store = try TestStore()
        let bytes = try Archive { archive in
            try archive.file("a", String(repeating: "x", count: 700))
            try archive.file(String(repeating: "n/", count: 80) + "b", "y")
        }.bytes()
        for (number, length) in stride(from: 0, to: bytes.count - 1024, by: 97).enumerated() {
            #expect(throws: ImageError.self) {
                try store.layers[number % 2].unpack([Digest(sha256: bytes)]) { _ throws(ImageError) in
                    MemorySource(Array(bytes.prefix(length)))
                }
            }
        }
        #expect(store.layerNames.isEmpty)
        _ = try store.unpack([bytes])
    }

    @Test(arguments: ["gzip", "xz", "bzip2", "zstd"])
    func `compressed data that is cut off or changed is refused`(program: String) throws {
        let scratch = try Scratch()
        try scratch.write("archive", bytes: Archive { try $0.file("a", String(repeating: "text", count: 900)) }.bytes())
        try shell("\(program) -c \(program == "zstd" ? "--check" : "") < archive > packed", in: scratch.path)
        let packed = try readBytes(scratch / "packed")
        #expect(failure(of: packed) == nil)
        for length in stride(from: 7, to: packed.count - 1, by: 5) {
            #expect(throws: ImageError.self) { try drain(Array(packed.prefix(length))) }
        }
        var broken = packed
        broken[packed.count / 2] ^= 0x10
        #expect(throws: ImageError.self) { try drain(broken) }
        #expect(throws: ImageError.self) { try drain(packed + Array("garbage".utf8)) }
    }

    private func drain(_ bytes: [UInt8]) throws {
        let source = DecompressedSource(MemorySource(bytes))
        var buffer = [UInt8](repeating: 0, count: 4096)
        var count = 1
        while count > 0 {
            count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
        }
    }

    @Test(arguments: ["gzip", "xz", "bzip2", "zstd"])
    func `a bomb is refused when it reaches the limit`(program: String) throws {
        let scratch = try Scratch()
        try shell("head -c 300M /dev/zero | \(program) > bomb", in: scratch.path)
        var limits = Limits()
        limits.uncompressedSize = 1 << 20
        let store = try TestStore(limits: limits)
        let bomb = try Archive { try $0.file("x", "y") }.bytes().dropLast(1024) + readBytes(scratch / "bomb")
        let packed = try readBytes(scratch / "bomb")
        for (bytes, layers) in [packed, Array(bomb)].flatMap({ bytes in store.layers.map { (bytes, $0) } }) {
            #expect(throws: ImageError.self) {
                try layers.unpack([Digest(sha256: [])]) { _ throws(ImageError) in MemorySource(bytes) }
            }
        }
        var huge = try Archive { try $0.file("x", String(repeating: "y", count: 2 << 20)) }.bytes()
        #expect { try store.unpack([huge]) } throws: { ($0 as? ImageError)?.code == .limitExceeded }
        huge = try Archive { try $0.file(String(repeating: "d/", count: 300) + "x") }.bytes()
        #expect { try store.unpack([huge]) } throws: { ($0 as? ImageError)?.code == .limitExceeded }
        #expect(store.layerNames.isEmpty)
    }

    @Test func `changed bytes never do harm`() throws {
        let bytes =
            try pax(
                record("path=some/path") + record("mtime=1.5") + record("GNU.sparse.map=0,4")
                    + record("GNU.sparse.size=4")
            )
        // A linear congruential generator: the same changes in each run.
        var state: UInt64 = 88_172_645_463_325_252
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var refused = 0
        for _ in 0..<3000 {
            var changed = bytes
            for _ in 0...next(3) { changed[next(changed.count)] = UInt8(next(256)) }
            // The checksums are made right again, so that what they protect is reached.
            for start in [0, 1024] {
                changed.replaceSubrange(start..<start + 512, with: checksummed(Array(changed[start..<start + 512])))
            }
            if failure(of: changed) != nil { refused += 1 }
        }
        #expect(refused > 100)
    }
}
