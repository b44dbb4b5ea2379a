// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Why a text is no JSON.
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// The offset in bytes from the start.
        package var offset: Int
        package var message: String

        package init(offset: Int, message: String) {
            self.offset = offset
            self.message = message
        }

        package var description: String { "\(message) at byte \(offset)" }
    }

    /// What a document may be at most, and how strictly it is read.
    package struct ReadingRules: Sendable {
        /// The deepest nesting that is read.
        package var depth = 64
        /// The longest document in bytes.
        package var length = 64 << 20
        /// Whether an object may have a key twice; Go takes the last one.
        package var allowsRepeatedKeys = true
        /// Whether half of a pair of surrogates becomes U+FFFD, as in Go, or is refused.
        package var repairsSurrogates = true

        package init() {}

        /// Refuses what is ambiguous: for documents that decide something.
        package static let strict: Self = {
            var rules = Self()
            rules.allowsRepeatedKeys = false
            rules.repairsSurrogates = false
            return rules
        }()
    }

    /// Reads a whole document.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8; what is none becomes U+FFFD.
    ///   - rules: Its bounds.
    /// - Throws: What is wrong, and where.
    package init(_ bytes: [UInt8], _ rules: ReadingRules = ReadingRules()) throws(Failure) {
        let scan = try JSONScan(bytes, rules)
        self = try Self.value(0, of: scan, rules)
    }

    private static func value(_ index: Int, of scan: JSONScan, _ rules: ReadingRules) throws(Failure) -> JSON {
        switch scan[index].kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .number: return .number(String(decoding: scan.text(at: index), as: UTF8.self))
        case .string: return .string(try string(index, of: scan, rules))
        case .array:
            var items: [JSON] = []
            for child in scan.children(of: index) { items.append(try value(child, of: scan, rules)) }
            return .array(items)
        case .object: return .object(try members(of: index, of: scan, rules))
        }
    }

    private static func members(of object: Int, of scan: JSONScan, _ rules: ReadingRules) throws(Failure) -> [Member] {
        var members: [Member] = []
        var keys: Set<String> = []
        // Of several members with the same key the last one counts.
        for child in scan.children(of: object) {
            let key = try string(child, of: scan, rules)
            if !keys.insert(key).inserted { members.removeAll { $0.key == key } }
            members.append(Member(key, try value(child + 1, of: scan, rules)))
        }
        return members
    }

    private static func string(_ index: Int, of scan: JSONScan, _ rules: ReadingRules) throws(Failure) -> String {
        if !rules.repairsSurrogates, scan.hasHalfPair(at: index) {
            throw Failure(offset: Int(scan[index].end), message: "half a character")
        }
        return scan.string(at: index)
    }
}
