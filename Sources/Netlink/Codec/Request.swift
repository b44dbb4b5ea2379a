// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A message to the kernel: a type, the structure of its family, attributes (netlink(7)).
///
/// The socket adds sequence number, port and acknowledgement.
package struct Request: Equatable, Sendable {
    package var type: UInt16
    /// `NLM_F_CREATE` and its like; `NLM_F_REQUEST` is always there.
    package var flags: UInt16
    /// The structure behind the header, `struct ifinfomsg` for example.
    package var structure: [UInt8]
    package var attributes: Attributes
    /// What it is to do, after "cannot" in errors.
    package var action: String

    package init(
        type: UInt16,
        flags: Int32 = 0,
        structure: some BitwiseCopyable,
        attributes: Attributes = Attributes(),
        action: String
    ) {
        self.type = type
        self.flags = UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST)
        self.structure = withUnsafeBytes(of: structure, Array.init)
        self.attributes = attributes
        self.action = action
    }

    /// A request whose structure is in bytes already.
    init(type: UInt16, flags: Int32 = 0, header: [UInt8], attributes: Attributes = Attributes(), action: String) {
        self.type = type
        self.flags = UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST)
        structure = header
        self.attributes = attributes
        self.action = action
    }

    /// The whole message.
    ///
    /// - Parameters:
    ///   - sequence: Its number, which the answers repeat.
    ///   - port: The port of the socket that sends it.
    ///   - extraFlags: `NLM_F_ACK` for example.
    /// - Returns: Header, structure and attributes, filled up to four bytes.
    /// - Throws: Where an attribute is too long.
    package func encoded(sequence: UInt32, port: UInt32, extraFlags: Int32 = 0) throws(NetlinkError) -> [UInt8] {
        try checkLength()
        var bytes: [UInt8] = []
        let size = Self.headerSize + Attributes.aligned(structure.count) + attributes.bytes.count
        bytes.reserveCapacity(size)
        let header = nlmsghdr(
            nlmsg_len: UInt32(size),
            nlmsg_type: type,
            nlmsg_flags: flags | UInt16(truncatingIfNeeded: extraFlags),
            nlmsg_seq: sequence,
            nlmsg_pid: port
        )
        withUnsafeBytes(of: header) { bytes += $0 }
        bytes += structure
        bytes += repeatElement(0, count: Attributes.aligned(structure.count) - structure.count)
        return bytes + attributes.bytes
    }

    /// Throws where an attribute is too long.
    func checkLength() throws(NetlinkError) {
        guard let overlong = attributes.overlong else { return }
        throw NetlinkError(
            .overlong,
            action,
            reason: "attribute \(overlong) is longer than the 65535 bytes that a message can tell"
        )
    }

    /// The numbers of the attributes, the outermost first, that a place in the encoded message belongs to.
    ///
    /// - Parameter offset: The place, counted from the header, as `NLMSGERR_ATTR_OFFS` tells it.
    /// - Returns: The numbers; none where the place is in no attribute.
    package func attributePath(at offset: Int) -> [UInt16] {
        var path: [UInt16] = []
        var bytes = attributes.bytes[...]
        var place = offset - Self.headerSize - Attributes.aligned(structure.count)
        while place >= 0, place < bytes.count {
            guard let length: UInt16 = bytes.number(at: 0), let type: UInt16 = bytes.number(at: 2) else { break }
            let size = max(Attributes.aligned(Int(length)), Attributes.headerSize)
            if place >= size {
                place -= size
                bytes = bytes.dropFirst(size)
                continue
            }
            path.append(type & ~UInt16(NLA_F_NESTED | NLA_F_NET_BYTEORDER))
            guard type & UInt16(NLA_F_NESTED) != 0 else { break }
            bytes = bytes.prefix(Int(length)).dropFirst(Attributes.headerSize)
            place -= Attributes.headerSize
        }
        return path
    }

    /// Bytes of `struct nlmsghdr`.
    static let headerSize = 16
}
