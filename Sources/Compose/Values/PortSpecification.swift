// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A published port in the short form: `[[IP:]HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]`.
package struct PortSpecification: Equatable, Sendable {
    /// The address of the host to listen on; empty for all.
    package var hostIP: String
    /// The port of the host, or a range `FIRST-LAST` to choose from; empty for any.
    package var published: String
    /// The port of the container.
    package var target: Int
    /// `tcp`, `udp` or `sctp`.
    package var `protocol`: String

    /// Makes a specification.
    package init(hostIP: String = "", published: String = "", target: Int, protocol: String = "tcp") {
        self.hostIP = hostIP
        self.published = published
        self.target = target
        self.protocol = `protocol`
    }

    /// Reads the short form.
    ///
    /// - Parameter text: The text.
    /// - Returns: One specification for each port of the container, in the order of their numbers as text: 10 before 9.
    /// - Throws: ``ValueError`` for the first part that is wrong.
    package static func parse(_ text: String) throws(ValueError) -> [PortSpecification] {
        guard text.utf8.count <= 512 else {
            throw ValueError("the port \(ValueError.quoted(text)) is too long")
        }
        var rest = text[...]
        let container = cutLast(&rest) ?? text[...]
        let isBare = container.startIndex == text.startIndex
        var address = isBare ? "" : rest
        let host = isBare ? "" : cutLast(&address) ?? address
        if host.startIndex == address.startIndex {
            address = ""
        }
        let slash = container.firstIndex(of: "/")
        let ports = container[..<(slash ?? container.endIndex)]
        let proto = try parseProtocol(slash.map { container[container.index(after: $0)...] } ?? "", of: text)
        let hostIP = try parseAddress(address, of: text)
        guard !ports.isEmpty else {
            throw ValueError("the port \(ValueError.quoted(text)) has no container port; \(accepted)")
        }
        let target = try parseRange(ports, "container", of: text)
        guard target.lowerBound > 0 else {
            throw ValueError("the container port of \(ValueError.quoted(text)) is 0; \(accepted)")
        }
        let published = host.isEmpty ? nil : try parseRange(host, "host", of: text)
        if let published, target.count > 1, published.count != target.count {
            throw ValueError(
                "the ranges \(ValueError.quoted(host)) and \(ValueError.quoted(ports)) of the port"
                    + " \(ValueError.quoted(text)) differ in length"
            )
        }
        return sorted(target).map { port in
            PortSpecification(
                hostIP: hostIP,
                published: Self.published(published, for: port, of: target),
                target: port,
                protocol: proto
            )
        }
    }

    private static let accepted = "write `80`, `8080:80`, `127.0.0.1:8080:80` or `8080:80/udp`"

    /// Cuts the text after the last colon; nil where there is none.
    private static func cutLast(_ text: inout Substring) -> Substring? {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let last = text[text.utf8.index(after: colon)...]
        text = text[..<colon]
        return last
    }

    private static func published(_ range: ClosedRange<Int>?, for port: Int, of target: ClosedRange<Int>) -> String {
        guard let range else {
            return ""
        }
        if target.count == 1, range.count > 1 {
            return "\(range.lowerBound)-\(range.upperBound)"
        }
        return "\(range.lowerBound + port - target.lowerBound)"
    }

    private static func sorted(_ range: ClosedRange<Int>) -> [Int] {
        // Numbers of the same length have the same order as text.
        guard "\(range.lowerBound)".utf8.count != "\(range.upperBound)".utf8.count else {
            return Array(range)
        }
        return range.map { ($0, "\($0)") }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    // MARK: - Parts

    private static func parseProtocol(_ text: Substring, of whole: String) throws(ValueError) -> String {
        switch text.lowercased() {
        case "", "tcp":
            return "tcp"
        case "udp":
            return "udp"
        case "sctp":
            return "sctp"
        default:
            throw ValueError(
                "the port \(ValueError.quoted(whole)) has the unknown protocol \(ValueError.quoted(text));"
                    + " use `tcp`, `udp` or `sctp`"
            )
        }
    }

    private static func parseRange(
        _ text: Substring,
        _ side: String,
        of whole: String
    ) throws(ValueError) -> ClosedRange<Int> {
        // What follows a second hyphen does not count.
        let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard let first = number(parts[0]), let last = parts.count > 1 ? number(parts[1]) : first else {
            throw ValueError(
                "the \(side) port \(ValueError.quoted(text)) of \(ValueError.quoted(whole)) is not a number from 0 to"
                    + " 65535 or a range of them"
            )
        }
        guard first <= last else {
            throw ValueError(
                "the range \(ValueError.quoted(text)) of the port \(ValueError.quoted(whole)) ends before it begins",
                suggestion: "\(last)-\(first)"
            )
        }
        return first...last
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        return UInt16(text).map(Int.init)
    }

    private static func parseAddress(_ text: Substring, of whole: String) throws(ValueError) -> String {
        var address = String(text)
        if text.utf8.first == UInt8(ascii: "[") {
            let inner = text.dropFirst().dropLast()
            guard text.utf8.count >= 2, text.utf8.last == UInt8(ascii: "]"),
                !inner.contains(where: { "[]".contains($0) })
            else {
                throw invalidAddress(text, of: whole)
            }
            address = String(inner)
        }
        guard address.isEmpty || isAddress(address) else {
            throw invalidAddress(text, of: whole)
        }
        return address
    }

    private static func isAddress(_ text: String) -> Bool {
        guard !text.utf8.contains(0) else {
            return false
        }
        var buffer = in6_addr()
        return inet_pton(text.utf8.contains(UInt8(ascii: ":")) ? AF_INET6 : AF_INET, text, &buffer) == 1
    }

    private static func invalidAddress(_ text: Substring, of whole: String) -> ValueError {
        ValueError(
            "the port \(ValueError.quoted(whole)) has \(ValueError.quoted(text)) where an IP address stands; \(accepted)"
        )
    }
}
