// SPDX-License-Identifier: Apache-2.0

/// An address of HTTP, kept as it was given: registries put signatures into what they point to.
struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    enum Scheme: String, Sendable {
        case http
        case https

        var port: Int { self == .https ? 443 : 80 }
    }

    var scheme: Scheme
    /// The host, with a port where one is given.
    var authority: String
    /// Path and query, from the slash on.
    var target: String

    init(_ scheme: Scheme, _ authority: String, _ target: String) {
        self.scheme = scheme
        self.authority = authority
        self.target = target
    }

    /// Reads an absolute address; nil comes back for another scheme, or where user or host are not plain.
    init?(_ text: some StringProtocol) {
        guard let colon = text.firstIndex(of: ":"), let scheme = Scheme(rawValue: text[..<colon].lowercased()) else {
            return nil
        }
        let rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//") else { return nil }
        let behind = rest.dropFirst(2)
        let end = behind.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? behind.endIndex
        let authority = behind[..<end]
        guard !authority.isEmpty, Self.isPlain(authority), !authority.contains("@") else { return nil }
        var target = String(behind[end...].prefix { $0 != "#" })
        if !target.hasPrefix("/") { target = "/" + target }
        guard Self.isPlain(target) else { return nil }
        self.init(scheme, authority.lowercased(), target)
    }

    /// Whether a text has nothing that would end a line of a request.
    private static func isPlain(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    var description: String { origin + target }

    /// Scheme, host and port as they are written.
    var origin: String { "\(scheme.rawValue)://\(authority)" }

    /// The host without port and brackets.
    var host: String { Self.split(authority).host }

    var port: Int { Self.split(authority).port ?? scheme.port }

    /// The parts of `host:port`.
    static func split(_ authority: String) -> (host: String, port: Int?) {
        if authority.hasPrefix("[") {
            let parts = authority.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? Int(parts[1].dropFirst()) : nil)
        }
        guard let colon = authority.lastIndex(of: ":"), authority.count(where: { $0 == ":" }) == 1 else {
            return (authority, nil)
        }
        return (String(authority[..<colon]), Int(authority[authority.index(after: colon)...]))
    }

    /// Whether scheme, host and port are the same: who has the credentials of one may have those of the other.
    func hasOrigin(of other: Self) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// The address that a `Location` in an answer from this one stands for (RFC 3986 section 5.2, without dots).
    func resolving(_ location: String) -> Self? {
        if location.hasPrefix("//") { return Self("\(scheme.rawValue):\(location)") }
        if location.hasPrefix("/") || location.hasPrefix("?") {
            let path = location.hasPrefix("?") ? String(target.prefix { $0 != "?" }) : ""
            let target = (path + location).prefix { $0 != "#" }
            return Self.isPlain(target) ? Self(scheme, authority, String(target)) : nil
        }
        if let colon = location.firstIndex(of: ":"), !location[..<colon].contains("/") { return Self(location) }
        let path = target.prefix { $0 != "?" }
        guard let slash = path.lastIndex(of: "/"), Self.isPlain(location) else { return nil }
        return Self(scheme, authority, String(path[...slash]) + String(location.prefix { $0 != "#" }))
    }

    /// The same address with more in its query.
    func adding(_ query: [(name: String, value: String)]) -> Self {
        if query.isEmpty { return self }
        let text = query.map { "\($0.name)=\(Self.escaped($0.value))" }.joined(separator: "&")
        let separator = !target.contains("?") ? "?" : target.hasSuffix("?") || target.hasSuffix("&") ? "" : "&"
        return Self(scheme, authority, target + separator + text)
    }

    /// A value of a query or a form (RFC 3986 section 2.3).
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
