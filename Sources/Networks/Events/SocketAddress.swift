// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink

/// An address of a socket as system calls take it (ip(7), ipv6(7)).
struct SocketAddress: Sendable {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// Room for an address that a call fills in.
    init() {}

    init(_ address: IPAddress, port: UInt16) {
        switch address {
        case .v4:
            var four = sockaddr_in()
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &four.sin_addr) { $0.copyBytes(from: address.bytes) }
            withUnsafeMutableBytes(of: &storage) { target in withUnsafeBytes(of: four) { target.copyMemory(from: $0) } }
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
        case .v6:
            var six = sockaddr_in6()
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &six.sin6_addr) { $0.copyBytes(from: address.bytes) }
            withUnsafeMutableBytes(of: &storage) { target in withUnsafeBytes(of: six) { target.copyMemory(from: $0) } }
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
    }

    /// Calls a function with the address.
    func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        withUnsafeBytes(of: storage) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { addresses in
                guard let address = addresses.baseAddress else { preconditionFailure("storage has bytes") }
                return body(address, length)
            }
        }
    }

    /// Calls a function that fills the address in.
    mutating func withMutablePointer<Value>(
        _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Value
    ) -> Value {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var length = length
        let value = withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { addresses in
                guard let address = addresses.baseAddress else { preconditionFailure("storage has bytes") }
                return body(address, &length)
            }
        }
        self.length = length
        return value
    }
}

extension SocketAddress {
    /// The address and the port; nil for another family.
    var end: (IPAddress, UInt16)? {
        switch Int32(storage.ss_family) {
        case AF_INET:
            let four = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in.self) }
            let bytes = withUnsafeBytes(of: four.sin_addr) { Array($0) }
            return IPAddress(bytes: bytes).map { ($0, UInt16(bigEndian: four.sin_port)) }
        case AF_INET6:
            let six = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
            let bytes = withUnsafeBytes(of: six.sin6_addr) { Array($0) }
            return IPAddress(bytes: bytes).map { ($0, UInt16(bigEndian: six.sin6_port)) }
        default: return nil
        }
    }
}
