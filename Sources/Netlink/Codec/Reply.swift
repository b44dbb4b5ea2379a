// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A message from the kernel, whose length has been checked.
package struct Reply: Equatable, Sendable {
    package var type: UInt16
    package var flags: UInt16
    package var sequence: UInt32
    package var port: UInt32
    /// What is behind the header.
    package var body: ArraySlice<UInt8>

    /// Splits a datagram into its messages.
    ///
    /// - Parameter datagram: What the socket gave.
    /// - Returns: The messages in order.
    /// - Throws: Where a length leads outside of the datagram.
    package static func split(_ datagram: ArraySlice<UInt8>) throws(MalformedReply) -> [Reply] {
        var replies: [Reply] = []
        var rest = datagram
        while !rest.isEmpty {
            guard let header = rest.structure(as: nlmsghdr.self) else {
                throw MalformedReply("\(rest.count) bytes are too few for a message")
            }
            guard let size = Int(exactly: header.nlmsg_len), size >= Request.headerSize, size <= rest.count else {
                throw MalformedReply("a message has length \(header.nlmsg_len), with \(rest.count) bytes left")
            }
            replies.append(
                Reply(
                    type: header.nlmsg_type,
                    flags: header.nlmsg_flags,
                    sequence: header.nlmsg_seq,
                    port: header.nlmsg_pid,
                    body: rest[(rest.startIndex + Request.headerSize)..<(rest.startIndex + size)]
                )
            )
            rest = rest.dropFirst(Attributes.aligned(size))
        }
        return replies
    }

    /// The structure at the start of the body, and the attributes behind it.
    ///
    /// - Parameter type: The structure, `ifinfomsg` for example.
    /// - Returns: Both.
    /// - Throws: Where the body is too short, or a length leads outside of it.
    package func parsed<Value: BitwiseCopyable>(
        as type: Value.Type
    ) throws(MalformedReply) -> (structure: Value, attributes: ParsedAttributes) {
        guard let structure = body.structure(as: type) else {
            throw MalformedReply("a message of type \(self.type) has only \(body.count) bytes")
        }
        let size = Attributes.aligned(MemoryLayout<Value>.size)
        return (structure, try ParsedAttributes(body.dropFirst(size)))
    }
}

/// The kernel's verdict on a request: the body of `NLMSG_ERROR`, or of `NLMSG_DONE` at the end of a dump.
package struct Acknowledgement: Equatable, Sendable {
    /// The `errno` value; 0 where it was done.
    package var number: Int32
    /// `NLMSGERR_ATTR_MSG`.
    package var text: String?
    /// `NLMSGERR_ATTR_OFFS`: the place of the attribute that it is about, counted from the header of the request.
    package var offset: UInt32?
    /// `NLMSGERR_ATTR_MISS_TYPE`: the number of an attribute that is missing.
    package var missing: UInt32?

    /// Reads an acknowledgement.
    ///
    /// - Parameter reply: A message of type `NLMSG_ERROR` or `NLMSG_DONE`.
    /// - Throws: Where a length does not fit.
    package init(_ reply: Reply) throws(MalformedReply) {
        guard let value: Int32 = reply.body.number(at: 0) else {
            // A dump's end without a number, as some families send it.
            if reply.type == NLMSG_DONE, reply.body.isEmpty {
                number = 0
                return
            }
            throw MalformedReply("an acknowledgement has only \(reply.body.count) bytes")
        }
        guard value <= 0, value > -4096 else { throw MalformedReply("\(value) is no error number of the kernel") }
        number = -value
        guard reply.flags & UInt16(NLM_F_ACK_TLVS) != 0 else { return }
        var rest = reply.body.dropFirst(MemoryLayout<Int32>.size)
        if reply.type == NLMSG_ERROR {
            guard let request = rest.structure(as: nlmsghdr.self) else {
                throw MalformedReply("an acknowledgement has only \(reply.body.count) bytes")
            }
            // The request's own length is told also where NLM_F_CAPPED says that its header alone is here.
            let isCapped = reply.flags & UInt16(NLM_F_CAPPED) != 0
            let size = isCapped ? Request.headerSize : Attributes.aligned(Int(request.nlmsg_len))
            guard size <= rest.count else {
                throw MalformedReply("an acknowledgement ends before the request that it repeats")
            }
            rest = rest.dropFirst(size)
        }
        let attributes = try ParsedAttributes(rest)
        text = attributes.text(NLMSGERR_ATTR_MSG)
        offset = try attributes.integer(NLMSGERR_ATTR_OFFS)
        missing = try attributes.integer(NLMSGERR_ATTR_MISS_TYPE)
    }
}
