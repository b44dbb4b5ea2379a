// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Checks of internet addresses in text form.
enum IPAddress {
    /// Whether a text is an IPv4 address in dotted decimal form without leading zeros, or an IPv6 address.
    static func isValid(_ text: String) -> Bool {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            return !text.split(separator: ".").contains { $0.count > 1 && $0.first == "0" }
        }
        var v6 = in6_addr()
        return inet_pton(AF_INET6, text, &v6) == 1
    }
}
