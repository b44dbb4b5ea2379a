// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import Netlink

/// A socket on a port of the host that somebody has kept for the next engine.
package struct KeptSocket: Sendable {
    package let descriptor: SharedDescriptor
    package let transport: TransportProtocol
    /// Where it is bound; no address in particular is all zeroes.
    package let address: IPAddress
    package let port: UInt16

    /// Finds out what a socket is bound to.
    ///
    /// - Parameter descriptor: The socket; nil comes of what is none of a transport protocol, or is bound to nothing.
    package init?(_ descriptor: SharedDescriptor) {
        var (number, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        guard getsockopt(descriptor.number, SOL_SOCKET, SO_PROTOCOL, &number, &size) == 0,
            let transport = UInt8(exactly: number).flatMap(TransportProtocol.init(rawValue:))
        else { return nil }
        var place = SocketAddress()
        guard place.withMutablePointer({ getsockname(descriptor.number, $0, &$1) }) == 0,
            let (address, port) = place.end, port != 0
        else { return nil }
        (self.descriptor, self.transport, self.address, self.port) = (descriptor, transport, address, port)
    }
}
