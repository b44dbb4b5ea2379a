// SPDX-License-Identifier: Apache-2.0

import Linux

/// What the extension headers before an entry say about it.
struct PAXRecords {
    private(set) var values: [String: [UInt8]] = [:]
    /// The pairs of GNU's first sparse format, whose keys repeat.
    private(set) var sparseNumbers: [[UInt8]] = []

    private static let attributePrefix = "SCHILY.xattr."
    private static let encodedAttributePrefix = "LIBARCHIVE.xattr."

    /// Takes in the records of a header: `length key=value` and a line feed each.
    mutating func read(_ data: [UInt8]) throws(ImageError) {
        var rest = data[...]
        while let end = rest.firstIndex(of: 0x20) {
            guard let length = Self.decimal(rest[..<end]), length <= rest.count, length > end - rest.startIndex + 2
            else { throw ImageError(.invalidArchive, "the length of a PAX record is wrong") }
            let record = rest[end...].dropFirst().prefix(Int(length) - (end - rest.startIndex) - 1)
            guard record.last == 0x0A, let sign = record.firstIndex(of: UInt8(ascii: "=")), sign > record.startIndex
            else { throw ImageError(.invalidArchive, "a PAX record is not `key=value`") }
            let key = String(decoding: record[..<sign], as: UTF8.self)
            let value = record[sign...].dropFirst().dropLast()
            rest = rest.dropFirst(Int(length))
            if key == "GNU.sparse.offset" || key == "GNU.sparse.numbytes" {
                guard (key == "GNU.sparse.offset") == sparseNumbers.count.isMultiple(of: 2) else {
                    throw ImageError(.invalidArchive, "\(key) is not one of a pair")
                }
                sparseNumbers.append(Array(value))
            } else {
                values[key] = Array(value)
            }
        }
        if rest.contains(where: { $0 != 0 }) {
            throw ImageError(.invalidArchive, "the length of a PAX record is missing")
        }
    }

    /// A path; nil where there is none, or an empty one, which takes back an earlier one.
    func path(_ key: String) throws(ImageError) -> FilePath? {
        guard let value = values[key], !value.isEmpty else { return nil }
        guard let path = FilePath(value) else { throw ImageError(.invalidArchive, "the PAX field \(key) has a zero") }
        return path
    }

    /// A number that is not negative.
    func number(_ key: String) throws(ImageError) -> Int64? {
        guard let value = values[key], !value.isEmpty else { return nil }
        guard let number = Self.decimal(value[...]) else {
            throw ImageError(.invalidArchive, "the PAX field \(key) is not a number in its range")
        }
        return number
    }

    /// A time in seconds with a fraction.
    func time(_ key: String) throws(ImageError) -> FileTime? {
        guard let value = values[key], !value.isEmpty else { return nil }
        let isNegative = value.first == UInt8(ascii: "-")
        let parts = value.dropFirst(isNegative ? 1 : 0).split(
            separator: UInt8(ascii: "."),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let fraction = (parts.count == 2 ? parts[1] : []).prefix(9)
        let padded = Array(fraction) + Array(repeating: 0x30, count: 9 - fraction.count)
        guard let whole = parts[0].isEmpty ? 0 : Self.decimal(parts[0]), let nanoseconds = Self.decimal(padded[...])
        else { throw ImageError(.invalidArchive, "the PAX field \(key) is not a time") }
        if !isNegative { return FileTime(seconds: whole, nanoseconds: Int32(nanoseconds)) }
        if nanoseconds == 0 { return FileTime(seconds: -whole) }
        return FileTime(seconds: -whole - 1, nanoseconds: Int32(1_000_000_000 - nanoseconds))
    }

    /// The extended attributes, ordered by name.
    func attributes() throws(ImageError) -> [TarEntry.Attribute] {
        var found: [FilePath: [UInt8]] = [:]
        for (key, value) in values {
            if key.hasPrefix(Self.encodedAttributePrefix) {
                let name = try Self.attributeName(percentDecoded(key.dropFirst(Self.encodedAttributePrefix.count)))
                guard let decoded = base64Decoded(value) else {
                    throw ImageError(.invalidArchive, "the PAX field \(key) is not in base 64")
                }
                if found[name] == nil { found[name] = decoded }
            } else if key.hasPrefix(Self.attributePrefix) {
                found[try Self.attributeName(Array(key.utf8.dropFirst(Self.attributePrefix.utf8.count)))] = value
            }
        }
        return found.sorted { $0.key < $1.key }.map { TarEntry.Attribute(name: $0.key, value: $0.value) }
    }

    private static func attributeName(_ bytes: [UInt8]) throws(ImageError) -> FilePath {
        guard !bytes.isEmpty, bytes.count <= 255, let name = FilePath(bytes) else {
            throw ImageError(.invalidArchive, "the name of an extended attribute is malformed")
        }
        return name
    }

    /// A number in decimal digits; nil where it is none or does not fit.
    static func decimal(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(Int64(digit - 0x30))
            if isTooLarge || overflows { return nil }
            value = sum
        }
        return value
    }
}

private func percentDecoded(_ text: Substring) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), rest.count >= 2, let code = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
            result.append(code)
            rest = rest.dropFirst(2)
        } else {
            result.append(byte)
        }
    }
    return result
}

private func base64Decoded(_ text: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    var (bits, count): (UInt32, Int) = (0, 0)
    var padding = 0
    for byte in text where byte != 0x0A {
        let digit: UInt8
        switch byte {
        case 0x41...0x5A: digit = byte - 0x41
        case 0x61...0x7A: digit = byte - 0x61 + 26
        case 0x30...0x39: digit = byte - 0x30 + 52
        case UInt8(ascii: "+"): digit = 62
        case UInt8(ascii: "/"): digit = 63
        case UInt8(ascii: "="):
            padding += 1
            continue
        default: return nil
        }
        if padding > 0 { return nil }
        bits = bits << 6 | UInt32(digit)
        count += 6
        if count >= 8 {
            count -= 8
            result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
    return padding <= 2 && count < 6 ? result : nil
}
