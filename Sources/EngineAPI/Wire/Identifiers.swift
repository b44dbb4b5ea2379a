// SPDX-License-Identifier: Apache-2.0

/// The identifier of a container or an exec: 64 lower-case hexadecimal digits.
package struct ObjectID: Hashable, Sendable, LosslessStringConvertible {
    package let description: String

    /// Reads 64 digits; nil comes back for anything else.
    package init?(_ description: String) {
        guard description.utf8.count == 64, description.utf8.allSatisfy(Self.isDigit) else { return nil }
        self.description = description
    }

    /// A new identifier.
    ///
    /// Its short form is never a decimal number, since it becomes the host name of the container.
    ///
    /// - Parameter generator: Where the random bits come from.
    package init(using generator: inout some RandomNumberGenerator) {
        var text = ""
        repeat {
            text = ""
            // A number gives sixteen digits; each may be a call of the system.
            for _ in 0..<4 {
                let digits = String(generator.next() as UInt64, radix: 16)
                text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
            }
        } while text.prefix(12).allSatisfy { $0 <= "9" }
        description = text
    }

    /// The first twelve digits, as tools show it.
    package var short: String { String(description.prefix(12)) }

    /// Whether a text could be the start of an identifier.
    package static func isPrefix(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension ObjectID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "`\(text.prefix(80))` is not an identifier of 64 hexadecimal digits"
            )
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        try description.encode(to: encoder)
    }
}

/// The name of a container, without the `/` that the API puts before it.
package struct ContainerName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Reads a name.
    ///
    /// - Parameter text: The name, with or without a leading `/`.
    /// - Throws: `badParameter` in the words of Docker where it breaks the rule.
    package init(_ text: String) throws(EngineError) {
        let name = text.hasPrefix("/") ? text.dropFirst() : text[...]
        let isValid =
            name.utf8.count >= 2 && name.utf8.first.map(Self.isAlphanumeric) == true
            && name.utf8.allSatisfy { Self.isAlphanumeric($0) || "_.-".utf8.contains($0) }
        guard isValid else {
            throw EngineError(
                .badParameter,
                "Invalid container name (\(text)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
            )
        }
        description = String(name)
    }

    /// The name as lists and inspections give it.
    package var slashed: String { "/" + description }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// Finds a container by what a user calls it.
package enum ObjectLookup {
    /// The identifier that a text stands for: itself, the one with that name, or the only one that starts with it.
    ///
    /// - Parameters:
    ///   - reference: An identifier, a name with or without a leading `/`, or the start of an identifier.
    ///   - names: The identifiers with their names, which have no leading `/`.
    /// - Returns: The identifier.
    /// - Throws: `notFound`, or `badParameter` where several identifiers start with the text.
    package static func resolve(
        _ reference: String,
        among names: some Collection<(id: ObjectID, name: String)>
    ) throws(EngineError) -> ObjectID {
        if let id = ObjectID(reference), names.contains(where: { $0.id == id }) { return id }
        let name = reference.hasPrefix("/") ? String(reference.dropFirst()) : reference
        if let found = names.first(where: { $0.name == name }) { return found.id }
        guard ObjectID.isPrefix(reference) else { throw .noSuchContainer(reference) }
        let found = names.lazy.filter { $0.id.description.hasPrefix(reference) }.prefix(2).map(\.id)
        guard let id = found.first else { throw .noSuchContainer(reference) }
        if found.count > 1 { throw .ambiguousPrefix(reference) }
        return id
    }
}
