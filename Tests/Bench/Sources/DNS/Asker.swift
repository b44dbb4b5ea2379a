// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import TestSupport

/// Sends queries by UDP from within a network.
final class Asker: Sendable {
    private let socket: SharedDescriptor
    private let query: [UInt8] = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3] + Array("web".utf8) + [0, 0, 1, 0, 1]

    /// - Parameter network: The number of a descriptor of a network, or of a pidfd of a process in it.
    /// - Throws: The error of a call.
    init(inNetworkOf network: Int32) throws {
        let number = try BlockingCall.runAndJoin {
            try SystemError.check(clinux_setns(network, Int32(CLONE_NEWNET)), "setns")
            let number = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = UInt16(53).bigEndian
            place.sin_addr.s_addr = UInt32(0x7f00_000b).bigEndian
            let result = withUnsafeBytes(of: place) { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) {
                    connect(number, $0.baseAddress, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if result != 0 { throw SystemError("connect", errno) }
            return number
        }
        socket = SharedDescriptor(Descriptor(owning: number))
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
