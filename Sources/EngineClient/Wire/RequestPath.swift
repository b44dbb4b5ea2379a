// SPDX-License-Identifier: Apache-2.0

/// The path of a request, percent-encoded (RFC 3986, 2.1).
///
/// What is interpolated is one component: `"/containers/\(name)/json"` stays in that place whatever the name is.
package struct RequestPath: ExpressibleByStringInterpolation, Equatable, Sendable {
    /// The encoded text.
    package let text: String
    /// Whether an interpolated component is empty, which would lead to another route.
    let hasEmptyPart: Bool

    package init(stringLiteral value: String) {
        text = value
        hasEmptyPart = false
    }

    package init(stringInterpolation: Interpolation) {
        text = stringInterpolation.text
        hasEmptyPart = stringInterpolation.hasEmptyPart
    }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var text: String
        fileprivate var hasEmptyPart = false

        package init(literalCapacity: Int, interpolationCount: Int) {
            text = ""
            text.reserveCapacity(literalCapacity + 64 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        /// One component.
        package mutating func appendInterpolation(_ component: String) {
            hasEmptyPart = hasEmptyPart || component.isEmpty
            // A component of dots alone would be taken away by whoever normalises the path.
            text +=
                component.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
                ? String(repeating: "%2E", count: component.utf8.count) : PercentEncoding.encode(component)
        }

        /// The name of an image, whose slashes and colons the engine's routes allow for.
        package mutating func appendInterpolation(image: String) {
            hasEmptyPart = hasEmptyPart || image.isEmpty
            text += PercentEncoding.encode(image, keeping: "/:@")
        }
    }
}

/// The query of a request; a value of nil leaves its key out.
package struct RequestQuery: ExpressibleByDictionaryLiteral, Sendable {
    /// The encoded text with its question mark; empty where there is no key.
    package private(set) var text = ""

    package init(dictionaryLiteral elements: (String, String?)...) {
        for (key, value) in elements {
            if let value { append(key, value) }
        }
    }

    /// Adds a key, also one that is there already.
    package mutating func append(_ key: String, _ value: String) {
        text += (text.isEmpty ? "?" : "&") + PercentEncoding.encode(key) + "=" + PercentEncoding.encode(value)
    }
}

enum PercentEncoding {
    /// Encodes all but the unreserved characters (RFC 3986, 2.3) and the given ones.
    static func encode(_ text: String, keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let isPlain = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~".utf8.contains(byte) || kept.utf8.contains(byte)
        }
        if text.utf8.allSatisfy(isPlain) { return text }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
