// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Glibc

import struct Compose.PortSpecification

extension ContainerOptions {
    /// How it is reached, and what it reaches.
    func networkOptions() -> [Option] {
        [
            network("network"),
            network("net", isHidden: true),
            alias("network-alias"),
            alias("net-alias", isHidden: true),
            .value("ip", "address", help: "Its IPv4 address.") { text throws(InvalidValue) in
                self.networks.common.ipv4 = try Self.address(text, AF_INET)
            },
            .value("ip6", "address", help: "Its IPv6 address.") { text throws(InvalidValue) in
                self.networks.common.ipv6 = try Self.address(text, AF_INET6)
            },
            .value("link-local-ip", "address", help: "A link-local address.", isRepeatable: true) {
                text throws(InvalidValue) in self.networks.common.linkLocal.append(try Self.address(text))
            },
            .value("mac-address", "address", help: "Its hardware address.") { text throws(InvalidValue) in
                self.networks.common.macAddress = try Self.macAddress(text)
            },
            .value("link", "container[:alias]", help: "A name for another container.", isRepeatable: true) {
                text throws(InvalidValue) in self.host.links = (self.host.links ?? []) + [try Self.link(text)]
            },
            .value("publish", short: "p", "[[ip:]host:]container", help: "A port to publish.", isRepeatable: true) {
                text throws(InvalidValue) in self.published += try Self.ports(text)
            },
            flag("publish-all", short: "P", "Publish all exposed ports on any free ones.", \.host.publishAllPorts),
            .value("expose", "port[/protocol]", help: "A port that others may reach.", isRepeatable: true) {
                text throws(InvalidValue) in self.exposed += try Self.exposedPorts(text)
            },
        ] + nameOptions()
    }

    private func nameOptions() -> [Option] {
        [
            list("add-host", "name:address", "A line of its /etc/hosts.", \.host.extraHosts, Self.extraHost),
            list("dns", "address", "A name server.", \.host.dns) { text throws(InvalidValue) in try Self.address(text)
            },
            list("dns-option", "option", "An option of its resolver.", \.host.dnsOptions),
            list("dns-opt", "option", "An option of its resolver.", isHidden: true, \.host.dnsOptions),
            list("dns-search", "domain", "A domain to search; . for none.", \.host.dnsSearch, Self.domain),
        ]
    }

    private func network(_ name: String, isHidden: Bool = false) -> Option {
        .value(
            name,
            "network",
            help: "bridge, none, host, container:NAME or a network; repeat for several. "
                + "With more to say: name=back,alias=db,ip=10.1.0.9.",
            completion: networkNames,
            isRepeatable: true,
            isHidden: isHidden
        ) {
            text throws(InvalidValue) in self.networks.chosen.append(try NetworkOptions.Endpoint(text))
        }
    }

    private func alias(_ name: String, isHidden: Bool = false) -> Option {
        .value(name, "name", help: "One more name in its network.", isRepeatable: true, isHidden: isHidden) {
            self.networks.common.aliases.append($0)
        }
    }

    // MARK: Values

    static func address(_ text: String, _ family: Int32? = nil) throws(InvalidValue) -> String {
        var bytes = in6_addr()
        let families = family.map { [$0] } ?? [AF_INET, AF_INET6]
        guard families.contains(where: { inet_pton($0, text, &bytes) == 1 }) else {
            throw InvalidValue(family == AF_INET ? "an IPv4 address" : family == nil ? "an address" : "an IPv6 address")
        }
        return text
    }

    static func macAddress(_ text: String) throws(InvalidValue) -> String {
        let parts = text.split(whereSeparator: { $0 == ":" || $0 == "-" })
        guard parts.count == 6, parts.allSatisfy({ $0.count == 2 && UInt8($0, radix: 16) != nil }) else {
            throw InvalidValue("six pairs of hexadecimal digits, such as 92:d0:c6:0a:29:33")
        }
        return text
    }

    /// `container[:alias]`.
    static func link(_ text: String) throws(InvalidValue) -> String {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts[0].isEmpty, parts.last?.isEmpty == false else {
            throw InvalidValue("CONTAINER[:ALIAS]")
        }
        return text
    }

    /// An option of a network's driver.
    static func driverOption(_ text: String) throws(InvalidValue) -> (name: String, value: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else { throw InvalidValue("NAME=VALUE") }
        return (parts[0], parts[1])
    }

