// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import NetlinkSupport
import TestSupport

/// Sends queries by UDP from within a network.
final class Asker: Sendable {
    private let socket: SharedDescriptor
    private let query: [UInt8] = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3] + Array("web".utf8) + [0, 0, 1, 0, 1]

    /// - Parameter network: The number of a descriptor of a network, or of a pidfd of a process in it.
    /// - Throws: The error of a call.
    init(inNetworkOf network: Int32) throws {
        socket = try .nameServer(inNetworkOf: network, SOCK_DGRAM)
    }

    /// Whether there is an address for the name.
    func finds() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 512)
        if send(socket.number, query, query.count, 0) != query.count { throw SystemError("send", errno) }
        // The second byte of the count of answers (RFC 1035, section 4.1.1).
        if recv(socket.number, &buffer, buffer.count, 0) < query.count { throw SystemError("recv", errno) }
        return buffer[7] > 0
    }

    /// Asks so often, with so many queries on their way at a time, and takes all answers.
    func ask(_ count: Int, atOnce most: Int) throws {
        var (sent, received) = (0, 0)
        var buffer = [UInt8](repeating: 0, count: 512)
        while received < count {
            while sent < count, sent - received < most {
                if send(socket.number, query, query.count, 0) != query.count { throw SystemError("send", errno) }
                sent += 1
            }
            let length = recv(socket.number, &buffer, buffer.count, 0)
            guard length > query.count, buffer[7] == 1 else { throw SystemFailure(message: "a wrong answer") }
            received += 1
        }
    }
}
