// SPDX-License-Identifier: Apache-2.0

/// The name of a content by its hash: `sha256:` and 64 digits, or `sha512:` and 128.
///
/// Digits are lower case, as the image specification demands, so that a digest has one spelling and is safe as a file name.
package struct Digest: Hashable, Sendable {
    /// A registered algorithm.
    package enum Algorithm: String, CaseIterable, Sendable {
        case sha256
        case sha512

        /// How many hexadecimal digits a hash has.
        package var digitCount: Int {
            switch self {
            case .sha256: 64
            case .sha512: 128
            }
        }
    }

    package let algorithm: Algorithm
    /// The hash in lower-case hexadecimal digits.
    package let hex: String

    /// Reads the text form.
    ///
    /// - Parameter text: `sha256:…`; nil comes back where the algorithm is unknown or the hash is not of its form.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.firstIndex(of: ":"), let algorithm = Algorithm(rawValue: String(text[..<colon]))
        else { return nil }
        self.init(algorithm, hex: text[text.index(after: colon)...])
    }

    /// Reads the digits of a hash.
    ///
    /// - Parameters:
    ///   - algorithm: The algorithm.
    ///   - hex: Lower-case hexadecimal digits; nil comes back where they are too many, too few or none.
    package init?(_ algorithm: Algorithm, hex: some StringProtocol) {
        guard hex.utf8.count == algorithm.digitCount,
            hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.algorithm = algorithm
        self.hex = String(hex)
    }

    /// The digest with the given hash.
    ///
    /// - Parameters:
    ///   - algorithm: The algorithm.
    ///   - hash: The hash, as many bytes as the algorithm gives.
    package init(_ algorithm: Algorithm, hash: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in hash {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        precondition(text.count == algorithm.digitCount, "a hash has the length of its algorithm")
        self.algorithm = algorithm
        hex = String(decoding: text, as: UTF8.self)
    }

    /// The first twelve digits, as tools show it.
    package var short: String { String(hex.prefix(12)) }
}

extension Digest: CustomStringConvertible, LosslessStringConvertible {
    package init?(_ description: String) {
        self.init(description[...])
    }

    package var description: String { "\(algorithm.rawValue):\(hex)" }
}

extension Digest: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        left.description < right.description
    }
}

extension Digest: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription:
                    "`\(text.prefix(160))` is not a digest: sha256: with 64 or sha512: with 128 lower-case digits"
            )
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
