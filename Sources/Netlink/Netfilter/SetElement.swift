// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An element of a set or map.
package struct SetElement: Equatable, Sendable {
    /// What the element of a map leads to.
    package enum Content: Equatable, Sendable {
        case values([DataValue])
        case verdict(NetfilterVerdict)
    }

    package var key: [DataValue]
    /// The last key of a range that begins with `key`.
    package var last: [DataValue]?
    package var content: Content?

    package init(_ key: [DataValue], through last: [DataValue]? = nil, to content: Content? = nil) {
        self.key = key
        self.last = last
        self.content = content
    }

    /// The range of a network's addresses.
    package init(_ network: IPPrefix, to content: Content? = nil) {
        self.init([.address(network.first)], through: [.address(network.last)], to: content)
    }

    /// The forms that the kernel wants of it in a set.
    ///
    /// A range of simple keys is two elements: its first key, and the first key behind it with a flag.
    fileprivate func encoded(for set: NamedSet) -> [Attributes] {
        let first = DataValue.bytes(of: key)
        var element = Attributes()
        element.nest(NFTA_SET_ELEM_KEY) { $0.add(NFTA_DATA_VALUE, bytes: first) }
        if set.isInterval, set.key.count > 1 {
            element.nest(NFTA_SET_ELEM_KEY_END) { $0.add(NFTA_DATA_VALUE, bytes: DataValue.bytes(of: last ?? key)) }
        }
        switch content {
        case .values(let values):
            element.nest(NFTA_SET_ELEM_DATA) { $0.add(NFTA_DATA_VALUE, bytes: DataValue.bytes(of: values)) }
        case .verdict(let verdict): element.nest(NFTA_SET_ELEM_DATA, verdict.data)
        case nil: break
        }
        guard set.isInterval, set.key.count == 1 else { return [element] }
        // Nothing is behind a range that goes to the end of all keys.
        guard let behind = Self.successor(of: DataValue.bytes(of: last ?? key)) else { return [element] }
        var end = Attributes()
        end.nest(NFTA_SET_ELEM_KEY) { $0.add(NFTA_DATA_VALUE, bytes: behind) }
        end.add(NFTA_SET_ELEM_FLAGS, bigEndian: UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue))
        return [element, end]
    }

    private static func successor(of key: [UInt8]) -> [UInt8]? {
        var key = key
        for index in key.indices.reversed() {
            key[index] &+= 1
            if key[index] != 0 { return key }
        }
        return nil
    }

    /// The lists of elements for as many messages as it takes: an attribute is limited to 64 KiB.
    fileprivate static func lists(of elements: [SetElement], for set: NamedSet) -> [Attributes] {
        var lists: [Attributes] = []
        var list = Attributes()
        for element in elements {
            for part in element.encoded(for: set) {
                if list.bytes.count + part.bytes.count > 60_000 {
                    lists.append(list)
                    list = Attributes()
                }
                list.nest(NFTA_LIST_ELEM, part)
            }
        }
        if !list.bytes.isEmpty { lists.append(list) }
        return lists
    }
}

/// An element as the kernel shows it.
package struct StoredElement: Equatable, Sendable {
    /// The bytes as `DataValue.bytes(of:)` makes them.
    package var key: [UInt8]
    /// The last key of a range of concatenated keys.
    package var last: [UInt8]?
    package var values: [UInt8]?
    package var verdict: NetfilterVerdict?
    /// Whether it is what is behind a range of simple keys.
    package var isEnd: Bool

    init(_ attributes: ParsedAttributes) throws(MalformedReply) {
        // A set of intervals may hold one for everything that no range covers, which has no key.
        key = try attributes.nested(NFTA_SET_ELEM_KEY)?[NFTA_DATA_VALUE].map(Array.init) ?? []
        last = try attributes.nested(NFTA_SET_ELEM_KEY_END)?[NFTA_DATA_VALUE].map(Array.init)
        let flags: UInt32 = try attributes.bigEndian(NFTA_SET_ELEM_FLAGS) ?? 0
        isEnd = flags & UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue) != 0
        let data = try attributes.nested(NFTA_SET_ELEM_DATA)
        values = data?[NFTA_DATA_VALUE].map(Array.init)
        if let inner = try data?.nested(NFTA_DATA_VERDICT) { verdict = try NetfilterVerdict(inner) }
    }

    /// The elements in a message of type `NFT_MSG_NEWSETELEM`.
    ///
    /// - Parameter reply: The message.
    /// - Returns: The elements in its order.
    /// - Throws: Where a length does not fit.
    package static func all(in reply: Reply) throws(MalformedReply) -> [StoredElement] {
        let attributes = try reply.parsed(as: nfgenmsg.self).attributes
        var elements: [StoredElement] = []
        for entry in try attributes.nested(NFTA_SET_ELEM_LIST_ELEMENTS)?.entries ?? [] {
            elements.append(try StoredElement(ParsedAttributes(entry.value)))
        }
        return elements
    }
}

extension NamedSet {
    fileprivate func elementRequests(
        _ message: nf_tables_msg_types,
        flags: Int32,
        _ elements: [SetElement],
        _ verb: String
    ) -> [Request] {
        SetElement.lists(of: elements, for: self).map { list in
            var attributes = elementNames
            attributes.nest(NFTA_SET_ELEM_LIST_ELEMENTS, list)
            return table.request(message, flags: flags, attributes, action: "\(verb) set \(name) of")
        }
    }

    fileprivate var elementNames: Attributes {
        var attributes = Attributes()
        attributes.add(NFTA_SET_ELEM_LIST_TABLE, text: table.name)
        attributes.add(NFTA_SET_ELEM_LIST_SET, text: name)
        return attributes
    }
}

extension Request {
    /// Adds elements; one that is there already may not lead elsewhere.
    package static func addElements(_ elements: [SetElement], to set: NamedSet) -> [Request] {
        set.elementRequests(NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE, elements, "add elements to")
    }

    /// Removes elements; each must be there.
    package static func deleteElements(_ elements: [SetElement], of set: NamedSet) -> [Request] {
        set.elementRequests(NFT_MSG_DELSETELEM, flags: 0, elements, "delete elements of")
    }

    /// Removes all elements.
    package static func flushSet(_ set: NamedSet) -> Request {
        set.table.request(NFT_MSG_DELSETELEM, set.elementNames, action: "flush set \(set.name) of")
    }
}

extension NetlinkSocket {
    /// The elements of a set or map.
    package func elements(of set: NamedSet) throws(NetlinkError) -> [StoredElement] {
        let action = "list the elements of set \(set.name) of"
        let request = set.table.request(NFT_MSG_GETSETELEM, set.elementNames, action: action)
        let type = Request.netfilterType(NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWSETELEM.rawValue)
        return try dump(request).decoded(type, request.action, StoredElement.all).flatMap(\.self)
    }
}
