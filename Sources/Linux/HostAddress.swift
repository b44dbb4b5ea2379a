// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Addresses of hosts.
package enum HostAddress {
    /// The first address of a host, as text.
    ///
    /// - Parameter name: Its name, or an address.
    /// - Returns: Nil where it has none, or nobody can tell.
    package static func find(_ name: String) -> String? {
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, nil, &found) == 0, let found else { return nil }
        defer { freeaddrinfo(found) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let length = socklen_t(text.count)
        guard getnameinfo(found.pointee.ai_addr, found.pointee.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
