// SPDX-License-Identifier: Apache-2.0

/// Which hosts are reached by which proxy, as the variables of the environment say.
package struct ProxySettings: Sendable {
    /// A proxy of HTTP.
    struct Proxy: Hashable, Sendable {
        var host: String
        var port: Int
        var user: String?
        var password: String?
    }

    var plain: Proxy?
    var secure: Proxy?
    /// Hosts that are reached directly.
    var exceptions: [String] = []

    /// No proxy at all.
    package static let none = Self { _ in nil }

    /// Reads the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, also in lower case, which wins.
    package init(_ variable: (String) -> String?) {
        func value(_ name: String) -> String? {
            [name.lowercased(), name].lazy.compactMap(variable).first { !$0.isEmpty }
        }
        let all = value("ALL_PROXY").flatMap(Self.read)
        plain = value("HTTP_PROXY").flatMap(Self.read) ?? all
        secure = value("HTTPS_PROXY").flatMap(Self.read) ?? all
        exceptions = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// Reads `http://user:password@host:port`; nil comes back for what is none.
    static func read(_ text: String) -> Proxy? {
        var rest = text[...]
        if let start = text.firstRange(of: "://") {
            guard ["http", "https"].contains(text[..<start.lowerBound].lowercased()) else { return nil }
            rest = text[start.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        var proxy = Proxy(host: "", port: 0)
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            proxy.user = unescaped(parts[0])
            proxy.password = parts.count > 1 ? unescaped(parts[1]) : nil
            rest = rest[rest.index(after: at)...]
        }
        let (host, port) = WebAddress.split(String(rest))
        if host.isEmpty { return nil }
        (proxy.host, proxy.port) = (host, port ?? 80)
        return proxy
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The proxy for an address; nil for a direct way.
    ///
    /// The machine itself is always reached directly, as with Go's client.
    func proxy(for address: WebAddress) -> Proxy? {
        guard let proxy = address.scheme == .https ? secure : plain else { return nil }
        let host = address.host
        if HostRange.isLoopback(host) || exceptions.contains(where: { matches($0, host, address.port) }) { return nil }
        return proxy
    }

    private func matches(_ exception: String, _ host: String, _ port: Int) -> Bool {
        if exception == "*" { return true }
        if let range = HostRange(exception) { return range.contains(host) }
        let (name, wanted) = WebAddress.split(exception)
        if let wanted, wanted != port { return false }
        let suffix = name.hasPrefix("*.") ? String(name.dropFirst()) : name
        if suffix.hasPrefix(".") { return host.hasSuffix(suffix) }
        return host == suffix || host.hasSuffix("." + suffix)
    }
}

/// Addresses of IPv4 that start with the same bits: `10.0.0.0/8`.
struct HostRange: Sendable {
    private var address: UInt32
    private var mask: UInt32

    /// Reads an address with a number of bits; nil comes back for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = Self.address(parts[0]), let bits = UInt32(parts[1]), bits <= 32 else {
            return nil
        }
        mask = bits == 0 ? 0 : ~0 << (32 - bits)
        self.address = address & mask
    }

    func contains(_ host: String) -> Bool { Self.address(host).map { $0 & mask == address } ?? false }

    private static func address(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, !parts.contains(nil) else { return nil }
        return parts.reduce(0) { $0 << 8 | UInt32($1 ?? 0) }
    }

    /// Whether a host is the machine itself.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || address(host).map { $0 >> 24 == 127 } ?? false
    }
}
