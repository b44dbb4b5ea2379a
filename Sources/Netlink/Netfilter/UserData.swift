// SPDX-License-Identifier: Apache-2.0

/// What the kernel keeps for nft(8) without reading it: entries of a byte for the type, a byte for the length, and the value
/// (libnftnl/udata.h).
enum UserData {
    /// The comment of a rule (`NFTNL_UDATA_RULE_COMMENT`).
    ///
    /// The kernel refuses more than 256 bytes, so that the length always tells the truth.
    static func encoded(comment: String) -> [UInt8] {
        let value = Array(comment.utf8) + [0]
        return [0, UInt8(truncatingIfNeeded: value.count)] + value
    }

    /// The comment of a rule; nil where it has none.
    static func comment(in bytes: ArraySlice<UInt8>) -> String? {
        var rest = bytes
        while let type = rest.popFirst(), let length = rest.popFirst(), rest.count >= Int(length) {
            if type == 0 {
                return String(decoding: rest.prefix(Int(length)).prefix { $0 != 0 }, as: UTF8.self)
            }
            rest = rest.dropFirst(Int(length))
        }
        return nil
    }

    /// How nft(8) is to show the keys and the data of a set (`NFTNL_UDATA_SET_KEYBYTEORDER` and `…DATABYTEORDER`).
    static func encoded(key: [DataType], data: [DataType]) -> [UInt8] {
        [key, data].enumerated().flatMap { index, types -> [UInt8] in
            if types.isEmpty { return [] }
            // `enum byteorder` of nft(8): 1 is that of the machine, 2 that of the network.
            let order: UInt32 = types.count == 1 && types[0].isInMachineOrder ? 1 : 2
            return [UInt8(index), 4] + withUnsafeBytes(of: order, Array.init)
        }
    }
}