    /// A domain to search: names with points between them, the last one of which is left out, or a point alone.
    static func domain(_ text: String) throws(InvalidValue) -> String {
        let domain = text.hasSuffix(".") && text != "." ? text.dropLast() : text[...]
        let isDomain = domain.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { name in
            !name.isEmpty && !name.hasPrefix("-") && !name.hasSuffix("-")
                && name.utf8.allSatisfy { (0x30...0x39).contains($0) || isLetter($0) || $0 == UInt8(ascii: "-") }
        }
        guard text == "." || isDomain && domain.utf8.count <= 254 && domain.utf8.contains(where: isLetter) else {
            throw InvalidValue("a domain, such as example.com")
        }
        return String(domain)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// `name:address` of `name:address`, `name=address` or `name=[address]`.
    private static func extraHost(_ text: String) throws(InvalidValue) -> String {
        let sign = text.firstIndex(of: "=") ?? text.firstIndex(of: ":")
        guard let sign, sign != text.startIndex else { throw InvalidValue("NAME:ADDRESS, or NAME:host-gateway") }
        var address = String(text[text.index(after: sign)...])
        if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
        if address != "host-gateway" { address = try Self.address(address) }
        return "\(text[..<sign]):\(address)"
    }

    /// The ports of the short form, or of `published=80,target=80`.
    private static func ports(_ text: String) throws(InvalidValue) -> [PortSpecification] {
        var short = text
        if text.contains("=") {
            var values: [String: String] = [:]
            for field in try CommaSeparated.fields(text) {
                let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, ["published", "target", "protocol", "mode"].contains(parts[0]) else {
                    throw InvalidValue("`KEY=VALUE` pairs of published, target and protocol")
                }
                values[parts[0]] = parts[1]
            }
            short = "\(values["published"] ?? ""):\(values["target"] ?? "")/\(values["protocol"] ?? "tcp")"
        }
        do {
            return try PortSpecification.parse(short)
        } catch {
            throw InvalidValue("[[IP:]HOST:]CONTAINER[/PROTOCOL] (\(error.message))")
        }
    }

    /// Each port of `port[-port][/protocol]`.
    private static func exposedPorts(_ text: String) throws(InvalidValue) -> [String] {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        let proto = parts.count == 2 ? parts[1].lowercased() : "tcp"
        guard parts.count <= 2, ["tcp", "udp", "sctp"].contains(proto), (1...2).contains(ends.count),
            let first = ends[0], let last = ends[ends.count - 1], first > 0, first <= last
        else {
            throw InvalidValue("a port or a range of them with or without a protocol, such as 80/tcp or 7000-7010/udp")
        }
        return (first...last).map { "\($0)/\(proto)" }
    }

    // MARK: The request

    /// The ports of the request.
    func setPorts() {
        var ports: [String: EmptyObject] = [:]
        host.portBindings = [:]
        for port in published {
            let name = "\(port.target)/\(port.protocol)"
            ports[name] = EmptyObject()
            host.publish(name, at: port.hostIP, port.published)
        }
        for name in exposed { ports[name] = EmptyObject() }
        config.exposedPorts = ports
    }
}

/// What `--network` and its like say.
struct NetworkOptions {
    /// The networks in the order in which they were given.
    var chosen: [Endpoint] = []
    /// What other options say about the first network.
    var common = Endpoint()

    /// A network with how the container is in it.
    struct Endpoint {
        var name = "default"
        var aliases: [String] = []
        var ipv4 = ""
        var ipv6 = ""
        var linkLocal: [String] = []
        var macAddress = ""
        var driverOptions: [String: String] = [:]
        var priority = 0

        init() {}

        /// Reads a name, or `name=…,alias=…,ip=…` and so on.
        init(_ text: String) throws(InvalidValue) {
            guard text.contains("=") else {
                if text.isEmpty { throw InvalidValue("the name of a network") }
                name = text
                return
            }
            name = ""
            for field in try CommaSeparated.fields(text) {
                let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2 else { throw InvalidValue("a name, or `KEY=VALUE` pairs") }
                try set(parts[0].lowercased(), parts[1])
            }
            if name.isEmpty { throw InvalidValue("`KEY=VALUE` pairs with a `name`") }
        }

