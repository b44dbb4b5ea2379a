// SPDX-License-Identifier: Apache-2.0

package import Netlink

/// The names that a container can ask for, and their addresses.
///
/// A value: who changes names makes another table, so that every query is answered by one state of things.
package struct NameTable: Sendable {
    private var addresses: [DNSName: [IPAddress]] = [:]
    private var names: [IPAddress: [DNSName]] = [:]
    /// Networks of ours: what is asked of their addresses is asked nobody else.
    private var networks: [IPPrefix] = []

    package init() {}

    /// Whether nothing was ever added.
    package var isEmpty: Bool { addresses.isEmpty && names.isEmpty && networks.isEmpty }

    /// Adds an address to a name, behind those that it has.
    ///
    /// - Parameters:
    ///   - name: A service's, a container's, or an alias.
    ///   - address: The address; one that the name has already is not added twice.
    package mutating func add(_ name: DNSName, _ address: IPAddress) {
        if addresses[name, default: []].contains(address) { return }
        addresses[name, default: []].append(address)
    }

    /// Takes an address of a name away; a name without any is none of ours.
    package mutating func remove(_ name: DNSName, _ address: IPAddress) {
        addresses[name]?.removeAll { $0 == address }
        if addresses[name]?.isEmpty == true { addresses[name] = nil }
    }

    /// Forgets what an address is called.
    package mutating func removeNames(of address: IPAddress) {
        names[address] = nil
    }

    /// Says what the address of a container is called by whoever asks for that.
    package mutating func name(_ address: IPAddress, _ name: DNSName) {
        names[address, default: []].append(name)
    }

    /// Adds a network whose addresses are all ours.
    package mutating func add(_ network: IPPrefix) {
        networks.append(network)
    }

    /// The addresses of a name; nil where it is none of ours.
    func addresses(of name: DNSName) -> [IPAddress]? { addresses[name] }

    /// The names of an address; nil where it is none of ours.
    func names(of address: IPAddress) -> [DNSName]? {
        if let names = names[address] { return names }
        return networks.contains { $0.contains(address) } ? [] : nil
    }
}

extension IPAddress {
    /// The address that a name asks for the names of (RFC 1035 section 3.5, RFC 3596 section 2.5); nil for other names.
    init?(reverse name: DNSName) {
        let labels = name.labels
        guard labels.count > 2, labels.last == "arpa" else { return nil }
        let digits = labels.dropLast(2).reversed()
        switch labels[labels.count - 2] {
        case "in-addr":
            let bytes = digits.compactMap { $0.utf8.count <= 3 ? UInt8($0) : nil }
            guard bytes.count == 4, digits.count == 4 else { return nil }
            self.init(bytes: bytes)
        case "ip6":
            let halves = digits.compactMap { $0.utf8.count == 1 ? UInt8($0, radix: 16) : nil }
            guard halves.count == 32, digits.count == 32 else { return nil }
            self.init(bytes: stride(from: 0, to: 32, by: 2).map { halves[$0] << 4 | halves[$0 + 1] })
        default: return nil
        }
    }
}
