// SPDX-License-Identifier: Apache-2.0

import CLinux
package import Glibc
package import Linux
import TestSupport

extension SharedDescriptor {
    /// A socket that is connected with the name server of a container's network.
    ///
    /// - Parameters:
    ///   - network: The number of a descriptor of the network, or of a pidfd of a process in it.
    ///   - type: Of the socket.
    /// - Returns: The socket.
    /// - Throws: The error of a call.
    package static func nameServer(inNetworkOf network: Int32, _ type: __socket_type) throws -> SharedDescriptor {
        try BlockingCall.runAndJoin {
            try SystemError.check(clinux_setns(network, Int32(CLONE_NEWNET)), "setns")
            let number = Glibc.socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            let descriptor = SharedDescriptor(Descriptor(owning: number))
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = UInt16(53).bigEndian
            // 127.0.0.11
            place.sin_addr.s_addr = UInt32(0x7f00_000b).bigEndian
            let result = withUnsafeBytes(of: place) { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) {
                    connect(number, $0.baseAddress, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if result != 0 { throw SystemError("connect", errno) }
            return descriptor
        }
    }
}