        private mutating func set(_ key: String, _ value: String) throws(InvalidValue) {
            switch key {
            case "name": name = value
            case "alias": aliases.append(value)
            case "ip": ipv4 = try ContainerOptions.address(value, AF_INET)
            case "ip6": ipv6 = try ContainerOptions.address(value, AF_INET6)
            case "link-local-ip": linkLocal.append(try ContainerOptions.address(value))
            case "mac-address": macAddress = try ContainerOptions.macAddress(value)
            case "gw-priority":
                guard let number = Int(value) else {
                    throw InvalidValue("`KEY=VALUE` pairs with a whole number as `gw-priority`")
                }
                priority = number
            case "driver-opt":
                guard let option = try? ContainerOptions.driverOption(value) else {
                    throw InvalidValue("`KEY=VALUE` pairs with `driver-opt=NAME=VALUE`")
                }
                driverOptions[option.name.lowercased()] = option.value
            default: throw InvalidValue("`KEY=VALUE` pairs; there is no key `\(key)`")
            }
        }

        /// The same with what other options say.
        func combined(with other: Self) throws(UsageError) -> Self {
            var result = self
            func clash(_ option: String) -> UsageError {
                UsageError("`\(option)` and the same in `--network` cannot be combined")
            }
            if !other.aliases.isEmpty, !aliases.isEmpty { throw clash("--network-alias") }
            if !other.ipv4.isEmpty, !ipv4.isEmpty { throw clash("--ip") }
            if !other.ipv6.isEmpty, !ipv6.isEmpty { throw clash("--ip6") }
            if !other.linkLocal.isEmpty, !linkLocal.isEmpty { throw clash("--link-local-ip") }
            if !other.macAddress.isEmpty, !macAddress.isEmpty { throw clash("--mac-address") }
            if aliases.isEmpty { result.aliases = other.aliases }
            if ipv4.isEmpty { result.ipv4 = other.ipv4 }
            if ipv6.isEmpty { result.ipv6 = other.ipv6 }
            if linkLocal.isEmpty { result.linkLocal = other.linkLocal }
            if macAddress.isEmpty { result.macAddress = other.macAddress }
            return result
        }

        /// Whether the user has made the network, other than those that every engine has.
        var isUserDefined: Bool {
            !["default", "bridge", "host", "none"].contains(name) && !name.hasPrefix("container:")
        }

        func endpoint(links: [String]?) throws(UsageError) -> NetworkEndpoint {
            if !aliases.isEmpty, !isUserDefined {
                throw UsageError("an alias needs a network that you have made; `\(name)` is none")
            }
            var endpoint = NetworkEndpoint()
            endpoint.aliases = aliases.isEmpty ? nil : aliases
            // The links of the default network stand with the host configuration alone.
            endpoint.links = isUserDefined ? links : nil
            endpoint.macAddress = macAddress
            endpoint.driverOpts = driverOptions.isEmpty ? nil : driverOptions
            endpoint.gatewayPriority = priority
            if !ipv4.isEmpty || !ipv6.isEmpty || !linkLocal.isEmpty {
                var addresses = NetworkEndpoint.IPAMConfig()
                (addresses.ipv4Address, addresses.ipv6Address) = (ipv4, ipv6)
                addresses.linkLocalIPs = linkLocal.isEmpty ? nil : linkLocal
                endpoint.ipamConfig = addresses
            }
            return endpoint
        }
    }

    /// The network that the container lives in.
    var mode: String { chosen.first?.name ?? "default" }

    /// The networks of the request.
    func endpoints(links: [String]?) throws(UsageError) -> [String: NetworkEndpoint] {
        var endpoints: [String: NetworkEndpoint] = [:]
        let all = chosen.isEmpty ? [Endpoint()] : chosen
        if Set(all.map(\.isUserDefined)).count > 1 {
            throw UsageError(
                "`--network` cannot name a network that you have made together with one that every engine has"
            )
        }
        for (index, network) in all.enumerated() {
            let complete = index == 0 ? try network.combined(with: common) : network
            let endpoint = try complete.endpoint(links: index == 0 ? links : nil)
            if endpoints[network.name] != nil {
                throw UsageError("`--network` names the network `\(network.name)` more than once")
            }
            if chosen.count == 1, endpoint == NetworkEndpoint() { continue }
            endpoints[network.name] = endpoint
        }
        return endpoints
    }
}
